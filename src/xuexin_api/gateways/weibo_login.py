"""Login with Weibo: oauth2/authorize, oauth2/access_token, oauth2/get_token_info."""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlencode

from xuexin_api.gateways.provider_http import ProviderHttp
from xuexin_api.gateways.third_party import (
    CodeNotAcceptedError,
    ProviderSilentError,
    WrongAnswerError,
    ask,
    error_number,
    json_object,
    subject,
)

_NO_SUCH_CODE: Final = frozenset({21325, 21327})
# Temporarily unavailable, system error, busy, and asked too often.
_NOT_NOW: Final = frozenset({21331, 10001, 10009, 10022, 10023, 10024})


@dataclass(frozen=True, slots=True)
class WeiboApp:
    """Our application there."""

    app_key: str
    app_secret: str = field(repr=False)


class WeiboLogin:
    """Two requests: the uid that comes with a token is, in Weibo's own words, no proof of anybody; the token is.

    So the token is asked whose it is, and for which application it was given.
    """

    def __init__(self, app: WeiboApp, *, url: str, redirect_uri: str, seconds: float) -> None:
        self._app = app
        self._url = url
        self._http = ProviderHttp(url, seconds=seconds)
        self._redirect_uri = redirect_uri

    def authorize_url(self, state: str) -> str:
        """Weibo's page that asks."""
        query = {
            "client_id": self._app.app_key,
            "redirect_uri": self._redirect_uri,
            "response_type": "code",
            "state": state,
        }
        return f"{self._url}/oauth2/authorize?{urlencode(query)}"

    async def identify(self, code: str) -> str:
        """The uid of the token's owner."""
        given = await self._post(
            "/oauth2/access_token",
            {
                "client_id": self._app.app_key,
                "client_secret": self._app.app_secret,
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": self._redirect_uri,
            },
        )
        token = given.get("access_token")
        if not isinstance(token, str) or not token:
            raise WrongAnswerError("no access token")
        known = await self._post("/oauth2/get_token_info", {"access_token": token})
        if str(known.get("appkey")) != self._app.app_key:
            raise WrongAnswerError("a token of another application")
        return subject(known.get("uid"))

    async def _post(self, target: str, form: dict[str, str]) -> dict[str, Any]:
        answer = await ask(self._http, "POST", target, form)
        content = json_object(answer)
        error = error_number(content.get("error_code"))
        if error in _NO_SUCH_CODE:
            raise CodeNotAcceptedError
        if error in _NOT_NOW:
            raise ProviderSilentError(f"error_code {error}")
        if error != 0 or answer.status != HTTPStatus.OK:
            raise WrongAnswerError(f"status {answer.status}, error_code {error}")
        return content

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()
