"""Recoveries, from the names that begin them to the new password."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from xuexin_api.core.errors import Option
from xuexin_api.core.messages import Language
from xuexin_api.openapi import Examples, Shown
from xuexin_api.routers.examples.accounts import AN_ID, NOW
from xuexin_api.routers.presentation import choices, recovery_way
from xuexin_api.schemas.recovery import PasswordRecoveryBegun, RecoveryCompleted, RecoveryProven, UsernameRecoveryTaken
from xuexin_api.services.recovery.password_recovery import NO_CHANNEL_LEFT
from xuexin_api.services.recovery.recovery_ways import Way
from xuexin_api.services.recovery.username_recovery import NEXT

_PHONE: Final = Way("phone", "+86170****0001")
_EMAIL: Final = Way("email", "s***@example.edu")
_QUESTIONS: Final = Way("security_questions", question_ids=("birth_town", "first_school", "first_teacher"))


def _begun(*ways: Way) -> Shown:
    def begun(language: Language) -> PasswordRecoveryBegun:
        return PasswordRecoveryBegun(
            id=AN_ID,
            secret="9f8e7d6c5b4a39281706f5e4d3c2b1a0",
            expires_in=1800,
            ways=[recovery_way(way, language) for way in ways],
            no_channel_left=choices(NO_CHANNEL_LEFT, language),
        )

    return Shown("Offered: " + ", ".join(way.kind.replace("_", " ") for way in ways) + ".", begun)


RECOVERY: Final[Examples] = {
    "recover_username": {
        "taken": Shown(
            "The same whether there is such an account or not.",
            lambda language: UsernameRecoveryTaken(next=choices(NEXT, language)),
        )
    },
    "begin_password_recovery": {
        "phone": _begun(_PHONE),
        "phone_and_email": _begun(_PHONE, _EMAIL),
        "all": _begun(_PHONE, _EMAIL, _QUESTIONS),
    },
    "confirm_recovery": {
        "now": Shown("Proven.", RecoveryProven(complete_from=NOW, needs_phone=False)),
        "after_objections": Shown(
            "By facts of the record alone: the owner may object for a day, then a new phone is bound.",
            RecoveryProven(complete_from=NOW + timedelta(days=1), needs_phone=True),
        ),
    },
    "complete_recovery": {
        "completed": Shown(
            "The new password counts; every session has ended.",
            lambda language: RecoveryCompleted(next=choices((Option("login"),), language)),
        )
    },
}
