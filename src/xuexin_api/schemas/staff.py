"""The review desk."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from xuexin_api.schemas.cases import CaseEvent, CaseEvidence, CaseStateName
from xuexin_api.schemas.identity import VerificationEvent
from xuexin_api.schemas.photos import Side
from xuexin_api.schemas.terms import AdmissionDate, ProgrammeName, RegisteredBirthDate, RegisteredName, RegisteredSex
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
    strength: Literal["weak", "strong"] | None = Field(
        description="Of the accepted evidence; null where none is.", examples=["weak"]
    )
    queued_at: Moment = Field(description="Since when it waits for people.", examples=[_TIME])
    deadline: Moment = Field(description="To be decided until.", examples=[_TIME])
    overdue: bool = Field(description="The deadline is over, and nothing was decided.", examples=[False])
    reviewers: int = Field(description="How many must agree.", examples=[1])
    approvals: int = Field(description="How many reviewers have agreed.", examples=[0])
    assigned: bool = Field(description="Somebody has it.", examples=[False])
    mine: bool = Field(description="Whether it is the asker who has it.", examples=[False])


class ReviewQueue(Output):
    items: list[QueuedCase] = Field(description="Longest waiting first.")
    next_cursor: NextCursor


class DeskPhoto(Output):
    id: Id = Field(examples=[_ID])
    sender: Literal["claimant", "holder"] = Field(description="Which side of the case sent it.", examples=["claimant"])
    side: Side = Field(description="Which side of the card the person holds up.", examples=["front"])
    state: Literal["received", "seen", "accepted", "rejected"] = Field(
        description="`seen`: a reviewer looked at it.", examples=["received"]
    )
    width: int = Field(description="Width in pixels.", examples=[1200])
    height: int = Field(description="Height in pixels.", examples=[900])
    created_at: Moment = Field(description="When it was sent.", examples=[_TIME])


class DeskRecord(Output):
    name: RegisteredName
    sex: RegisteredSex
    birth_date: RegisteredBirthDate
    institution_name: str = Field(description="院校: name of the school.", examples=["示例大学"])
    programme_name: ProgrammeName
    admission_date: AdmissionDate


class DeskHolder(Output):
    state: str = Field(description="Of the account now.", examples=["active"])
    holding: Literal["unverified", "weak", "strong"] = Field(
        description="What it had proven; after a grant, before it.", examples=["weak"]
    )
    since: Moment = Field(description="When it was registered.", examples=[_TIME])
    told_at: Moment = Field(description="When the claim was told to it.", examples=[_TIME])
    reachable: bool = Field(description="Whether any channel was left to tell it by.", examples=[True])
    objected_at: Moment | None = Field(description="When it objected; null: not so far.", examples=[None])
    undo_asked_at: Moment | None = Field(
        description="When it asked to take the grant back; null: not so far.", examples=[None]
    )
    objection: str | None = Field(description="The holder's words; null where it did not object.", examples=[None])


class DeskCase(Output):
    id: Id = Field(examples=[_ID])
    state: CaseStateName = Field(examples=["in_review"])
    claimed_name: str = Field(description="姓名 that the claimant registered with.", examples=["示例同学"])
    sex: Literal["male", "female"] = Field(description="As the claimant registered.", examples=["female"])
    document_type: str = Field(
        description="证件类型 of the claimed document, as `document_type` of a registration.", examples=["SFZ"]
    )
    document_number: str = Field(
        description="Whole, to be compared with the card in the photos.", examples=["110101200001010002"]
    )
    account_opened_at: Moment = Field(description="When the claimant's account was registered.", examples=[_TIME])
    submitted_at: Moment | None = Field(description="When the case was handed in; null: not yet.", examples=[_TIME])
    effect_at: Moment | None = Field(
        description="Nothing takes effect before; null where no notice was given.", examples=[_TIME]
    )
    reviewers: int = Field(description="How many must agree.", examples=[1])
    approvals: int = Field(description="How many reviewers have agreed.", examples=[0])
    evidence: list[CaseEvidence] = Field(description="What the claimant brought, oldest first.")
    photos: list[DeskPhoto] = Field(description="Photos to look at, of both sides, oldest first.")
    records: list[DeskRecord] = Field(description="With the claimed document, as schools registered them.")
    holders: list[DeskHolder] = Field(description="Accounts that have or had the document, and were told.")
    log: list[CaseEvent] = Field(description="Everything that happened, oldest first.")
    decisions: dict[DecisionName, list[str]] = Field(
        description="What can be decided now, and for which reasons.",
        examples=[{"approve": ["evidence_convincing"], "reject": ["evidence_unconvincing"]}],
    )


class QueuedVerification(Output):
    id: Id = Field(examples=[_ID])
    queued_at: Moment = Field(description="Since when it waits for people.", examples=[_TIME])
    deadline: Moment = Field(description="To be decided until.", examples=[_TIME])
    overdue: bool = Field(description="The deadline is over, and nothing was decided.", examples=[False])
    assigned: bool = Field(description="Somebody has it.", examples=[False])
    mine: bool = Field(description="Whether it is the asker who has it.", examples=[False])


class VerificationQueue(Output):
    items: list[QueuedVerification] = Field(description="Longest waiting first.")
    next_cursor: NextCursor


class VerificationPhoto(Output):
    id: Id = Field(examples=[_ID])
    side: Side = Field(description="Which side of the card the person holds up.", examples=["front"])
    state: Literal["received", "seen"] = Field(description="`seen`: a reviewer looked at it.", examples=["received"])
    width: int = Field(description="Width in pixels.", examples=[1200])
    height: int = Field(description="Height in pixels.", examples=[900])
    created_at: Moment = Field(description="When it was sent.", examples=[_TIME])


class DeskVerification(Output):
    id: Id = Field(examples=[_ID])
    claimed_name: str = Field(description="姓名 that the account was registered with.", examples=["示例同学"])
    sex: Literal["male", "female"] = Field(description="As the account was registered.", examples=["female"])
    document_type: str = Field(
        description="证件类型 of the document, as `document_type` of a registration.", examples=["SFZ"]
    )
    document_number: str = Field(
        description="Whole, to be compared with the card in the photos.", examples=["110101200001010002"]
    )
    account_opened_at: Moment = Field(description="When the account was registered.", examples=[_TIME])
    queued_at: Moment = Field(description="When the photos were handed in.", examples=[_TIME])
    photos: list[VerificationPhoto] = Field(description="Photos to look at, oldest first.")
    records: list[DeskRecord] = Field(description="With the claimed document, as schools registered them.")
    log: list[VerificationEvent] = Field(description="Everything that happened, oldest first.")
    decisions: dict[PhotoDecisionName, list[str]] = Field(
        description="What can be decided, and for which reasons.",
        examples=[{"accept_photos": ["photos_show_applicant"], "refuse_photos": ["photos_unreadable"]}],
    )


class VerificationDecision(Input):
    decision: PhotoDecisionName = Field(
        description="One of those that the verification offers (`decisions`).", examples=["accept_photos"]
    )
    reason: ShortText = Field(description="One of the reasons of this decision.", examples=["photos_show_applicant"])
    note: Note | None = Field(
        default=None, description="In words; the applicant reads it.", examples=["照片中证件号码清晰，与申请一致。"]
    )


class CaseDecision(Input):
    decision: DecisionName = Field(description="One of those that the case offers (`decisions`).", examples=["approve"])
    reason: ShortText = Field(description="One of the reasons of this decision.", examples=["evidence_convincing"])
    note: Note | None = Field(
        default=None, description="In words; the applicant reads it.", examples=["照片中证件号码清晰，与申请一致。"]
    )
