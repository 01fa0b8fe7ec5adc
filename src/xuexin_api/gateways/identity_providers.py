"""Providers that look somebody in the face and tell whether he is who he claims: what each offers, and the twin."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Claimed:
    """Who somebody claims to be: the name and the number of a resident ID card."""

    name: str
    document_number: str


@dataclass(frozen=True, slots=True)
class Opened:
    """A verification at the provider: its id there, and the page that somebody is sent to."""

    provider_id: str
    url: str


class Verdict(StrEnum):
    """What the provider says, asked by us."""

    PENDING = "pending"
    PASSED = "passed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Told:
    """The verdict, and about whom the provider says it, where it says so."""

    verdict: Verdict
    about: Claimed | None = None


class IdentityProvider(Protocol):
    """One provider. Errors are those of `third_party`: it is silent, or its answer is not what it promises."""

    async def open(self, claimed: Claimed, /, *, reference: str, return_url: str) -> Opened:
        """Begin: the provider compares the face with this name and this number."""

    async def ask(self, provider_id: str, /) -> Told:
        """How that verification went."""

    async def close(self) -> None: ...


class OfflineIdentityProvider:
    """The offline twin: everybody passes who says so. For demos; production refuses it."""

    async def open(self, _: Claimed, /, *, reference: str, return_url: str) -> Opened:
        """Straight back to the front end."""
        return Opened(reference, return_url)

    async def ask(self, _: str, /) -> Told:
        """Passed."""
        return Told(Verdict.PASSED)

    async def close(self) -> None:
        """Nothing is open."""
