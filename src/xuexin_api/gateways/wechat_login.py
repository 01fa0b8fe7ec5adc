"""Login with WeChat on web pages (open platform, "website application"): qrconnect, then sns/oauth2/access_token."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
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

# Invalid, used, and late codes.
_NO_SUCH_CODE: Final = frozenset({40029, 40163, 42003})
# Busy, and asked too often.
_NOT_NOW: Final = frozenset({-1, 45009, 45011})


@dataclass(frozen=True, slots=True)
class WechatApp:
    """Our application there."""

    app_id: str
    app_secret: str = field(repr=False)


class WechatLogin:
    """The protocol wants GET with the secret in the address: over TLS, and nothing of ours writes addresses down."""

    def __init__(self, app: WechatApp, *, url: str, authorize_url: str, redirect_uri: str, seconds: float) -> None:
        self._app = app
        self._http = ProviderHttp(url, seconds=seconds)
        self._authorize_url = authorize_url
        self._redirect_uri = redirect_uri

    def authorize_url(self, state: str) -> str:
        """The page with the QR code. The order of the query and the fragment are of the protocol."""
        query = {
            "appid": self._app.app_id,
            "redirect_uri": self._redirect_uri,
            "response_type": "code",
            "scope": "snsapi_login",
            "state": state,
        }
        return f"{self._authorize_url}?{urlencode(query)}#wechat_redirect"

    async def identify(self, code: str) -> str:
        """The `unionid`, which all applications of one owner share, else the `openid`."""
        query = {
            "appid": self._app.app_id,
            "secret": self._app.app_secret,
            "code": code,
            "grant_type": "authorization_code",
        }
        answer = json_object(await ask(self._http, "GET", f"/sns/oauth2/access_token?{urlencode(query)}"))
        errcode = error_number(answer.get("errcode"))
        if errcode in _NO_SUCH_CODE:
            raise CodeNotAcceptedError
        if errcode in _NOT_NOW:
            raise ProviderSilentError(f"errcode {errcode}")
        if errcode != 0:
            raise WrongAnswerError(f"errcode {errcode}")
        return subject(answer.get("unionid") or answer.get("openid"))

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()
