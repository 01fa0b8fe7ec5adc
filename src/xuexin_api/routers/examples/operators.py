"""What operators see."""

from __future__ import annotations

from typing import Final

from xuexin_api.openapi import Examples, Shown
from xuexin_api.routers.examples.accounts import AN_ID, NOW
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

OPERATORS: Final[Examples] = {
    "list_staff_members": {
        "members": Shown(
            "One who has not enrolled yet, one at work, one who left.", MemberList(items=_MEMBERS, next_cursor=None)
        )
    },
}
