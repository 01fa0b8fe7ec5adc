"""Accounts, registration, tokens."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from xuexin_api.schemas.terms import DocumentNumberMasked
from xuexin_api.schemas.types import (
    Choice,
    DocumentTypeName,
    Id,
    Input,
    Moment,
    OnPhoneRegistered,
    Output,
    Password,
    Secret,
    Sex,
    ShortText,
)

Version = Annotated[str, StringConstraints(min_length=1, max_length=32)]
EmailText = Annotated[str, StringConstraints(min_length=3, max_length=254)]


class Account(Output):
    id: Id = Field(examples=["0199a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b"])
    state: Literal["active", "conflict", "superseded", "closing", "closed"] = Field(
        description="`conflict`: logged in, but the archive stays locked until a case is decided.",
        examples=["active"],
    )
    name: str = Field(description="As claimed; the archive has its own.", examples=["示例同学"])
    phone_masked: str | None = Field(
        description="Number of the bound phone, masked; null where none is bound, because somebody else has it now.",
        examples=["+86170****0001"],
    )
    email_masked: str | None = Field(
        description="Recovery e-mail, masked; null where there is none. See `email_verified`.",
        examples=["s***@example.edu"],
    )
    email_verified: bool = Field(description="A recovery e-mail counts only after its own code.", examples=[False])
    document_type: DocumentTypeName = Field(examples=["SFZ"])
    document_number_masked: DocumentNumberMasked
    verified: bool = Field(description="Whether this account has been proven to be a person.", examples=[False])
    created_at: Moment = Field(description="When it was registered.", examples=["2026-11-23T08:00:00Z"])


class Tokens(Output):
    access_token: str = Field(
        description="A JWT (RFC 9068), for `Authorization: Bearer`.",
        examples=["eyJhbGciOiJFUzI1NiJ9.e30.c2ln"],
    )
    token_type: Literal["Bearer"] = Field(description="How the access token is sent (RFC 6750).", examples=["Bearer"])
    expires_in: int = Field(description="Seconds until the access token is dead.", examples=[600])
    refresh_token: str = Field(
        description="Works once; the answer brings its successor.", examples=["AZmhssPUfl-Kb3yNng8aKwAAAAE"]
    )
    refresh_expires_in: int = Field(
        description="Seconds until the refresh token is dead, where it is not used before.", examples=[1209600]
    )
    acr: Literal["urn:xuexin:acr:login", "urn:xuexin:acr:verified"] = Field(
        description="What the session has proven.", examples=["urn:xuexin:acr:login"]
    )


class SecurityAnswer(Input):
    question_id: ShortText = Field(description="From GET /v1/security-questions.", examples=["first_teacher"])
    answer: ShortText = Field(description="Case, width and spaces do not matter.", examples=["陈老师"])


class Consents(Input):
    user_agreement: Version = Field(description="The version in force that was read.", examples=["2026-11-01"])
    privacy_policy: Version = Field(description="The version in force that was read.", examples=["2026-11-01"])
    service_messages: bool = Field(description="Optional service messages wanted.", examples=[False])


class RegistrationRequest(Input):
    phone_proof: Secret = Field(
        description="From POST /v1/phone-proofs.", examples=["9f8e7d6c5b4a39281706f5e4d3c2b1a0"]
    )
    password: Password = Field(
        description="8 to 64 characters of any kind; not a common one, not one's own data.",
        examples=["correct-horse-battery"],
    )
    password_confirmation: Password = Field(description="The same again.", examples=["correct-horse-battery"])
    name: ShortText = Field(
        description="As on the document; rare characters and the dot · are welcome.", examples=["示例同学"]
    )
    sex: Sex = Field(description="性别; where the document number says it, both must agree.", examples=["female"])
    document_type: DocumentTypeName = Field(examples=["SFZ"])
    document_number: ShortText = Field(
        description="15 digits, full-width and a small x are understood.", examples=["110101200001010002"]
    )
    recovery_email: EmailText | None = Field(
        default=None, description="Counts after its own code.", examples=["student@example.edu"]
    )
    security_questions: Annotated[list[SecurityAnswer], Field(max_length=10)] = Field(
        default_factory=list, description="Three distinct questions, or none.", examples=[[]]
    )
    consents: Consents = Field(description="To which texts the user agrees, and whether messages are wanted.")
    on_phone_registered: OnPhoneRegistered = None
    on_document_registered: Literal["re_register"] | None = Field(
        default=None,
        description="After `document_registered`: I never registered. The account begins in state `conflict`, with an "
        "identity case that decides.",
        examples=[None],
    )
    acknowledged_warning: ShortText | None = Field(
        default=None,
        description="With `on_document_registered`: the id of the warning that came with the 409, once it was read.",
        examples=[None],
    )
    on_document_under_review: Literal["stronger_evidence"] | None = Field(
        default=None,
        description="After `document_under_review`, where that option was given: I bring stronger evidence than the "
        "claim that waits.",
        examples=[None],
    )


class Registered(Output):
    account: Account = Field(description="The new account.")
    tokens: Tokens = Field(description="Of the session that the registration opened.")
    device_token: str = Field(
        description="Keep it on the device and send it with every login there.",
        examples=["AZmhssPUfl-Kb3yNng8aKw=="],
    )
    next: list[Choice] = Field(description="What to do next.")
