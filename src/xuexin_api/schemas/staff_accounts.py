"""Who works here, as operators see it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from xuexin_api.schemas.staff_sessions import StaffMember
from xuexin_api.schemas.types import Moment, NextCursor, Output


class ListedMember(StaffMember):
    state: Literal["invited", "active", "disabled"] = Field(
        description="`invited`: nothing works but the invitation; `disabled`: nothing does.", examples=["active"]
    )
    created_at: Moment = Field(description="When the member was first invited.", examples=["2026-11-23T08:00:00Z"])


class MemberList(Output):
    items: list[ListedMember] = Field(description="Newest first.")
    next_cursor: NextCursor
