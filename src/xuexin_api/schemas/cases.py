"""Identity cases and the classmates who vouch."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from xuexin_api.schemas.identity import FactText, QuestionId, VerificationQuestion
from xuexin_api.schemas.photos import HandheldPhoto
from xuexin_api.schemas.types import Choice, Id, Input, Moment, NextCursor, Output, Secret, ShortText

CaseStateName = Literal[
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
]
EvidenceKind = Literal["record_facts", "classmates", "alipay_certify", "tencent_faceid", "handheld_photo"]
Statement = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
_ID = "0199a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b"
_TIME = "2026-11-23T08:00:00Z"


class CaseEvidence(Output):
    kind: EvidenceKind = Field(examples=["record_facts"])
    title: str = Field(examples=["学籍信息问答"])
    strength: Literal["weak", "strong"] = Field(examples=["weak"])
    at: Moment = Field(examples=[_TIME])


class CaseClassmate(Output):
    phone_masked: str = Field(examples=["+86170****0001"])
    state: Literal["asked", "vouched", "declined"] = Field(
        description="`asked` also where nobody of the class has this number.", examples=["asked"]
    )
    code: str = Field(description="Tell it to the classmate in person, who types it.", examples=["424242"])
    asked_at: Moment = Field(examples=[_TIME])
    answered_at: Moment | None = Field(examples=[None])


class CaseWaiting(Output):
    cases_before: int = Field(description="Cases that have waited longer.", examples=[3])
    expected_by: Moment = Field(
        description="Until then three of four reviews were done lately; no promise.", examples=[_TIME]
    )


class CaseEvent(Output):
    kind: str = Field(description="What happened, for programs.", examples=["submitted"])
    title: str = Field(description="What happened, for people.", examples=["申请已提交"])
    actor: Literal["claimant", "holder", "classmate", "staff", "service"] = Field(examples=["claimant"])
    reason: Choice | None = Field(
        description="Why; of evidence, which kind.", examples=[{"id": "record_facts", "title": "学籍信息问答"}]
    )
    note: str | None = Field(description="Words of a reviewer.", examples=[None])
    at: Moment = Field(examples=[_TIME])


class IdentityCase(Output):
    id: Id = Field(examples=[_ID])
    role: Literal["claimant", "holder"] = Field(
        description="`holder`: somebody claims the document of your account.", examples=["claimant"]
    )
    state: CaseStateName = Field(examples=["draft"])
    reason: Choice | None = Field(
        description="Why it was rejected, or undone.", examples=[{"id": "preempted", "title": "他人提供了更有力的证明"}]
    )
    opened_at: Moment = Field(examples=[_TIME])
    expires_at: Moment | None = Field(description="A draft must be handed in before.", examples=[_TIME])
    submitted_at: Moment | None = Field(examples=[None])
    effect_at: Moment | None = Field(
        description="Nothing takes effect before: until then the holder may object.", examples=[None]
    )
    decided_at: Moment | None = Field(examples=[None])
    undo_until: Moment | None = Field(description="Until then a grant can be undone.", examples=[None])
    questions: list[VerificationQuestion] = Field(description="What record facts are asked, of a draft.")
    evidence: list[CaseEvidence]
    classmates: list[CaseClassmate]
    photos: list[HandheldPhoto] = Field(description="That I sent in, and whatever became of them; oldest first.")
    waiting: CaseWaiting | None = Field(
        description="Where people must look.", examples=[{"cases_before": 3, "expected_by": _TIME}]
    )
    log: list[CaseEvent] = Field(description="Everything that happened, oldest first.")
    next: list[Choice] = Field(description="What can be done now.")


class IdentityCaseList(Output):
    items: list[IdentityCase]
    next_cursor: NextCursor


class CaseFacts(Input):
    answers: Annotated[dict[QuestionId, FactText], Field(min_length=1, max_length=8)] = Field(
        description="By question id; all that the case asks.",
        examples=[{"candidate_number": "23430101150001", "student_number": "2023010001", "admission_year": "2023"}],
    )


class CaseClassmateRequest(Input):
    phone: ShortText = Field(description="The classmate's phone.", examples=["+8617012340002"])


class CaseObjection(Input):
    statement: Statement = Field(
        description="Why the claim is not true; reviewers read it, the claimant does not.",
        examples=["该账号是我本人注册并一直使用的。"],
    )


class CaseObjectionByLink(CaseObjection):
    secret: Secret = Field(
        description="From the fragment of the link in the message.", examples=["9f8e7d6c5b4a39281706f5e4d3c2b1a0"]
    )


class VouchingRequest(Output):
    id: Id = Field(examples=[_ID])
    state: Literal["asked", "vouched", "declined"] = Field(examples=["asked"])
    statement: str = Field(
        description="What you vouch for.", examples=["申请人就是示例大学软件工程专业软件2301班的示例同学本人"]
    )
    claimed_name: str = Field(examples=["示例同学"])
    applicant_phone_masked: str | None = Field(
        description="The phone of whoever asks; make sure that it is your classmate's.", examples=["+86170****0001"]
    )
    institution_name: str = Field(examples=["示例大学"])
    programme_name: str = Field(examples=["软件工程"])
    class_name: str | None = Field(examples=["软件2301"])
    asked_at: Moment = Field(examples=[_TIME])
    expires_at: Moment = Field(examples=[_TIME])
    answered_at: Moment | None = Field(examples=[None])


class VouchingRequestList(Output):
    items: list[VouchingRequest]
    next_cursor: NextCursor


class Vouch(Input):
    code: ShortText = Field(description="The code that the applicant told you in person.", examples=["424242"])
