"""The review desk."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from xuexin_api.schemas.cases import CaseEvent, CaseEvidence, CaseStateName
from xuexin_api.schemas.identity import VerificationEvent
from xuexin_api.schemas.photos import Side
from xuexin_api.schemas.types import Id, Input, Moment, NextCursor, Output, ShortText

PhotoDecisionName = Literal["accept_photos", "refuse_photos"]
DecisionName = Literal["accept_photos", "refuse_photos", "approve", "reject", "undo", "uphold"]
Note = Annotated[str, StringConstraints(min_length=1, max_length=500)]
_ID = "0199a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b"
_TIME = "2026-11-23T08:00:00Z"


class QueuedCase(Output):
    id: Id = Field(examples=[_ID])
    state: CaseStateName = Field(
        description="`submitted`: photos to look at; `in_review`: a claim; `undo_review`: a grant.",
        examples=["in_review"],
    )
    strength: Literal["weak", "strong"] | None = Field(description="Of the accepted evidence.", examples=["weak"])
    queued_at: Moment = Field(examples=[_TIME])
    deadline: Moment = Field(examples=[_TIME])
    overdue: bool = Field(examples=[False])
    reviewers: int = Field(description="How many must agree.", examples=[1])
    approvals: int = Field(description="How many have.", examples=[0])
    assigned: bool = Field(examples=[False])
    mine: bool = Field(examples=[False])


class ReviewQueue(Output):
    items: list[QueuedCase]
    next_cursor: NextCursor


class DeskPhoto(Output):
    id: Id = Field(examples=[_ID])
    sender: Literal["claimant", "holder"] = Field(examples=["claimant"])
    side: Side = Field(examples=["front"])
    state: Literal["received", "seen", "accepted", "rejected"] = Field(
        description="`seen`: a reviewer looked at it.", examples=["received"]
    )
    width: int = Field(examples=[1200])
    height: int = Field(examples=[900])
    created_at: Moment = Field(examples=[_TIME])


class DeskRecord(Output):
    name: str = Field(examples=["示例同学"])
    sex: Literal["male", "female"] = Field(examples=["female"])
    birth_date: date = Field(examples=["2005-01-01"])
    institution_name: str = Field(examples=["示例大学"])
    programme_name: str = Field(examples=["软件工程"])
    admission_date: date = Field(examples=["2023-09-01"])


class DeskHolder(Output):
    state: str = Field(description="Of the account now.", examples=["active"])
    holding: Literal["unverified", "weak", "strong"] = Field(
        description="What it had proven; after a grant, before it.", examples=["weak"]
    )
    since: Moment = Field(description="When it was registered.", examples=[_TIME])
    told_at: Moment = Field(examples=[_TIME])
    reachable: bool = Field(description="Whether any channel was left to tell it by.", examples=[True])
    objected_at: Moment | None = Field(examples=[None])
    undo_asked_at: Moment | None = Field(examples=[None])
    objection: str | None = Field(description="The holder's words.", examples=[None])


class DeskCase(Output):
    id: Id = Field(examples=[_ID])
    state: CaseStateName = Field(examples=["in_review"])
    claimed_name: str = Field(examples=["示例同学"])
    sex: Literal["male", "female"] = Field(examples=["female"])
    document_type: str = Field(examples=["SFZ"])
    document_number: str = Field(
        description="Whole, to be compared with the card in the photos.", examples=["110101200001010002"]
    )
    account_opened_at: Moment = Field(examples=[_TIME])
    submitted_at: Moment | None = Field(examples=[_TIME])
    effect_at: Moment | None = Field(description="Nothing takes effect before.", examples=[_TIME])
    reviewers: int = Field(examples=[1])
    approvals: int = Field(examples=[0])
    evidence: list[CaseEvidence]
    photos: list[DeskPhoto]
    records: list[DeskRecord] = Field(description="With the claimed document, as schools registered them.")
    holders: list[DeskHolder]
    log: list[CaseEvent]
    decisions: dict[DecisionName, list[str]] = Field(
        description="What can be decided now, and for which reasons.",
        examples=[{"approve": ["evidence_convincing"], "reject": ["evidence_unconvincing"]}],
    )


class QueuedVerification(Output):
    id: Id = Field(examples=[_ID])
    queued_at: Moment = Field(examples=[_TIME])
    deadline: Moment = Field(examples=[_TIME])
    overdue: bool = Field(examples=[False])
    assigned: bool = Field(examples=[False])
    mine: bool = Field(examples=[False])


class VerificationQueue(Output):
    items: list[QueuedVerification]
    next_cursor: NextCursor


class VerificationPhoto(Output):
    id: Id = Field(examples=[_ID])
    side: Side = Field(examples=["front"])
    state: Literal["received", "seen"] = Field(description="`seen`: a reviewer looked at it.", examples=["received"])
    width: int = Field(examples=[1200])
    height: int = Field(examples=[900])
    created_at: Moment = Field(examples=[_TIME])


class DeskVerification(Output):
    id: Id = Field(examples=[_ID])
    claimed_name: str = Field(examples=["示例同学"])
    sex: Literal["male", "female"] = Field(examples=["female"])
    document_type: str = Field(examples=["SFZ"])
    document_number: str = Field(
        description="Whole, to be compared with the card in the photos.", examples=["110101200001010002"]
    )
    account_opened_at: Moment = Field(examples=[_TIME])
    queued_at: Moment = Field(examples=[_TIME])
    photos: list[VerificationPhoto]
    records: list[DeskRecord] = Field(description="With the claimed document, as schools registered them.")
    log: list[VerificationEvent]
    decisions: dict[PhotoDecisionName, list[str]] = Field(
        description="What can be decided, and for which reasons.",
        examples=[{"accept_photos": ["photos_show_applicant"], "refuse_photos": ["photos_unreadable"]}],
    )


class VerificationDecision(Input):
    decision: PhotoDecisionName = Field(examples=["accept_photos"])
    reason: ShortText = Field(description="One of the reasons of this decision.", examples=["photos_show_applicant"])
    note: Note | None = Field(
        default=None, description="In words; the applicant reads it.", examples=["照片中证件号码清晰，与申请一致。"]
    )


class CaseDecision(Input):
    decision: DecisionName = Field(examples=["approve"])
    reason: ShortText = Field(description="One of the reasons of this decision.", examples=["evidence_convincing"])
    note: Note | None = Field(
        default=None, description="In words; the applicant reads it.", examples=["照片中证件号码清晰，与申请一致。"]
    )
