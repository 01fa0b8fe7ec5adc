"""Asking a provider over HTTP: what happened to the request, as far as can be known."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any, Final

import httpx

from xuexin_api.gateways.messaging import NotSentError

_LARGEST_ANSWER: Final = 64 * 1024


class UnclearAnswerError(Exception):
    """The request was taken, and its answer says nothing that can be understood."""


class ProviderHttp:
    """One client per provider: no redirects, no proxies of the environment, a total time."""

    def __init__(self, base_url: str, *, seconds: float) -> None:
        self._client = httpx.AsyncClient(
            base_url=base_url, timeout=seconds, follow_redirects=False, trust_env=False, http2=False
        )
        self.host = httpx.URL(base_url).netloc.decode()

    async def post(self, target: str, *, headers: dict[str, str], content: bytes) -> dict[str, Any]:
        """The JSON object of the answer, whatever its status; NotSentError where the request cannot have been taken."""
        try:
            response = await self._client.post(target, headers=headers, content=content)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as failed:
            raise NotSentError(type(failed).__name__) from None
        if response.status_code in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
            raise NotSentError(f"status {response.status_code}")
        try:
            answer = json.loads(response.content[:_LARGEST_ANSWER])
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise UnclearAnswerError(f"status {response.status_code}")
        return answer

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()
