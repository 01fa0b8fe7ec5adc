"""Ways a message leaves: SMS and e-mail gateways behind one protocol, one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import UUID

import structlog

from xuexin_api.core.clock import Clock

_FAILURES_TO_OPEN: Final = 5
_OPEN_SECONDS: Final = 60
_LOG = structlog.get_logger("gateways")


@dataclass(frozen=True, slots=True)
class Letter:
    """One message: where to, its text, and for gateways of fixed texts which it is and what fills it, in order.

    `id` is the same at each try.
    """

    destination: str
    body: str
    word: str
    params: Mapping[str, str]
    id: UUID


class NotSentError(Exception):
    """It has certainly not left: another gateway may try. The text is the provider's code, and nothing personal."""


class MessageGateway(Protocol):
    """Sends one message, or raises: NotSentError, or anything else where it may have left or not.

    `keeps` leaves the sealed body in the outbox.
    """

    name: str
    keeps: bool

    async def send(self, letter: Letter) -> None: ...

    async def close(self) -> None: ...


class ConsoleGateway:
    """The offline twin: nothing leaves the machine, `xuexin outbox` shows what would have."""

    name = "console"
    keeps = True

    async def send(self, letter: Letter) -> None:
        """Nothing to do: keeping is sending."""

    async def close(self) -> None:
        """Nothing is open."""


class GatewayChain:
    """The first gateway that works. One that failed five times in a row is left alone for a minute.

    Only what has certainly not left goes on to the next: of a lost answer nobody knows, and two gateways at once would
    send twice every time that a provider is slow.
    """

    keeps = False

    def __init__(self, gateways: Sequence[MessageGateway], clock: Clock) -> None:
        self.name = ", ".join(gateway.name for gateway in gateways)
        self._gateways = gateways
        self._clock = clock
        self._failures = dict.fromkeys((gateway.name for gateway in gateways), 0)
        self._open_until: dict[str, datetime] = {}

    async def send(self, letter: Letter) -> None:
        """Sent by one of them, or the last one's failure."""
        failure: Exception = NotSentError("every gateway is left alone after failures")
        for gateway in self._gateways:
            until = self._open_until.get(gateway.name)
            if until is not None and self._clock.now() < until:
                continue
            try:
                await gateway.send(letter)
            except NotSentError as refused:
                self._note_failure(gateway.name, str(refused))
                failure = refused
                continue
            except Exception as lost:
                self._note_failure(gateway.name, type(lost).__name__)
                raise
            self._failures[gateway.name] = 0
            return
        raise failure

    async def close(self) -> None:
        """Close all of them."""
        for gateway in self._gateways:
            await gateway.close()

    def _note_failure(self, name: str, reason: str) -> None:
        self._failures[name] += 1
        _LOG.warning("gateway_failed", gateway=name, reason=reason, in_a_row=self._failures[name])
        if self._failures[name] >= _FAILURES_TO_OPEN:
            self._open_until[name] = self._clock.now() + timedelta(seconds=_OPEN_SECONDS)
            self._failures[name] = 0
