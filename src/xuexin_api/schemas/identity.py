"""Identity verification."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from xuexin_api.schemas.accounts import Tokens
from xuexin_api.schemas.photos import HandheldPhoto
from xuexin_api.schemas.types import Choice, Id, Input, Moment, NextCursor, Output, Strength
from xuexin_api.schemas.vouching import CaseClassmate

QuestionId = Literal[
    "candidate_number",
    "student_number",
    "admission_year",
    "certificate_number",
    "graduation_year",
    "institution_code",
    "programme_name",
    "class_name",
]
FactText = Annotated[str, StringConstraints(min_length=1, max_length=128)]
MethodName = Annotated[
    Literal["record_facts", "classmates", "alipay_certify", "tencent_faceid", "handheld_photo"],
    Field(
        description="`record_facts`: questions about one's own record. `classmates`: two of them vouch. "
        "`alipay_certify`, `tencent_faceid`: face recognition by a provider. `handheld_photo`: photos, which a "
        "reviewer looks at."
    ),
]
Startable = Annotated[
    Literal["record_facts", "classmates", "alipay_certify", "tencent_faceid", "handheld_photo"],
    Field(description="Which way; see `GET /v1/identity-verifications/methods`."),
]
VerificationStatus = Literal["pending", "in_review", "accepted", "passed", "failed", "expired", "ended"]


class VerificationMethod(Output):
    method: MethodName = Field(examples=["record_facts"])
    title: str = Field(description="The way, for people.", examples=["回答本人学籍信息"])
    strength: Strength = Field(examples=["weak"])
    available: bool = Field(description="Whether it is open to this account now.", examples=[True])
    reason: str | None = Field(
        description="Why it is closed, for programs: `account_not_active`, `not_configured`, "
        "`document_not_supported`, `given_to_its_case`, `document_contested` or `in_review`; null where it is open.",
        examples=[None],
    )
    explanation: str | None = Field(description="Why it is closed, for people; null where it is open.", examples=[None])


class VerificationMethodList(Output):
    items: list[VerificationMethod] = Field(description="Every way there is, open or not.")


class VerificationRequest(Input):
    method: Startable = Field(
        description="Which way; see `GET /v1/identity-verifications/methods`.", examples=["record_facts"]
    )


class VerificationQuestion(Output):
    id: QuestionId = Field(description="Which fact of the record is asked.", examples=["candidate_number"])
    title: str = Field(description="The question, for people.", examples=["考生号"])


class VerificationStarted(Output):
    id: Id = Field(examples=["0199a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b"])
    method: MethodName = Field(examples=["record_facts"])
    status: Literal["pending"] = Field(description="Always `pending`: nothing is proven yet.", examples=["pending"])
    questions: list[VerificationQuestion] = Field(
        description="All must be answered, and all be right; none where a provider or classmates are asked, or photos "
        "are sent."
    )
    redirect_url: str | None = Field(
        description="The provider's page; then ask …/check, whatever it brought back. Null of other ways.",
        examples=[None],
    )
    expires_in: int = Field(description="Seconds until it has to be over.", examples=[900])


class VerificationAnswers(Input):
    answers: Annotated[dict[QuestionId, FactText], Field(min_length=1, max_length=8)] = Field(
        description="By question id. `institution_code` as 10 digits or its last five, years as four digits. "
        "`certificate_number` (of the 学历 of that record) is taken in the place of `candidate_number`.",
        examples=[{"candidate_number": "23430101150001", "student_number": "2023010001", "admission_year": "2023"}],
    )


class VerificationPassed(Output):
    id: Id = Field(examples=["0199a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b"])
    status: Literal["passed"] = Field(description="Always `passed`; a wrong answer is a problem.", examples=["passed"])
    tokens: Tokens = Field(description="They read the archive; all earlier tokens of the session are dead.")


class VerificationChecked(Output):
    id: Id = Field(examples=["0199a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b"])
    status: Literal["pending", "passed", "failed"] = Field(
        description="`pending`: no result yet, ask again. `passed` and `failed` are the result.", examples=["passed"]
    )
    tokens: Tokens | None = Field(
        description="Of an active account that passed: they read the archive; the session's earlier tokens are dead. "
        "Null of others.",
        examples=[None],
    )
    case_id: Id | None = Field(
        description="Of an account in conflict that passed: the case whose evidence it is; null of others.",
        examples=[None],
    )


class VerificationEvent(Output):
    kind: str = Field(description="What happened, for programs.", examples=["photo_received"])
    title: str = Field(description="What happened, for people.", examples=["收到一张手持证件照"])
    actor: Literal["owner", "classmate", "staff"] = Field(
        description="Who did it: the account's owner, a classmate, or a reviewer.", examples=["owner"]
    )
    reason: Choice | None = Field(
        description="Why; null where nobody says.", examples=[{"id": "photos_in_review", "title": "审核照片"}]
    )
    note: str | None = Field(description="Words of a reviewer; null: none.", examples=[None])
    at: Moment = Field(description="When it happened.", examples=["2026-11-23T08:00:00Z"])


class VerificationResult(Output):
    id: Id = Field(examples=["0199a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b"])
    method: Startable = Field(examples=["record_facts"])
    strength: Strength = Field(examples=["weak"])
    status: VerificationStatus = Field(
        description="Of photos: `pending` until they are handed in, `in_review` until a reviewer decided; `accepted` "
        "verified the account, and waits for `…/check` of the session that sent them. Of classmates: `pending` until "
        "`…/check` finds that enough have vouched.",
        examples=["passed"],
    )
    created_at: Moment = Field(description="When it was begun.", examples=["2026-11-23T08:00:00Z"])
    queued_at: Moment | None = Field(description="When photos were handed in; null: they were not.", examples=[None])
    decided_at: Moment | None = Field(description="When a reviewer decided; null: nobody has.", examples=[None])
    waiting_before: int | None = Field(
        description="Where photos are to be looked at: how many verifications have waited longer; null of others.",
        examples=[None],
    )
    expected_by: Moment | None = Field(
        description="Until then three of four reviews were done lately; no promise. Null where no review is waited "
        "for.",
        examples=[None],
    )
    next: list[Choice] = Field(
        description="What can be done now, the most useful first.",
        examples=[[{"id": "end_verification", "title": "撤销本次认证"}]],
    )
    reason: Choice | None = Field(
        description="Why photos were not accepted; null where they were, or nobody decided.",
        examples=[{"id": "photos_unreadable", "title": "照片不清晰或证件文字不可辨认"}],
    )
    classmates: list[CaseClassmate] = Field(description="Who was asked to vouch, oldest first; empty of other ways.")
    photos: list[HandheldPhoto] = Field(description="That were sent, and whatever became of them; oldest first.")
    log: list[VerificationEvent] = Field(
        description="Of photos and classmates: everything that happened, oldest first."
    )
    passed_at: Moment | None = Field(
        description="When it passed; null where it did not so far.", examples=["2026-11-23T08:01:00Z"]
    )
    valid_until: Moment | None = Field(
        description="It opens the archive to its session until then; null where it opens nothing: it did not pass, it "
        "is evidence of a case, or its session has ended or was verified anew.",
        examples=["2026-11-23T08:31:00Z"],
    )
    ended_at: Moment | None = Field(
        description="When its owner ended it, or began another in its place; null: neither.", examples=[None]
    )


class VerificationResultList(Output):
    items: list[VerificationResult] = Field(description="Newest first.")
    next_cursor: NextCursor
