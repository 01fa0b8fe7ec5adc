"""Identity cases."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from xuexin_api.schemas.identity import FactText, QuestionId, VerificationQuestion
from xuexin_api.schemas.photos import HandheldPhoto
from xuexin_api.schemas.types import Choice, Id, Input, Moment, NextCursor, Output, Secret, Strength
from xuexin_api.schemas.vouching import CaseClassmate

CaseStateName = Annotated[
    Literal[
        "draft",
        "submitted",
        "notice",
        "in_review",
        "approved",
        "rejected",
        "withdrawn",
        "expired",
        "undo_review",
        "undone",
    ],
    Field(
        description="`draft`: not handed in; `expired`: not in time. `submitted`: a reviewer looks at photos. "
        "`notice`: the holder may object. `in_review`: reviewers decide. `approved`, `rejected`, `withdrawn`: how it "
        "ended. `undo_review`: a former holder asks to take the grant back; `undone`: it was."
    ),
]
EvidenceKind = Literal["record_facts", "classmates", "alipay_certify", "tencent_faceid", "handheld_photo"]
Statement = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
_ID = "0199a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b"
_TIME = "2026-11-23T08:00:00Z"


class CaseEvidence(Output):
    kind: EvidenceKind = Field(description="By which way it was brought.", examples=["record_facts"])
    title: str = Field(description="The way, for people.", examples=["学籍信息问答"])
    strength: Strength = Field(examples=["weak"])
    at: Moment = Field(description="When it was brought.", examples=[_TIME])


class CaseWaiting(Output):
    cases_before: int = Field(description="Cases that have waited longer.", examples=[3])
    expected_by: Moment = Field(
        description="Until then three of four reviews were done lately; no promise.", examples=[_TIME]
    )


class CaseEvent(Output):
    kind: str = Field(description="What happened, for programs.", examples=["submitted"])
    title: str = Field(description="What happened, for people.", examples=["申请已提交"])
    actor: Literal["claimant", "holder", "classmate", "staff", "service"] = Field(
        description="Who did it; `service`: the clock, or a rule.", examples=["claimant"]
    )
    reason: Choice | None = Field(
        description="Why; of evidence, which kind; null where nobody says.",
        examples=[{"id": "record_facts", "title": "学籍信息问答"}],
    )
    note: str | None = Field(description="Words of a reviewer; null: none.", examples=[None])
    at: Moment = Field(description="When it happened.", examples=[_TIME])


class IdentityCase(Output):
    id: Id = Field(examples=[_ID])
    role: Literal["claimant", "holder"] = Field(
        description="`holder`: somebody claims the document of your account.", examples=["claimant"]
    )
    state: CaseStateName = Field(examples=["draft"])
    reason: Choice | None = Field(
        description="Why it was rejected, or undone; null where it was not.",
        examples=[{"id": "preempted", "title": "他人提供了更有力的证明"}],
    )
    opened_at: Moment = Field(description="When it was opened.", examples=[_TIME])
    expires_at: Moment | None = Field(description="A draft must be handed in before; null of others.", examples=[_TIME])
    submitted_at: Moment | None = Field(description="When it was handed in; null: not yet.", examples=[None])
    effect_at: Moment | None = Field(
        description="Nothing takes effect before: until then the holder may object; null where no notice runs.",
        examples=[None],
    )
    decided_at: Moment | None = Field(
        description="When it came to its present end, whichever; null while it goes on.", examples=[None]
    )
    undo_until: Moment | None = Field(
        description="Until then a grant can be undone; null where nothing was granted.", examples=[None]
    )
    questions: list[VerificationQuestion] = Field(description="What record facts are asked, of a draft.")
    evidence: list[CaseEvidence] = Field(description="What the claimant brought, oldest first; empty for a holder.")
    classmates: list[CaseClassmate] = Field(
        description="Whom the claimant asked to vouch, oldest first; empty for a holder."
    )
    photos: list[HandheldPhoto] = Field(description="That I sent in, and whatever became of them; oldest first.")
    waiting: CaseWaiting | None = Field(
        description="Where people must look; null where nobody must.",
        examples=[{"cases_before": 3, "expected_by": _TIME}],
    )
    log: list[CaseEvent] = Field(description="Everything that happened, oldest first.")
    next: list[Choice] = Field(description="What can be done now.")


class IdentityCaseList(Output):
    items: list[IdentityCase] = Field(description="Cases of one's own, and to one's document, newest first.")
    next_cursor: NextCursor


class CaseFacts(Input):
    answers: Annotated[dict[QuestionId, FactText], Field(min_length=1, max_length=8)] = Field(
        description="By question id; all that the case asks. `certificate_number` (of the 学历 of that record) is "
        "taken in the place of `candidate_number`.",
        examples=[{"candidate_number": "23430101150001", "student_number": "2023010001", "admission_year": "2023"}],
    )


class CaseObjection(Input):
    statement: Statement = Field(
        description="Why the claim is not true; reviewers read it, the claimant does not.",
        examples=["该账号是我本人注册并一直使用的。"],
    )


class CaseObjectionByLink(CaseObjection):
    secret: Secret = Field(
        description="From the fragment of the link in the message.", examples=["9f8e7d6c5b4a39281706f5e4d3c2b1a0"]
    )
