"""Consents, the copy of everything, and leaving."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from xuexin_api.core.messages import Language
from xuexin_api.openapi import Examples, Shown
from xuexin_api.routers.examples.accounts import NOW
from xuexin_api.routers.presentation import closing_effects
from xuexin_api.schemas.changes import ClosingEffects, ClosingStarted, Consent, ConsentKind, ConsentList

_IN_FORCE: Final = "2026-11-01"


def _consent(kind: ConsentKind, *, given: bool, days: int = 0) -> Consent:
    return Consent(kind=kind, version=_IN_FORCE, given=given, at=NOW + timedelta(days=days))


def _closing(language: Language) -> ClosingStarted:
    return ClosingStarted(closes_at=NOW + timedelta(days=15), effects=closing_effects(language))


_REGISTERED: Final = [
    _consent("service_messages", given=True),
    _consent("privacy_policy", given=True),
    _consent("user_agreement", given=True),
]
_WITHDRAWN: Final = _consent("service_messages", given=False, days=1)
ACCOUNT_HOLDINGS: Final[Examples] = {
    "list_consents": {
        "registered": Shown("As given at the registration.", ConsentList(items=_REGISTERED, next_cursor=None)),
        "withdrawn": Shown(
            "Messages were declined later.", ConsentList(items=[_WITHDRAWN, *_REGISTERED], next_cursor=None)
        ),
    },
    "set_consent": {
        "given": Shown("Given.", _consent("service_messages", given=True)),
        "withdrawn": Shown("Withdrawn.", _WITHDRAWN),
    },
    "list_closing_effects": {
        "effects": Shown("To be shown before.", lambda language: ClosingEffects(items=closing_effects(language)))
    },
    "close_account": {"closing": Shown("Closing: a login within 15 days undoes it.", _closing)},
}
