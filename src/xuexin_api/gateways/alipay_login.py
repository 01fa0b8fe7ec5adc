"""Login with Alipay: alipay.system.oauth.token of its open gateway."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from xuexin_api.core.clock import Clock
from xuexin_api.gateways.alipay_gateway import AlipayApp, AlipayGateway, AlipayRefusedError
from xuexin_api.gateways.third_party import CodeNotAcceptedError, WrongAnswerError, subject

_METHOD: Final = "alipay.system.oauth.token"


class AlipayLogin:
    """publicAppAuthorize, then the code for an id."""

    def __init__(
        self, app: AlipayApp, *, url: str, authorize_url: str, redirect_uri: str, seconds: float, clock: Clock
    ) -> None:
        self._app = app
        self._gateway = AlipayGateway(app, url=url, seconds=seconds, clock=clock)
        self._authorize_url = authorize_url
        self._redirect_uri = redirect_uri

    def authorize_url(self, state: str) -> str:
        """`auth_user` is the scope of logins on web pages; we never ask for more than the id."""
        query = {
            "app_id": self._app.app_id,
            "scope": "auth_user",
            "redirect_uri": self._redirect_uri,
            "state": state,
        }
        return f"{self._authorize_url}?{urlencode(query)}"

    async def identify(self, code: str) -> str:
        """The `user_id`, or for applications of 2023 and later the `open_id`."""
        try:
            answer = await self._gateway.ask(_METHOD, {"grant_type": "authorization_code", "code": code})
        except AlipayRefusedError as refused:
            if refused.reason == "isv.code-invalid":
                raise CodeNotAcceptedError from None
            raise WrongAnswerError(refused.reason) from None
        return subject(answer.get("user_id") or answer.get("open_id"))

    async def close(self) -> None:
        """Close the connections."""
        await self._gateway.close()
