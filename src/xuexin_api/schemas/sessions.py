"""Logging in, staying, leaving."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from xuexin_api.schemas.accounts import Account, Tokens
from xuexin_api.schemas.codes import CodeText, Destination
from xuexin_api.schemas.types import Choice, Id, Input, Output, Password, Secret

ChallengeAnswer = Annotated[str, StringConstraints(min_length=1, max_length=4096)]


class PasswordLogin(Input):
    method: Literal["password"] = Field(examples=["password"])
    identifier: Destination = Field(description="Phone, document number or e-mail.", examples=["17012340001"])
    password: Password = Field(examples=["correct-horse-battery"])
    challenge: ChallengeAnswer | None = Field(
        default=None,
        description="The answer to a `login` challenge, where `challenge_required` asked for it.",
        examples=[None],
    )
    device_token: Secret | None = Field(
        default=None, description="Of an earlier login on this device.", examples=[None]
    )


class PhoneCodeLogin(Input):
    method: Literal["phone_code"] = Field(examples=["phone_code"])
    code_id: Id = Field(examples=["0199a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b"])
    phone: Destination = Field(examples=["17012340001"])
    code: CodeText = Field(examples=["424242"])
    device_token: Secret | None = Field(
        default=None, description="Of an earlier login on this device.", examples=[None]
    )


LoginRequest = Annotated[PasswordLogin | PhoneCodeLogin, Field(discriminator="method")]


class LoggedIn(Output):
    account: Account
    tokens: Tokens
    device_token: str = Field(
        description="Keep it on the device and send it with every login there.",
        examples=["AZmhssPUfl-Kb3yNng8aKw=="],
    )


class LoginTicket(Output):
    ticket: str = Field(description="A secret for POST /v1/sessions/continue.", examples=["1f2e3d4c5b6a"])
    expires_in: int = Field(description="Seconds.", examples=[300])
    next: list[Choice] = Field(description="The factors that would do.")


class ContinueLogin(Input):
    ticket: Secret = Field(examples=["1f2e3d4c5b6a"])
    factor: Literal["password"] = Field(description="One of the ticket's `next`.", examples=["password"])
    answer: Password = Field(examples=["correct-horse-battery"])
    device_token: Secret | None = Field(
        default=None, description="Of an earlier login on this device.", examples=[None]
    )


class RefreshRequest(Input):
    refresh_token: Secret = Field(examples=["AZmhssPUfl-Kb3yNng8aKwAAAAE"])


class Refreshed(Output):
    tokens: Tokens
