"""Alipay's identity certification: alipay.user.certify.open.initialize, .certify (a page), .query; RSA2 both ways."""

from __future__ import annotations

import json
from typing import Any, Final

from xuexin_api.core.clock import Clock
from xuexin_api.gateways.alipay_gateway import AlipayApp, AlipayGateway, AlipayRefusedError
from xuexin_api.gateways.identity_providers import Claimed, Opened, Told, Verdict
from xuexin_api.gateways.third_party import WrongAnswerError

_INITIALIZE: Final = "alipay.user.certify.open.initialize"
_PAGE: Final = "alipay.user.certify.open.certify"
_QUERY: Final = "alipay.user.certify.open.query"
_LONGEST_ID: Final = 128


class AlipayCertify:
    """A verification is opened for one name and one number, which is what its `certify_id` stands for ever after."""

    def __init__(self, app: AlipayApp, *, url: str, scene: str, seconds: float, clock: Clock) -> None:
        self._gateway = AlipayGateway(app, url=url, seconds=seconds, clock=clock)
        self._scene = scene

    async def open(self, claimed: Claimed, /, *, reference: str, return_url: str) -> Opened:
        """The `certify_id`, and the signed address of the page."""
        content = {
            "outer_order_no": reference,
            "biz_code": self._scene,
            "identity_param": {
                "identity_type": "CERT_INFO",
                "cert_type": "IDENTITY_CARD",
                "cert_name": claimed.name,
                "cert_no": claimed.document_number,
            },
            "merchant_config": {"return_url": return_url},
        }
        certify_id = (await self._ask(_INITIALIZE, content)).get("certify_id")
        if not isinstance(certify_id, str) or not 1 <= len(certify_id) <= _LONGEST_ID or not certify_id.isascii():
            raise WrongAnswerError("no certify_id")
        return Opened(certify_id, self._gateway.page(_PAGE, {"biz_content": _json({"certify_id": certify_id})}))

    async def ask(self, provider_id: str, /) -> Told:
        """`T` is passed. `F` is also what Alipay says before anybody came to its page: failed only with a reason."""
        answer = await self._ask(_QUERY, {"certify_id": provider_id})
        passed = answer.get("passed")
        if not isinstance(passed, str) or passed not in {"T", "F"}:
            raise WrongAnswerError("neither passed nor failed")
        if passed == "T":
            return Told(Verdict.PASSED)
        return Told(Verdict.FAILED if answer.get("fail_reason") else Verdict.PENDING)

    async def _ask(self, method: str, content: dict[str, Any]) -> dict[str, Any]:
        try:
            return await self._gateway.ask(method, {"biz_content": _json(content)})
        except AlipayRefusedError as refused:
            raise WrongAnswerError(refused.reason) from None

    async def close(self) -> None:
        """Close the connections."""
        await self._gateway.close()


def _json(content: dict[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))
