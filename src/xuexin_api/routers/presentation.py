"""From what services return to what the contract promises: titles by language, names of fields."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from fastapi import Response

from xuexin_api.core.code_tables import EnrollmentStatus
from xuexin_api.core.errors import Option
from xuexin_api.core.messages import Language, message
from xuexin_api.core.security_questions import QUESTION_IDS
from xuexin_api.dependencies.callers import Source
from xuexin_api.problems import method_words
from xuexin_api.schemas import accounts as account_schemas
from xuexin_api.schemas import archive as archive_schemas
from xuexin_api.schemas import factors as factor_schemas
from xuexin_api.schemas import identity as identity_schemas
from xuexin_api.schemas import proofs as proof_schemas
from xuexin_api.schemas import recovery as recovery_schemas
from xuexin_api.schemas import sessions as session_schemas
from xuexin_api.schemas import third_party as third_party_schemas
from xuexin_api.schemas.agreements import SecurityQuestion, SecurityQuestionList
from xuexin_api.schemas.changes import ClosingEffect
from xuexin_api.schemas.terms import CodedName
from xuexin_api.schemas.types import Choice
from xuexin_api.services.account_view import AccountView
from xuexin_api.services.accounts.account_closing import EFFECTS
from xuexin_api.services.archive.archive import PHOTO_KINDS, EnrollmentView
from xuexin_api.services.identity.identity_verification import CheckedVerification, StartedVerification
from xuexin_api.services.login.login import PhoneCode, SignedByPasskey
from xuexin_api.services.login.login_opening import Caller, LoggedIn
from xuexin_api.services.login.outcomes import Ticket
from xuexin_api.services.login.password_login import PasswordPair
from xuexin_api.services.login.second_factors import SecondFactor
from xuexin_api.services.login.third_party import CameBack
from xuexin_api.services.recovery.recovery_ways import Way
from xuexin_api.services.sessions.session_opening import Tokens
from xuexin_api.services.sessions.sessions import LoginPage
from xuexin_api.services.verification_methods import VerificationMethod


def choices(options: Iterable[Option], language: Language) -> list[Choice]:
    return [Choice(id=option.id, title=message(f"option_{option.id}", language)) for option in options]


def tokens(issued: Tokens) -> account_schemas.Tokens:
    return account_schemas.Tokens.model_validate(
        {name: getattr(issued, name) for name in Tokens.__slots__} | {"token_type": "Bearer"}
    )


def account(view: AccountView) -> account_schemas.Account:
    return account_schemas.Account.model_validate(view)


STATUSES = {
    code: archive_schemas.EnrollmentStatus(code=code.value, display=code.display, enrolled=code.enrolled)
    for code in EnrollmentStatus
}
_CODED_NAMES_KEPT: Final = 8192
_PHOTO_STATES = {
    (kind, available): archive_schemas.PhotoState(kind=kind, available=available)
    for kind in PHOTO_KINDS
    for available in (True, False)
}


@lru_cache(_CODED_NAMES_KEPT)
def _coded(code: str, name: str) -> CodedName:
    """Schools and programmes are few, and each is said a million times."""
    return CodedName.model_construct(code=code, name=name)


def enrollment(view: EnrollmentView) -> archive_schemas.Enrollment:
    """Built without validating again: the columns are typed, and this is the hottest answer."""
    return archive_schemas.Enrollment.model_construct(
        id=view.id,
        name=view.name,
        sex="male" if view.sex == "male" else "female",
        birth_date=view.birth_date,
        ethnicity=view.ethnicity,
        document_number_masked=view.document_number_masked,
        institution=_coded(view.institution_code, view.institution_name),
        level=view.level,
        programme=_coded(view.programme_code, view.programme_name),
        duration_years=view.duration_years,
        category=view.category,
        study_form=view.study_form,
        branch=view.branch,
        department=view.department,
        class_name=view.class_name,
        student_number=view.student_number,
        candidate_number=view.candidate_number,
        admission_date=view.admission_date,
        status=STATUSES[view.status],
        expected_graduation_date=view.expected_graduation_date,
        leaving_date=view.leaving_date,
        photos=[_PHOTO_STATES[kind, kind in view.photo_kinds] for kind in PHOTO_KINDS],
    )


def wrong_fields(body: proof_schemas.CorrectRecord | proof_schemas.WrongRecord) -> list[str]:
    return list(body.fields) if isinstance(body, proof_schemas.WrongRecord) else []


def photo_fault(body: proof_schemas.RightPhoto | proof_schemas.WrongPhoto) -> str | None:
    return body.fault if isinstance(body, proof_schemas.WrongPhoto) else None


def logged_in(done: LoggedIn) -> session_schemas.LoggedIn:
    return session_schemas.LoggedIn(
        account=account(done.account), tokens=tokens(done.tokens), device_token=done.device_token
    )


def session_list(page: LoginPage) -> session_schemas.SessionList:
    return session_schemas.SessionList.model_validate(page)


def login_answer(done: LoggedIn | Ticket, language: Language) -> session_schemas.LoggedIn | Response:
    """201 with a session, or 200 with a ticket: another answer, with a schema of its own."""
    if isinstance(done, LoggedIn):
        return logged_in(done)
    ticket = session_schemas.LoginTicket(
        ticket=done.ticket, expires_in=done.expires_in, next=choices(done.next, language)
    )
    return Response(ticket.model_dump_json(), status_code=200, media_type="application/json")


def verification_method(method: VerificationMethod, language: Language) -> identity_schemas.VerificationMethod:
    return identity_schemas.VerificationMethod.model_validate(
        {
            "method": method.method,
            "strength": method.strength,
            "available": method.available,
            "reason": method.reason,
            **method_words(method.method, method.reason, language),
        }
    )


def verification_started(started: StartedVerification, language: Language) -> identity_schemas.VerificationStarted:
    return identity_schemas.VerificationStarted.model_validate(
        {
            "id": started.id,
            "method": started.method,
            "status": "pending",
            "questions": [
                {"id": asked, "title": message(f"question_{asked}", language)} for asked in started.questions
            ],
            "redirect_url": started.redirect_url,
            "expires_in": started.expires_in,
        }
    )


def verification_checked(done: CheckedVerification) -> identity_schemas.VerificationChecked:
    return identity_schemas.VerificationChecked.model_validate(
        {
            "id": done.id,
            "status": done.status,
            "tokens": None if done.tokens is None else tokens(done.tokens),
            "case_id": done.case_id,
        }
    )


def recovery_way(way: Way, language: Language) -> recovery_schemas.RecoveryWay:
    return recovery_schemas.RecoveryWay.model_validate(
        {
            "id": way.kind,
            "title": message(f"way_{way.kind}", language),
            "destination_masked": way.destination_masked,
            "questions": [
                {"id": question, "title": message(f"security_question_{question}", language)}
                for question in way.question_ids
            ],
        }
    )


def security_questions(language: Language) -> SecurityQuestionList:
    return SecurityQuestionList(
        items=[
            SecurityQuestion(id=question, title=message(f"security_question_{question}", language))
            for question in QUESTION_IDS
        ]
    )


def closing_effects(language: Language) -> list[ClosingEffect]:
    return [ClosingEffect(id=effect, text=message(f"closing_{effect}", language)) for effect in EFFECTS]


def login_factors(
    body: session_schemas.PasswordLogin | session_schemas.PhoneCodeLogin | session_schemas.PasskeyLogin,
) -> PasswordPair | PhoneCode | SignedByPasskey:
    if isinstance(body, session_schemas.PasswordLogin):
        return PasswordPair(body.identifier, body.password, body.challenge)
    if isinstance(body, session_schemas.PasskeyLogin):
        return SignedByPasskey(body.assertion.model_dump(by_alias=True))
    return PhoneCode(body.code_id, body.phone, body.code)


def second_factor(given: factor_schemas.SecondFactor | None) -> SecondFactor | None:
    if isinstance(given, factor_schemas.PasskeyAsFactor):
        return SecondFactor(given.factor, assertion=given.assertion.model_dump(by_alias=True))
    return None if given is None else SecondFactor(given.factor, given.answer)


def further_factor(body: session_schemas.ContinueByAnswer | session_schemas.ContinueByPasskey) -> SecondFactor:
    if isinstance(body, session_schemas.ContinueByPasskey):
        return SecondFactor(body.factor, assertion=body.assertion.model_dump(by_alias=True))
    return SecondFactor(body.factor, body.answer)


def takes_over(body: session_schemas.ContinueByAnswer | session_schemas.ContinueByPasskey) -> bool:
    return isinstance(body, session_schemas.ContinueByAnswer) and body.on_phone_registered == "take_over"


def login_caller(device_token: str | None, source: Source) -> Caller:
    return Caller(source.address, source.network, source.platform, device_token)


def providers(names: Iterable[str], language: Language) -> third_party_schemas.ProviderList:
    return third_party_schemas.ProviderList(
        items=[Choice(id=name, title=message(f"provider_{name}", language)) for name in names]
    )


def came_back(body: third_party_schemas.CameBack) -> CameBack:
    return CameBack(body.state, body.code, body.secret)
