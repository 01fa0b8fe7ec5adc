"""Changes of an account, and their undoing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from xuexin_api.core.errors import Option
from xuexin_api.core.messages import Language
from xuexin_api.openapi import Examples, Shown
from xuexin_api.routers.examples.accounts import ACTIVE, AN_ID, NOW, VERIFIED, WITH_EMAIL
from xuexin_api.routers.presentation import choices
from xuexin_api.schemas.changes import Change, ChangeKind, ChangeList, Undone

_CHANGE: Final = Change(id=AN_ID, kind="phone", created_at=NOW, undo_until=NOW + timedelta(hours=72))


def _undone(restored: list[ChangeKind], not_restored: list[ChangeKind]) -> Callable[[Language], Undone]:
    options = (Option("recover_password"),)
    return lambda language: Undone(restored=restored, not_restored=not_restored, next=choices(options, language))


ACCOUNT_CHANGES: Final[Examples] = {
    "change_phone": {
        "changed": Shown("The new number.", VERIFIED.model_copy(update={"phone_masked": "+86171****0002"}))
    },
    "change_email": {"confirmed": Shown("The address counts from now on.", WITH_EMAIL)},
    "remove_email": {"removed": Shown("No address any more.", ACTIVE)},
    "list_changes": {
        "none": Shown("Nothing was changed in the last 72 hours.", ChangeList(items=[])),
        "changed": Shown("One change that its old channels can undo.", ChangeList(items=[_CHANGE])),
    },
    "undo_change": {
        "restored": Shown("As it was before, with all that was changed after it.", _undone(["phone", "password"], [])),
        "not_restored": Shown("What another account has by now stays there.", _undone([], ["phone"])),
    },
}
