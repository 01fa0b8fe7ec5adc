"""Recovering a username or a password."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from xuexin_api.schemas.accounts import SecurityAnswer
from xuexin_api.schemas.codes import CodeText, Destination
from xuexin_api.schemas.factors import SecondFactor
from xuexin_api.schemas.identity import FactText
from xuexin_api.schemas.sessions import ChallengeAnswer
from xuexin_api.schemas.types import (
    Choice,
    DeviceToken,
    Id,
    Input,
    Moment,
    OnPhoneRegistered,
    Output,
    Password,
    Secret,
    ShortText,
)

_CHALLENGE = Field(
    description="The answer to a `recovery` challenge.",
    examples=["eyJjaGFsbGVuZ2UiOnsicGFyYW1ldGVycyI6e319LCJzb2x1dGlvbiI6e319"],
)
_SECRET = Field(description="From the answer that began the recovery.", examples=["9f8e7d6c5b4a39281706f5e4d3c2b1a0"])
RecoveryFact = Literal["candidate_number", "student_number", "admission_year"]


class UsernameRecovery(Input):
    name: ShortText = Field(description="姓名, as in the account.", examples=["示例同学"])
    document_number: ShortText = Field(description="证件号码, whole, in any spelling.", examples=["110101200001010002"])
    challenge: ChallengeAnswer = _CHALLENGE


class UsernameRecoveryTaken(Output):
    next: list[Choice] = Field(description="What to do with the message, or without one.")


class PasswordRecovery(Input):
    username: Destination = Field(description="Phone, document number or e-mail.", examples=["17012340001"])
    name: ShortText = Field(description="姓名, as in the account.", examples=["示例同学"])
    document_number: ShortText = Field(description="证件号码, whole, in any spelling.", examples=["110101200001010002"])
    challenge: ChallengeAnswer = _CHALLENGE


class RecoveryQuestion(Output):
    id: str = Field(description="Which question (密保问题), for programs.", examples=["first_teacher"])
    title: str = Field(description="The question, for people.", examples=["您小学第一位班主任的姓名是？"])


class RecoveryWay(Output):
    id: Literal["phone", "email", "security_questions"] = Field(
        description="Which way, for programs.", examples=["phone"]
    )
    title: str = Field(description="The way, for people.", examples=["通过绑定手机号找回"])
    destination_masked: str | None = Field(
        description="Where a code would go: of what was not typed as the username only a hint; null of questions.",
        examples=["****0001"],
    )
    questions: list[RecoveryQuestion] = Field(description="Empty but for security_questions.")


class PasswordRecoveryBegun(Output):
    id: Id = Field(examples=["0199a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b"])
    secret: str = Field(
        description="Keep it in this client; every step asks for it.", examples=["9f8e7d6c5b4a39281706f5e4d3c2b1a0"]
    )
    expires_in: int = Field(description="Seconds until the recovery is dead.", examples=[1800])
    ways: list[RecoveryWay] = Field(description="At most three. Whoever names no account gets ways as well.")
    no_channel_left: list[Choice] = Field(description="Where neither phone nor e-mail is left.")


class RecoverySending(Input):
    secret: Secret = _SECRET
    way: Literal["phone", "email"] = Field(description="One of the ways offered.", examples=["phone"])
    device_token: DeviceToken = None


class RecoveryCodeSent(Output):
    expires_in: int = Field(description="Seconds until the code is dead.", examples=[300])
    resend_in: int = Field(description="Seconds until another may be asked for.", examples=[60])


class CodeConfirmation(Input):
    way: Literal["phone", "email"] = Field(
        description="By which way the code was sent; this form of the body.", examples=["phone"]
    )
    secret: Secret = _SECRET
    code: CodeText = Field(description="The code that was sent last.", examples=["424242"])
    device_token: DeviceToken = None


class QuestionsConfirmation(Input):
    way: Literal["security_questions"] = Field(
        description="Always `security_questions`: this form of the body.", examples=["security_questions"]
    )
    secret: Secret = _SECRET
    answers: Annotated[list[SecurityAnswer], Field(min_length=1, max_length=10)] = Field(
        description="To all questions of this way."
    )
    candidate_number: FactText = Field(
        description="A fact of one's own record: answers alone never suffice.", examples=["23430101150001"]
    )


class FactsConfirmation(Input):
    way: Literal["record_facts"] = Field(
        description="Always `record_facts`: this form of the body.", examples=["record_facts"]
    )
    secret: Secret = _SECRET
    answers: Annotated[dict[RecoveryFact, FactText], Field(min_length=3, max_length=3)] = Field(
        description="Candidate number, student number, and the year of admission as four digits.",
        examples=[{"candidate_number": "23430101150001", "student_number": "2023010001", "admission_year": "2023"}],
    )


RecoveryConfirmation = Annotated[
    CodeConfirmation | QuestionsConfirmation | FactsConfirmation, Field(discriminator="way")
]


class RecoveryProven(Output):
    complete_from: Moment = Field(
        description="When the new password may be set: now, or, by facts of the record alone, after the owner of the "
        "old channels had time to object by logging in.",
        examples=["2026-11-24T08:00:00Z"],
    )
    needs_phone: bool = Field(description="Whether a new phone must be proven and bound.", examples=[False])


class RecoverySecret(Input):
    secret: Secret = _SECRET


class RecoveryCompletion(Input):
    secret: Secret = _SECRET
    password: Password = Field(description="As in a registration.", examples=["correct-horse-battery"])
    password_confirmation: Password = Field(description="The same again.", examples=["correct-horse-battery"])
    second_factor: SecondFactor | None = Field(
        default=None,
        description="Where the account has one: `second_factor_needed` says so. A passkey signs the options of "
        "…/passkey-options.",
        examples=[None],
    )
    phone_proof: Secret | None = Field(
        default=None, description="Of the new phone, purpose `recovery`, where `needs_phone` said so.", examples=[None]
    )
    on_phone_registered: OnPhoneRegistered = None


class RecoveryCompleted(Output):
    next: list[Choice] = Field(description="What to do next.")
