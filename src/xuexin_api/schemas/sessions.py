"""Logging in, staying, leaving."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from xuexin_api.core.platforms import Platform
from xuexin_api.schemas.accounts import Account, Tokens
from xuexin_api.schemas.codes import CodeText, Destination
from xuexin_api.schemas.passkeys import PasskeyAssertion
from xuexin_api.schemas.types import Choice, Id, Input, Moment, NextCursor, OnPhoneRegistered, Output, Password, Secret

ChallengeAnswer = Annotated[str, StringConstraints(min_length=1, max_length=4096)]


EndReason = Literal[
    "logout",
    "ended_by_owner",
    "refresh_reused",
    "recovered",
    "changed",
    "undone",
    "closed",
    "superseded",
    "case_undone",
]


class PasswordLogin(Input):
    method: Literal["password"] = Field(description="Always `password`: this form of the body.", examples=["password"])
    identifier: Destination = Field(description="Phone, document number or e-mail.", examples=["17012340001"])
    password: Password = Field(description="The account's password.", examples=["correct-horse-battery"])
    challenge: ChallengeAnswer | None = Field(
        default=None,
        description="The answer to a `login` challenge, where `challenge_required` asked for it.",
        examples=[None],
    )
    device_token: Secret | None = Field(
        default=None, description="Of an earlier login on this device.", examples=[None]
    )


class PhoneCodeLogin(Input):
    method: Literal["phone_code"] = Field(
        description="Always `phone_code`: this form of the body.", examples=["phone_code"]
    )
    code_id: Id = Field(
        description="From the answer to the request that sent the code, of the purpose `login`.",
        examples=["0199a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b"],
    )
    phone: Destination = Field(description="The number that received the code.", examples=["17012340001"])
    code: CodeText = Field(description="The six digits.", examples=["424242"])
    device_token: Secret | None = Field(
        default=None, description="Of an earlier login on this device.", examples=[None]
    )


class PasskeyLogin(Input):
    method: Literal["passkey"] = Field(description="Always `passkey`: this form of the body.", examples=["passkey"])
    assertion: PasskeyAssertion = Field(
        description="What the passkey signed of options without a ticket (POST /v1/sessions/passkey-options)."
    )
    device_token: Secret | None = Field(
        default=None, description="Of an earlier login on this device.", examples=[None]
    )


LoginRequest = Annotated[PasswordLogin | PhoneCodeLogin | PasskeyLogin, Field(discriminator="method")]


class LoggedIn(Output):
    account: Account = Field(description="The account that logged in.")
    tokens: Tokens = Field(description="Of the session that the login opened.")
    device_token: str = Field(
        description="Keep it on the device and send it with every login there.",
        examples=["AZmhssPUfl-Kb3yNng8aKw=="],
    )


class LoginTicket(Output):
    ticket: str = Field(description="A secret for POST /v1/sessions/continue.", examples=["1f2e3d4c5b6a"])
    expires_in: int = Field(description="Seconds until the ticket is dead.", examples=[300])
    next: list[Choice] = Field(description="The factors that would do.")


class ContinueByAnswer(Input):
    ticket: Secret = Field(description="From the login that asked for a further factor.", examples=["1f2e3d4c5b6a"])
    factor: Literal["password", "record_fact", "totp", "recovery_code", "phone_proof"] = Field(
        description="One of the ticket's `next`. `record_fact` is the candidate number of one's own record, for an "
        "account whose identity was verified. `phone_proof` binds a new phone to an account that lost its own; "
        "its purpose is `contact_change`.",
        examples=["password"],
    )
    answer: Password = Field(
        description="The password, the fact, the code, or the phone proof.", examples=["correct-horse-battery"]
    )
    on_phone_registered: OnPhoneRegistered = None
    device_token: Secret | None = Field(
        default=None, description="Of an earlier login on this device.", examples=[None]
    )


class ContinueByPasskey(Input):
    ticket: Secret = Field(description="From the login that asked for a further factor.", examples=["1f2e3d4c5b6a"])
    factor: Literal["passkey"] = Field(description="Always `passkey`: this form of the body.", examples=["passkey"])
    assertion: PasskeyAssertion = Field(
        description="What the passkey signed of the ticket's options (POST /v1/sessions/passkey-options)."
    )
    device_token: Secret | None = Field(
        default=None, description="Of an earlier login on this device.", examples=[None]
    )


ContinueLogin = Annotated[ContinueByAnswer | ContinueByPasskey, Field(discriminator="factor")]


class PasskeyOptionsRequest(Input):
    ticket: Secret | None = Field(
        default=None,
        description="Of a login whose `next` names `passkey`; none to log in by a passkey alone.",
        examples=[None],
    )


class RefreshRequest(Input):
    refresh_token: Secret = Field(
        description="The latest of the session; the answer brings its successor.",
        examples=["AZmhssPUfl-Kb3yNng8aKwAAAAE"],
    )


class Refreshed(Output):
    tokens: Tokens = Field(description="New ones of the same session.")


class Session(Output):
    id: Id = Field(examples=["0199a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b"])
    current: bool = Field(description="The session that asks.", examples=[True])
    state: Literal["living", "expired", "ended"] = Field(
        description="`expired`: unused for too long. `ended`: somebody ended it.", examples=["living"]
    )
    platform: Platform = Field(
        description="The family of systems that the device named when it first logged in: a hint, never a proof.",
        examples=["android"],
    )
    address: str = Field(description="The network address of the login.", examples=["203.0.113.7"])
    methods: list[str] = Field(
        description="How it was opened (RFC 8176); `fed` is a linked third party.", examples=[["pwd"]]
    )
    created_at: Moment = Field(description="When it was opened.", examples=["2026-11-24T08:00:00Z"])
    last_used_at: Moment = Field(description="Its latest refresh.", examples=["2026-11-24T09:30:00Z"])
    expires_at: Moment = Field(
        description="When it ends, or ended, unless refreshed.", examples=["2026-12-08T09:30:00Z"]
    )
    ended_at: Moment | None = Field(description="When somebody ended it; null: nobody did.", examples=[None])
    end_reason: EndReason | None = Field(
        description="`refresh_reused`: an old refresh token was used again, so somebody may hold a copy. `recovered`, "
        "`changed`, `undone`, `closed`: the password was recovered or changed, a change undone, the account closed. "
        "`superseded`: the document was granted to another account. `case_undone`: such a grant was taken back.",
        examples=[None],
    )


class SessionList(Output):
    items: list[Session] = Field(description="Newest first.")
    next_cursor: NextCursor
