"""Before an account there is: what is agreed to, a proven phone, a registration."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from xuexin_api.core.messages import Language
from xuexin_api.openapi import Examples, Shown
from xuexin_api.routers.examples.accounts import ACTIVE, CONFLICT, DEVICE_TOKEN, TOKENS
from xuexin_api.routers.presentation import choices, security_questions
from xuexin_api.schemas.accounts import Registered
from xuexin_api.schemas.agreements import Agreement, AgreementList
from xuexin_api.schemas.codes import PhoneProof
from xuexin_api.services.codes.phone_proofs import PHONE_OPTIONS
from xuexin_api.services.registration.agreements import agreements_in_force
from xuexin_api.services.registration.registration import NEXT, NEXT_IN_CONFLICT


def _proof(status: str) -> Callable[[Language], PhoneProof]:
    options = PHONE_OPTIONS if status == "registered" else ()
    return lambda language: PhoneProof.model_validate(
        {
            "phone_proof": "9f8e7d6c5b4a39281706f5e4d3c2b1a0",
            "expires_in": 900,
            "phone_status": status,
            "options": choices(options, language),
        }
    )


def _registered(language: Language) -> Registered:
    return Registered(account=ACTIVE, tokens=TOKENS, device_token=DEVICE_TOKEN, next=choices(NEXT, language))


def _in_conflict(language: Language) -> Registered:
    steps = choices(NEXT_IN_CONFLICT, language)
    return Registered(account=CONFLICT, tokens=TOKENS, device_token=DEVICE_TOKEN, next=steps)


def _agreements(language: Language) -> AgreementList:
    """The first line of each: the texts are long."""
    texts = [Agreement.model_validate(text) for text in agreements_in_force(language)]
    return AgreementList(items=[one.model_copy(update={"text": one.text.splitlines()[0]}) for one in texts])


REGISTRATIONS: Final[Examples] = {
    "list_agreements": {"in_force": Shown("The agreements in force; texts cut short here.", _agreements)},
    "list_security_questions": {"offered": Shown("The questions offered.", security_questions)},
    "create_phone_proof": {
        "available": Shown("The phone is free.", _proof("available")),
        "registered": Shown("The phone belongs to an account: what can be done.", _proof("registered")),
    },
    "register_account": {
        "registered": Shown("Registered and logged in.", _registered),
        "conflict": Shown("Registered anew: sees nothing else until its identity case is decided.", _in_conflict),
    },
}
