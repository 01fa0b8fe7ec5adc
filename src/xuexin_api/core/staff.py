"""What members of staff are, and what they may decide for which reasons."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from xuexin_api.core.case_rules import CaseState


class Role(StrEnum):
    """A registrar works for one institution, a province above its own, a reviewer decides cases, an operator serves."""

    REGISTRAR = "registrar"
    PROVINCE = "province"
    REVIEWER = "reviewer"
    OPERATOR = "operator"


class Decision(StrEnum):
    """What a reviewer says: about photos, about a claim, about a grant."""

    ACCEPT_PHOTOS = "accept_photos"
    REFUSE_PHOTOS = "refuse_photos"
    APPROVE = "approve"
    REJECT = "reject"
    UNDO = "undo"
    UPHOLD = "uphold"


DECISIONS: Final[Mapping[CaseState, frozenset[Decision]]] = {
    CaseState.SUBMITTED: frozenset({Decision.ACCEPT_PHOTOS, Decision.REFUSE_PHOTOS}),
    CaseState.IN_REVIEW: frozenset({Decision.APPROVE, Decision.REJECT}),
    CaseState.UNDO_REVIEW: frozenset({Decision.UNDO, Decision.UPHOLD}),
}
"""What can be said in which state."""
REASONS: Final[Mapping[Decision, frozenset[str]]] = {
    Decision.ACCEPT_PHOTOS: frozenset({"photos_show_applicant"}),
    Decision.REFUSE_PHOTOS: frozenset(
        {"photos_unreadable", "photos_show_another", "photos_edited", "document_differs", "side_missing"}
    ),
    Decision.APPROVE: frozenset({"evidence_convincing", "objection_unfounded"}),
    Decision.REJECT: frozenset({"evidence_unconvincing", "objection_convincing", "document_differs"}),
    Decision.UNDO: frozenset({"objection_convincing", "evidence_false"}),
    Decision.UPHOLD: frozenset({"objection_unfounded"}),
}
"""Each decision gives one of its reasons; the words of the reviewer come beside it."""
