"""What photos are sent to, as far as whoever takes them has to know."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

from xuexin_api.core.tokens import Claims
from xuexin_api.repositories.accounts.accounts import AccountRow
from xuexin_api.repositories.sent_photos import PhotoPlace

Sender = Literal["claimant", "holder", "owner", "student"]


class PhotoHome(Protocol):
    """Says who may send photos now, and writes down what became of them; works inside the transaction that asks.

    Another home is a class like this, a column of `uploads`, and a word in the repository on when its photos go.
    """

    def place(self, home_id: UUID) -> PhotoPlace:
        """Where its photos are found."""
        ...

    async def sender(self, home_id: UUID, account: AccountRow, claims: Claims, *, now: datetime, lock: bool) -> Sender:
        """As what the account may send photos, or the refusal; with `lock` nobody moves it until the end."""
        ...

    async def note(self, home_id: UUID, kind: str, sender: Sender, *, now: datetime) -> None:
        """One line of its log."""
        ...
