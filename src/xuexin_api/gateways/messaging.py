"""Ways a message leaves: SMS and e-mail gateways behind one protocol."""

from __future__ import annotations

from typing import Protocol


class MessageGateway(Protocol):
    """Sends one message; raises anything when it could not. `keeps` leaves the sealed body in the outbox."""

    keeps: bool

    async def send(self, destination: str, body: str) -> None: ...


class ConsoleGateway:
    """The offline twin: nothing leaves the machine, `xuexin outbox` shows what would have."""

    keeps = True

    async def send(self, destination: str, body: str) -> None:
        """Nothing to do: keeping is sending."""
