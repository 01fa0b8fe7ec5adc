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


def methods_for(account_state: str, *, contested: bool = False) -> list[VerificationMethod]:
    """Weak ways are closed to an account in conflict, and while somebody else contests its document."""
    reason = "document_contested" if contested else None
    if account_state != "active":
        reason = "account_not_active"
    return [VerificationMethod(RECORD_FACTS, "weak", reason is None, reason)]
