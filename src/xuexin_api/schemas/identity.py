"""Identity verification."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from xuexin_api.schemas.accounts import Tokens
from xuexin_api.schemas.types import Id, Input, Output

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
MethodName = Literal["record_facts"]


class VerificationMethod(Output):
    method: MethodName = Field(examples=["record_facts"])
    title: str = Field(examples=["回答本人学籍信息"])
    strength: Literal["weak", "strong"] = Field(examples=["weak"])
    available: bool = Field(examples=[True])
    reason: str | None = Field(description="A code, where it is not available.", examples=[None])


class VerificationMethodList(Output):
    items: list[VerificationMethod]


class VerificationRequest(Input):
    method: MethodName = Field(examples=["record_facts"])


class VerificationQuestion(Output):
    id: QuestionId = Field(examples=["candidate_number"])
    title: str = Field(examples=["考生号"])


class VerificationStarted(Output):
    id: Id = Field(examples=["0199a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b"])
    method: MethodName = Field(examples=["record_facts"])
    status: Literal["pending"] = Field(examples=["pending"])
    questions: list[VerificationQuestion] = Field(description="All must be answered, and all be right.")
    expires_in: int = Field(description="Seconds.", examples=[900])


class VerificationAnswers(Input):
    answers: Annotated[dict[QuestionId, FactText], Field(min_length=1, max_length=8)] = Field(
        description="By question id. `institution_code` as 10 digits or its last five, years as four digits.",
        examples=[{"candidate_number": "23430101150001", "student_number": "2023010001", "admission_year": "2023"}],
    )


class VerificationPassed(Output):
    id: Id = Field(examples=["0199a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b"])
    status: Literal["passed"] = Field(examples=["passed"])
    tokens: Tokens = Field(description="They read the archive; all earlier tokens of the session are dead.")
