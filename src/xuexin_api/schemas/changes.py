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
    current_password: Password = Field(description="The password until now.", examples=["correct-horse-battery"])
    password: Password = Field(description="As in a registration.", examples=["another-horse-battery"])
    password_confirmation: Password = Field(description="The same again.", examples=["another-horse-battery"])


class QuestionsChange(Confirmed):
    security_questions: Annotated[list[SecurityAnswer], Field(max_length=10)] = Field(
        description="Three distinct questions, or none to have none."
    )


class Change(Output):
    id: Id = Field(examples=["0199a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b"])
    kind: ChangeKind = Field(
        description="What was changed: `totp` and `passkey` are second factors that were set, `identity_linked` and "
        "`identity_released` a third-party login.",
        examples=["phone"],
    )
    created_at: Moment = Field(description="When it was changed.", examples=["2026-11-24T08:00:00Z"])
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
    kind: ConsentKind = Field(
        description="What was said yes or no to: the two agreements, or messages of the service.",
        examples=["service_messages"],
    )
    version: str = Field(
        description="Of the text that was in force; of `service_messages` that of the privacy policy.",
        examples=["2026-11-01"],
    )
    given: bool = Field(description="Whether it was given; false: refused, or withdrawn.", examples=[True])
    at: Moment = Field(description="When it was said.", examples=["2026-11-24T08:00:00Z"])


class ConsentList(Output):
    items: list[Consent] = Field(description="The newest of a kind is what counts.")
    next_cursor: NextCursor


class ConsentGiving(Input):
    version: Version = Field(
        description="The version in force; of service_messages that of the privacy policy.", examples=["2026-11-01"]
    )
    given: bool = Field(
        description="True gives it. False withdraws it, which only `service_messages` allows: without the others "
        "there is no account.",
        examples=[False],
    )


class Closing(Confirmed, GivenCode):
    name: ShortText = Field(description="Name of the account, typed once more.", examples=["示例同学"])
    document_number: ShortText = Field(
        description="证件号码 of the account, whole, typed once more; in any spelling.", examples=["110101200001010002"]
    )


class ClosingEffect(Output):
    id: str = Field(description="Which effect, for programs.", examples=["login_undoes"])
    text: str = Field(description="The effect, for people.", examples=["在删除之前登录即可撤销注销。"])


class ClosingStarted(Output):
    closes_at: Moment = Field(
        description="When it is erased; a login before undoes it.", examples=["2026-12-09T08:00:00Z"]
    )
    effects: list[ClosingEffect] = Field(
        description="What closing does, as `GET /v1/account/closing/effects` says before."
    )


class ClosingEffects(Output):
    items: list[ClosingEffect] = Field(description="To be shown before the account is closed.")


class HeldSection(Output):
    items: list[dict[str, Any]] = Field(description="What is held, newest first.", examples=[[]])
    complete: bool = Field(description="Whether these are all; a section shows at most 1,000.", examples=[True])


class Export(Output):
    account: dict[str, Any] = Field(
        description="What the account itself holds, unmasked.", examples=[{"phone": "+8617012340001"}]
    )
    consents: HeldSection = Field(description="Consents that were given or withdrawn.")
    sessions: HeldSection = Field(description="Logins: when, from which address, how, and how they ended.")
    devices: HeldSection = Field(description="Devices that logged in: the system each named, first and last time.")
    passkeys: HeldSection = Field(description="Passkeys that are set.")
    changes: HeldSection = Field(description="Changes of phone, e-mail, password and factors, and which were undone.")
    identity_verifications: HeldSection = Field(description="Verifications that were begun, and what came of them.")
    identity_cases: HeldSection = Field(description="Cases that the account opened about its document number.")
    identity_objections: HeldSection = Field(
        description="Cases of others that the account was told of, and whether it objected."
    )
    handheld_photos: HeldSection = Field(
        description="Photos and pictures that were sent, those that prove claims and corrections too; not the "
        "pictures themselves."
    )
    vouchings: HeldSection = Field(description="Requests of classmates to vouch, and what was answered.")
    recoveries: HeldSection = Field(description="Recoveries of the password.")
    audit_events: HeldSection = Field(description="What the account did, and what was done to it, by names of actions.")
    messages: HeldSection = Field(
        description="Messages that were sent to its present phone and e-mail, without their texts."
    )
    help_requests: HeldSection = Field(description="Questions to people, and their answers.")
    help_messages: HeldSection = Field(description="Questions to the robot, as they were kept.")
    linked_identities: HeldSection = Field(
        description="Third-party logins that are linked, with the provider's id of the account."
    )
    record_claims: HeldSection = Field(description="Records that the account asked for (尝试绑定), and what it said.")
    record_corrections: HeldSection = Field(
        description="Records that the account called wrong (更正), and what should stand there."
    )
    correction_statements: HeldSection = Field(description="What the account said in its corrections.")
    held_claims: HeldSection = Field(
        description="Claims of others to its records that it was told of, and what it objected."
    )
    former_identities: HeldSection = Field(
        description="Former names and numbers of the person; empty while the account is verified as nobody."
    )
    enrollments: HeldSection = Field(description="学籍 of the person; empty while the account is verified as nobody.")
    qualifications: HeldSection = Field(
        description="学历 of the person; empty while the account is verified as nobody."
    )
    degrees: HeldSection = Field(description="学位 of the person; empty while the account is verified as nobody.")
    record_checks: HeldSection = Field(
        description="核对: what was said of records; empty while the account is verified as nobody."
    )
    photo_proofs: HeldSection = Field(
        description="图像校对: what was said of graduation photos; empty while the account is verified as nobody."
    )
    record_accesses: HeldSection = Field(
        description="Who looked at records or changed them; empty while the account is verified as nobody."
    )
