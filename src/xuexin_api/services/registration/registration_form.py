"""The registration form's rules: everything that can be judged without looking anything up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from xuexin_api.core.documents import Document, DocumentType, birth_date_of, parse_document, sex_of
from xuexin_api.core.emails import parse_email
from xuexin_api.core.errors import BrokenRuleError, FieldProblem, InvalidRequestError
from xuexin_api.core.names import normalise_name
from xuexin_api.core.passwords import canonical_password, check_password
from xuexin_api.core.security_questions import NEEDED, QUESTION_IDS, canonical_answer, check_answer
from xuexin_api.services.registration.agreements import REQUIRED_KINDS, version_in_force

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RegistrationForm:
    """The form as it came, well-shaped but not yet judged."""

    password: str
    password_confirmation: str
    name: str
    sex: str
    document_type: str
    document_number: str
    recovery_email: str | None
    security_questions: list[tuple[str, str]]
    consents: dict[str, str]
    service_messages: bool


@dataclass(frozen=True, slots=True)
class JudgedForm:
    """The form's values in their one spelling."""

    password: str
    name: str
    sex: str
    document: Document
    birth_date: date | None
    recovery_email: str | None
    answers: dict[str, str]


class _Judge:
    """Collects every broken rule: a person corrects a form once, not field by field."""

    def __init__(self) -> None:
        self.problems: list[FieldProblem] = []

    def note(self, pointer: str, code: str, **params: object) -> None:
        self.problems.append(FieldProblem(pointer, code, params))

    def value(self, pointer: str, rule: Callable[[], T]) -> T | None:
        try:
            return rule()
        except BrokenRuleError as broken:
            self.note(pointer, broken.code, **broken.params)
            return None


def judge_form(form: RegistrationForm, *, today: date) -> JudgedForm:
    """The values in their one spelling, or InvalidRequestError with every broken field."""
    judge = _Judge()
    name = judge.value("/name", lambda: normalise_name(form.name))
    document = judge.value(
        "/document_number",
        lambda: parse_document(DocumentType(form.document_type), form.document_number, today),
    )
    if document is not None and sex_of(document) not in {None, form.sex}:
        judge.note("/sex", "sex_mismatch")
    email = None
    if form.recovery_email is not None:
        typed = form.recovery_email
        email = judge.value("/recovery_email", lambda: parse_email(typed))
    password = _judge_password(judge, form, email)
    answers = _judge_answers(judge, form.security_questions)
    for kind in REQUIRED_KINDS:
        if form.consents.get(kind) != version_in_force(kind):
            judge.note(f"/consents/{kind}", "agreement_version_not_in_force")
    if judge.problems or name is None or document is None:
        raise InvalidRequestError(judge.problems)
    return JudgedForm(
        password=password,
        name=name,
        sex=form.sex,
        document=document,
        birth_date=birth_date_of(document),
        recovery_email=email,
        answers=answers,
    )


def _judge_password(judge: _Judge, form: RegistrationForm, email: str | None) -> str:
    password = canonical_password(form.password)
    if canonical_password(form.password_confirmation) != password:
        judge.note("/password_confirmation", "passwords_differ")
    personal = [form.name, form.document_number]
    if email is not None:
        personal += [email, email.partition("@")[0]]
    judge.value("/password", lambda: check_password(password, personal=personal))
    return password


def judge_answers(questions: list[tuple[str, str]]) -> dict[str, str]:
    """The canonical answers by question, or InvalidRequestError with every broken field."""
    judge = _Judge()
    answers = _judge_answers(judge, questions)
    if judge.problems:
        raise InvalidRequestError(judge.problems)
    return answers


def _judge_answers(judge: _Judge, questions: list[tuple[str, str]]) -> dict[str, str]:
    """Three distinct questions or none, with three different answers."""
    answers: dict[str, str] = {}
    if not questions:
        return answers
    if len(questions) != NEEDED:
        judge.note("/security_questions", "security_questions_needed", needed=NEEDED)
    for index, (question, typed) in enumerate(questions):
        pointer = f"/security_questions/{index}"
        answer = canonical_answer(typed)
        if question not in QUESTION_IDS:
            judge.note(f"{pointer}/question_id", "security_question_unknown")
        if question in answers:
            judge.note(f"{pointer}/question_id", "security_question_repeated")
        elif answer in answers.values():
            judge.note(f"{pointer}/answer", "security_answer_repeated")

        def check(answer: str = answer) -> None:
            check_answer(answer)

        judge.value(f"{pointer}/answer", check)
        answers[question] = answer
    return answers
