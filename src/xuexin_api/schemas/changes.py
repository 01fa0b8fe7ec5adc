"""Changes of one's own account, and leaving it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from xuexin_api.schemas.accounts import EmailText, SecurityAnswer, Version
from xuexin_api.schemas.codes import CodeText
from xuexin_api.schemas.factors import Confirmed
from xuexin_api.schemas.types import (
    Choice,
    Id,
    Input,
    Moment,
    NextCursor,
    OnPhoneRegistered,
    Output,
    Password,
    Secret,
    ShortText,
)

ConsentKind = Literal["user_agreement", "privacy_policy", "service_messages"]
ChangeKind = Literal[
    "phone", "email", "password", "security_questions", "totp", "passkey", "identity_linked", "identity_released"
]


class GivenCode(Input):
    code_id: Id = Field(
        description="From POST /v1/verification-codes.", examples=["0199a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b"]
    )
    code: CodeText = Field(description="The six digits.", examples=["424242"])


class PhoneChange(Confirmed):
    phone_proof: Secret = Field(
        description="Of the new phone, purpose `contact_change`.", examples=["9f8e7d6c5b4a39281706f5e4d3c2b1a0"]
    )
    old_code: GivenCode | None = Field(
        default=None,
        description="A `contact_change` code to the old phone. Where that is lost: none, and a fresh verification.",
        examples=[None],
    )
    on_phone_registered: OnPhoneRegistered = None


class EmailChange(Confirmed, GivenCode):
    email: EmailText = Field(
        description="The address that received the code, purpose `contact_change`.", examples=["student@example.edu"]
    )


class PasswordChange(Input):
    current_password: Password = Field(examples=["correct-horse-battery"])
    password: Password = Field(description="As in a registration.", examples=["another-horse-battery"])
    password_confirmation: Password = Field(description="The same again.", examples=["another-horse-battery"])


class QuestionsChange(Confirmed):
    security_questions: Annotated[list[SecurityAnswer], Field(max_length=10)] = Field(
        description="Three distinct questions, or none to have none."
    )


class Change(Output):
    id: Id = Field(examples=["0199a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b"])
    kind: ChangeKind = Field(examples=["phone"])
    created_at: Moment = Field(examples=["2026-11-24T08:00:00Z"])
    undo_until: Moment = Field(
        description="Until then the link sent to the old channel undoes it.", examples=["2026-11-27T08:00:00Z"]
    )


class ChangeList(Output):
    items: list[Change] = Field(description="Newest first; the last three days.")


class Undo(Input):
    secret: Secret = Field(
        description="What stands after the # of the link in the message.", examples=["9f8e7d6c5b4a39281706f5e4d3c2b1a0"]
    )


class Undone(Output):
    restored: list[ChangeKind] = Field(description="What is as it was before.", examples=[["phone"]])
    not_restored: list[ChangeKind] = Field(description="What another account has by now.", examples=[[]])
    next: list[Choice] = Field(description="Whoever made the change knew the password: the owner recovers it now.")


class Consent(Output):
    kind: ConsentKind = Field(examples=["service_messages"])
    version: str = Field(examples=["2026-11-01"])
    given: bool = Field(examples=[True])
    at: Moment = Field(examples=["2026-11-24T08:00:00Z"])


class ConsentList(Output):
    items: list[Consent] = Field(description="The newest of a kind is what counts.")
    next_cursor: NextCursor


class ConsentGiving(Input):
    version: Version = Field(
        description="The version in force; of service_messages that of the privacy policy.", examples=["2026-11-01"]
    )
    given: bool = Field(examples=[False])


class Closing(Confirmed, GivenCode):
    name: ShortText = Field(examples=["示例同学"])
    document_number: ShortText = Field(examples=["110101200001010002"])


class ClosingEffect(Output):
    id: str = Field(examples=["login_undoes"])
    text: str = Field(examples=["在删除之前登录即可撤销注销。"])


class ClosingStarted(Output):
    closes_at: Moment = Field(
        description="When it is erased; a login before undoes it.", examples=["2026-12-09T08:00:00Z"]
    )
    effects: list[ClosingEffect]


class ClosingEffects(Output):
    items: list[ClosingEffect]


class HeldSection(Output):
    items: list[dict[str, Any]] = Field(description="Newest first.", examples=[[]])
    complete: bool = Field(description="Whether these are all; a section shows at most 1,000.", examples=[True])


class Export(Output):
    account: dict[str, Any] = Field(description="Unmasked.", examples=[{"phone": "+8617012340001"}])
    consents: HeldSection
    sessions: HeldSection
    devices: HeldSection
    passkeys: HeldSection
    changes: HeldSection
    identity_verifications: HeldSection
    identity_cases: HeldSection
    identity_objections: HeldSection
    handheld_photos: HeldSection
    vouchings: HeldSection
    recoveries: HeldSection
    audit_events: HeldSection
    messages: HeldSection
    help_requests: HeldSection
    help_messages: HeldSection
    linked_identities: HeldSection
    record_claims: HeldSection
    record_corrections: HeldSection
    correction_statements: HeldSection
    held_claims: HeldSection
    former_identities: HeldSection
    enrollments: HeldSection
    qualifications: HeldSection
    degrees: HeldSection
    record_checks: HeldSection
    photo_proofs: HeldSection
    record_accesses: HeldSection
