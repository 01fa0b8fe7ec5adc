"""What operators see."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from xuexin_api.openapi import Examples, Shown
from xuexin_api.routers.examples.accounts import AN_ID, NOW
from xuexin_api.schemas.help_desk import DeskHelpRequest, HelpRequestQueue, HelpRequestState, WaitingHelpRequest
from xuexin_api.schemas.staff_accounts import ListedMember, MemberList

_REVIEWER: Final = ListedMember(
    id=AN_ID,
    login_name="reviewer.one",
    role="reviewer",
    institution_code=None,
    province=None,
    state="active",
    created_at=NOW,
)
_MEMBERS: Final = [
    _REVIEWER.model_copy(
        update={"login_name": "province.one", "role": "province", "province": "99", "state": "invited"}
    ),
    _REVIEWER,
    _REVIEWER.model_copy(
        update={
            "login_name": "registrar.one",
            "role": "registrar",
            "institution_code": "4199000001",
            "state": "disabled",
        }
    ),
]
_LATER: Final = NOW + timedelta(hours=18)
_STATES: Final[tuple[HelpRequestState, ...]] = ("open", "answered", "closed")
_WAITING: Final = WaitingHelpRequest(id=AN_ID, state="open", with_account=True, created_at=NOW, age_seconds=5400)
_REQUEST: Final = DeskHelpRequest(
    id=AN_ID,
    state="open",
    with_account=False,
    question="我依法改过姓名，学籍还是旧名字，应当怎么办理？",
    contact="lin@example.org",
    answer=None,
    created_at=NOW,
    answered_at=None,
    expires_at=NOW + timedelta(days=90),
)
_ANSWERED: Final = _REQUEST.model_copy(
    update={"state": "answered", "answer": "请带户口簿到学校学籍部门更正。", "answered_at": _LATER}
)

OPERATORS: Final[Examples] = {
    "list_help_request_queue": {
        state: Shown(
            f"Those that are {state}.",
            HelpRequestQueue(items=[_WAITING.model_copy(update={"state": state})], next_cursor=None),
        )
        for state in _STATES
    },
    "view_help_request": {
        "open": Shown("It waits.", _REQUEST),
        "answered": Shown("It was answered.", _ANSWERED),
        "closed": Shown("It was closed without an answer.", _REQUEST.model_copy(update={"state": "closed"})),
    },
    "list_staff_members": {
        "members": Shown(
            "One who has not enrolled yet, one at work, one who left.", MemberList(items=_MEMBERS, next_cursor=None)
        )
    },
}
