"""Classmates who vouch: as whoever asks sees them, and as they see what they are asked."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from xuexin_api.schemas.terms import ClassName, ProgrammeName
from xuexin_api.schemas.types import Id, Input, Moment, NextCursor, Output, ShortText

_TIME = "2026-11-23T08:00:00Z"


class CaseClassmate(Output):
    phone_masked: str = Field(
        description="By which number the classmate was asked, masked. Only this is kept once the asking is over.",
        examples=["+86170****0001"],
    )
    state: Literal["asked", "vouched", "declined"] = Field(
        description="`asked` also where nobody of the class has this number.", examples=["asked"]
    )
    code: str = Field(description="Tell it to the classmate in person, who types it.", examples=["424242"])
    asked_at: Moment = Field(description="When the applicant asked.", examples=[_TIME])
    answered_at: Moment | None = Field(description="When the classmate answered; null: not yet.", examples=[None])


class CaseClassmateRequest(Input):
    phone: ShortText = Field(description="The classmate's phone.", examples=["+8617012340002"])


class VouchingRequest(Output):
    id: Id = Field(examples=["0199a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b"])
    state: Literal["asked", "vouched", "declined"] = Field(
        description="`vouched`: you know the applicant. `declined`: you do not say so. `asked`: no answer yet.",
        examples=["asked"],
    )
    statement: str = Field(
        description="What you vouch for.", examples=["申请人就是示例大学软件工程专业软件2301班的示例同学本人"]
    )
    claimed_name: str = Field(description="Under which name the applicant registered.", examples=["示例同学"])
    applicant_phone_masked: str | None = Field(
        description="The phone of whoever asks, masked; make sure that it is your classmate's. Null where there is "
        "none any more, and once the request cannot be answered any more.",
        examples=["+86170****0001"],
    )
    institution_name: str = Field(description="院校: name of the school.", examples=["示例大学"])
    programme_name: ProgrammeName
    class_name: ClassName
    asked_at: Moment = Field(description="When the applicant asked.", examples=[_TIME])
    expires_at: Moment = Field(description="Not to be answered after: what it is for ends then.", examples=[_TIME])
    answered_at: Moment | None = Field(description="When you answered; null: not yet.", examples=[None])


class VouchingRequestList(Output):
    items: list[VouchingRequest] = Field(description="Newest first.")
    next_cursor: NextCursor


class Vouch(Input):
    code: ShortText = Field(description="The code that the applicant told you in person.", examples=["424242"])
