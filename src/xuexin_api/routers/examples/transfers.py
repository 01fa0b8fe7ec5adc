"""A transfer in each of its states."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Final

from pydantic import BaseModel

from xuexin_api.core.messages import Language
from xuexin_api.openapi import Examples, Shown
from xuexin_api.routers.archive.record_presentation import transfer_list
from xuexin_api.routers.examples.accounts import AN_ID, NOW
from xuexin_api.routers.examples.archive import STUDYING
from xuexin_api.schemas.transfers import TransferWithRecord
from xuexin_api.services.staff.transfers import TransferLine, TransferPage

_ASKED: Final = TransferLine(
    id=AN_ID,
    enrollment_id=AN_ID,
    name="示例同学",
    from_code="4199990001",
    from_name="示例大学",
    to_code="4199990002",
    to_name="青石理工大学",
    state="requested",
    reason="hardship",
    note="申请材料已寄。",
    requested_at=NOW,
    expires_at=NOW + timedelta(days=30),
    decided_at=None,
    answer=None,
    new_enrollment_id=None,
)
_AGREED: Final = replace(_ASKED, state="agreed", decided_at=NOW, new_enrollment_id=AN_ID)
_REFUSED: Final = replace(_ASKED, state="refused", decided_at=NOW, answer="专业不接收转学。")
_TAKEN_BACK: Final = replace(_ASKED, state="taken_back", decided_at=NOW)
_EXPIRED: Final = replace(_ASKED, state="expired")


def _list(*lines: TransferLine) -> Callable[[Language], BaseModel]:
    return lambda language: transfer_list(TransferPage(list(lines), None), language)


def _one(line: TransferLine) -> Callable[[Language], BaseModel]:
    def made(language: Language) -> BaseModel:
        (shown,) = transfer_list(TransferPage([line], None), language).items
        return TransferWithRecord(transfer=shown, enrollment=STUDYING)

    return made


TRANSFERS: Final[Examples] = {
    "request_transfer": {"requested": Shown("It waits for the other school.", _one(_ASKED))},
    "list_transfers": {
        "some": Shown("In each state.", _list(_ASKED, _AGREED, _REFUSED, _TAKEN_BACK, _EXPIRED)),
        "none": Shown("None.", _list()),
    },
    "get_transfer": {"requested": Shown("It waits for an answer.", _one(_ASKED))},
    "agree_to_transfer": {"agreed": Shown("The student is in the new school.", _one(_AGREED))},
    "refuse_transfer": {"refused": Shown("The student stays.", _one(_REFUSED))},
    "take_transfer_back": {"taken_back": Shown("It is asked no longer.", _one(_TAKEN_BACK))},
}
