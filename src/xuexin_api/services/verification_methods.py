"""The ways to prove who one is, and which are open to an account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

RECORD_FACTS: Final = "record_facts"


@dataclass(frozen=True, slots=True)
class VerificationMethod:
    """One way. `reason` is a code, set where it is not open.

    Whether the archive knows the claimed document is never a reason: anybody may claim a document.
    """

    method: str
    strength: Literal["weak", "strong"]
    available: bool
    reason: str | None


def methods_for(account_state: str) -> list[VerificationMethod]:
    """Weak ways are closed while somebody contests the document."""
    open_now = account_state == "active"
    reason = None if open_now else "account_not_active"
    return [VerificationMethod(RECORD_FACTS, "weak", open_now, reason)]
