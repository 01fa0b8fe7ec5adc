"""Verifications of identity."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from xuexin_api.core.messages import Language
from xuexin_api.openapi import Examples, Shown
from xuexin_api.routers.examples.accounts import AN_ID, VERIFIED_TOKENS
from xuexin_api.routers.presentation import verification_method, verification_started
from xuexin_api.schemas.identity import (
    VerificationChecked,
    VerificationMethodList,
    VerificationPassed,
    VerificationStarted,
)
from xuexin_api.services.identity.identity_verification import StartedVerification
from xuexin_api.services.verification_methods import PROVIDERS, RECORD_FACTS, methods_for


def _methods(account_state: str, *, contested: bool = False) -> Callable[[Language], VerificationMethodList]:
    methods = methods_for(account_state, providers=PROVIDERS, contested=contested)
    return lambda language: VerificationMethodList(items=[verification_method(one, language) for one in methods])


def _started(language: Language) -> VerificationStarted:
    questions = ["candidate_number", "student_number", "admission_year"]
    return verification_started(StartedVerification(AN_ID, RECORD_FACTS, questions, 900), language)


def _sent_away(language: Language) -> VerificationStarted:
    page = "https://openapi.alipay.com/gateway.do?method=alipay.user.certify.open.certify&sign=…"
    return verification_started(StartedVerification(AN_ID, "alipay_certify", [], 900, page), language)


def _checked(status: str, **more: Any) -> VerificationChecked:
    shown: dict[str, Any] = {"id": AN_ID, "status": status, "tokens": None, "case_id": None}
    return VerificationChecked.model_validate(shown | more)


IDENTITY: Final[Examples] = {
    "list_verification_methods": {
        "open": Shown("What an active account can use.", _methods("active")),
        "contested": Shown(
            "Weak ways are closed while somebody claims the document.", _methods("active", contested=True)
        ),
        "conflict": Shown("Evidence of an account in conflict goes to its case.", _methods("conflict")),
    },
    "start_identity_verification": {
        "pending": Shown("The questions.", _started),
        "provider": Shown("The provider's page.", _sent_away),
    },
    "check_identity_verification": {
        "pending": Shown("Not decided yet.", _checked("pending")),
        "passed": Shown("Tokens that read the archive.", _checked("passed", tokens=VERIFIED_TOKENS)),
        "evidence": Shown("Of an account in conflict: evidence of its case.", _checked("passed", case_id=AN_ID)),
        "failed": Shown("Not who was claimed.", _checked("failed")),
    },
    "answer_identity_verification": {
        "passed": Shown(
            "Tokens that read the archive.", VerificationPassed(id=AN_ID, status="passed", tokens=VERIFIED_TOKENS)
        )
    },
}
