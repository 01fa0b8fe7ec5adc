"""The ways to prove who one is, and which are open to an account."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Literal

from xuexin_api.core.case_rules import Evidence
from xuexin_api.core.documents import DocumentType

RECORD_FACTS: Final = "record_facts"
PROVIDERS: Final = (Evidence.ALIPAY_CERTIFY, Evidence.TENCENT_FACEID)
"""Those that ask a provider outside."""
BY_PEOPLE: Final = frozenset({Evidence.HANDHELD_PHOTO, Evidence.CLASSMATES})
"""Those that wait for somebody's answer: of each, an account has one under way."""


@dataclass(frozen=True, slots=True)
class VerificationMethod:
    """One way. `reason` is a code, set where it is not open.

    Whether the archive knows the claimed document is never a reason: anybody may claim a document.
    """

    method: str
    strength: Literal["weak", "strong"]
    available: bool
    reason: str | None


def methods_for(
    account_state: str,
    *,
    providers: Collection[str] = (),
    document_type: str = DocumentType.SFZ,
    contested: bool = False,
    in_review: bool = False,
) -> list[VerificationMethod]:
    """Every way, the most used first. `providers` are those whose settings were given; they know ID cards only.

    Weak ways are closed to an account in conflict, and while somebody else contests its document; what an account in
    conflict proves is evidence of its case. While photos are `in_review`, no others are taken.
    """
    methods = []
    for kind in Evidence:
        reason = _reason(kind, account_state, providers, document_type, contested=contested, in_review=in_review)
        strength: Literal["weak", "strong"] = "weak" if kind.strength == "weak" else "strong"
        methods.append(VerificationMethod(str(kind), strength, reason is None, reason))
    return methods


def _reason(
    kind: Evidence,
    account_state: str,
    providers: Collection[str],
    document_type: str,
    *,
    contested: bool,
    in_review: bool,
) -> str | None:
    """Why it is not open; None where it is."""
    if account_state not in {"active", "conflict"}:
        return "account_not_active"
    if kind in PROVIDERS:
        if kind not in providers:
            return "not_configured"
        return None if document_type == DocumentType.SFZ else "document_not_supported"
    if account_state == "conflict":
        return "given_to_its_case"
    if kind == Evidence.HANDHELD_PHOTO:
        return "in_review" if in_review else None
    return "document_contested" if contested else None
