"""Asking a provider over HTTP: what happened to the request, as far as can be known."""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import httpx

from xuexin_api.gateways.messaging import NotSentError

_LARGEST_ANSWER: Final = 64 * 1024


class UnclearAnswerError(Exception):
    """The request was taken, and its answer says nothing that can be understood."""


class LateAnswerError(UnclearAnswerError):
    """The request was taken, and no whole answer came in time."""


@dataclass(frozen=True, slots=True)
class ProviderAnswer:
    """An answer of bounded size."""

    status: int
    content: bytes

    def json_object(self) -> dict[str, Any]:
        """The JSON object that it is, whatever its status; UnclearAnswerError where it is none."""
        try:
            answer = json.loads(self.content)
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict):
            raise UnclearAnswerError(f"status {self.status}")
        return answer


class ProviderHttp:
    """One client per provider: no redirects, no proxies of the environment, a total time, a largest answer."""

    def __init__(self, base_url: str, *, seconds: float) -> None:
        # The library tells every address it asks at INFO, and one protocol has a secret in it.
        logging.getLogger("httpx").setLevel(logging.WARNING)
        self._seconds = seconds
        self._client = httpx.AsyncClient(
            base_url=base_url,
            # Half for the connection: whatever takes longer may have been taken.
            timeout=httpx.Timeout(seconds, connect=seconds / 2, pool=seconds / 2),
            follow_redirects=False,
            trust_env=False,
            http2=False,
            # What unpacks to a multiple of its size is not asked for, and not unpacked.
            headers={"accept-encoding": "identity"},
        )
        self.host = httpx.URL(base_url).netloc.decode()

    async def post(self, target: str, *, headers: dict[str, str], content: bytes) -> dict[str, Any]:
        """The JSON object of the answer, whatever its status; NotSentError where the request cannot have been taken."""
        return (await self.ask("POST", target, headers=headers, content=content)).json_object()

    async def ask(
        self, method: str, target: str, *, headers: dict[str, str] | None = None, content: bytes | None = None
    ) -> ProviderAnswer:
        """The answer; NotSentError where the request cannot have been taken, LateAnswerError where none came."""
        received = bytearray()
        try:
            async with (
                asyncio.timeout(self._seconds),
                self._client.stream(method, target, headers=headers, content=content) as response,
            ):
                async for part in response.aiter_raw():
                    received += part
                    if len(received) > _LARGEST_ANSWER:
                        raise UnclearAnswerError("the answer is too large")
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as failed:
            raise NotSentError(type(failed).__name__) from None
        except (TimeoutError, httpx.TransportError) as failed:
            raise LateAnswerError(type(failed).__name__) from None
        if response.status_code in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
            raise NotSentError(f"status {response.status_code}")
        return ProviderAnswer(response.status_code, bytes(received))

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()
