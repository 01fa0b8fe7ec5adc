"""Corrections of records: what a student says is wrong, and what becomes of it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from xuexin_api.schemas.archive import Enrollment
from xuexin_api.schemas.photos import ProofPicture
from xuexin_api.schemas.record_office import OfficeCertificate, OfficeDegree
from xuexin_api.schemas.terms import School
from xuexin_api.schemas.types import Choice, Id, Input, Moment, NextCursor, Output, ShortText

CorrectionStateName = Annotated[
    Literal[
        "submitted", "school_review", "returned", "forwarded", "province_review", "applied", "declined", "withdrawn"
    ],
    Field(
        description="`submitted`: at the school; `school_review`: somebody there has it. `returned`: the student has "
        "to bring more. `forwarded`: at the province; `province_review`: somebody there has it. `applied`: the record "
        "is as it should be. `declined`, `withdrawn`: it stays as it is."
    ),
]
DeskState = Annotated[
    Literal["submitted", "school_review", "returned", "forwarded", "province_review", "applied", "declined"],
    Field(
        description="`submitted`: at the school; `school_review`: somebody there has it. `returned`: the student has "
        "to bring more. `forwarded`: at the province; `province_review`: somebody there has it. `applied`: the record "
        "is as it should be. `declined`: it stays as it is."
    ),
]
TakenState = Annotated[
    Literal["school_review", "province_review"],
    Field(description="`school_review`: somebody at the school has it; `province_review`: somebody at the province."),
]
RecordKindName = Literal["enrollment", "qualification", "degree"]
CorrectedFieldName = Literal[
    "name",
    "sex",
    "birth_date",
    "ethnicity",
    "document_number",
    "level",
    "programme_code",
    "programme_name",
    "duration_years",
    "category",
    "study_form",
    "branch",
    "department",
    "class_name",
    "student_number",
    "candidate_number",
    "admission_date",
    "expected_graduation_date",
    "leaving_date",
    "graduation_date",
    "president_name",
    "certificate_number",
    "degree_name",
    "degree_certificate_number",
    "awarded_on",
]
_Words = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
_Note = Annotated[str, StringConstraints(min_length=1, max_length=500)]
_ID = "0199a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b"
_TIME = "2026-11-23T08:00:00Z"
_RECORD = Field(description="学籍, 学历 or 学位 of the enrollment.", examples=["enrollment"])
_SINCE = Field(description="Since when the holder has it, or it has ended.", examples=[_TIME])
_OVERDUE = Field(description="The time is over, and nothing was decided.", examples=[False])


class FieldWish(Input):
    field: CorrectedFieldName = Field(
        description="Which; `status` becomes another only by a change that the school makes, and a school is left by a "
        "transfer, so neither is corrected.",
        examples=["class_name"],
    )
    value: Annotated[str, StringConstraints(max_length=128)] | None = Field(
        description="What should stand there, as rosters write it; null: nothing. A `document_number` is the one that "
        "the account was verified with.",
        examples=["计科2302"],
    )


class CorrectionSubmission(Input):
    record: RecordKindName = _RECORD
    fields: Annotated[list[FieldWish], Field(min_length=1, max_length=20)] = Field(
        description="Each field once.", examples=[[{"field": "class_name", "value": "计科2302"}]]
    )
    statement: _Words = Field(description="Why, for whoever decides.", examples=["分班名单上我在计科2302班。"])
    proof_ids: Annotated[list[Id], Field(min_length=1, max_length=9)] = Field(
        description="Pictures that were sent for this record before.", examples=[[_ID]]
    )


class CorrectionResubmission(Input):
    statement: _Words = Field(description="The answer to what was missing.", examples=["补充了盖章的分班名单。"])
    proof_ids: Annotated[list[Id], Field(max_length=9)] = Field(
        default=[], description="Further pictures that were sent for this record.", examples=[[_ID]]
    )


class CorrectedField(Output):
    field: CorrectedFieldName = Field(description="Which field, by its name in the record.", examples=["class_name"])
    title: str = Field(description="The field, for people.", examples=["班级"])
    before: str | None = Field(description="As it was when it was called wrong; null: empty.", examples=["计科2301"])
    after: str | None = Field(description="As it should be; null: empty.", examples=["计科2302"])


class CorrectionEvent(Output):
    kind: str = Field(description="What happened, for programs.", examples=["submitted"])
    title: str = Field(description="What happened, for people.", examples=["已提交学校"])
    actor: Literal["student", "school", "province", "service"] = Field(
        description="Who did it; `service`: the clock.", examples=["student"]
    )
    reason: Choice | None = Field(description="Why; null where nobody says.", examples=[None])
    note: str | None = Field(
        description="In the words of whoever did it; null: none.", examples=["分班名单上我在计科2302班。"]
    )
    at: Moment = Field(description="When it happened.", examples=[_TIME])


class RecordCorrectionLine(Output):
    id: Id = Field(examples=[_ID])
    enrollment_id: Id = Field(
        description="The 学籍 that it is about, or whose 学历 or 学位 it is about.", examples=[_ID]
    )
    record: RecordKindName = _RECORD
    institution: School
    fields: list[CorrectedFieldName] = Field(description="Fields that are called wrong.", examples=[["class_name"]])
    state: CorrectionStateName = Field(examples=["submitted"])
    title: str = Field(description="The state, for people.", examples=["已提交，待学校受理"])
    holder: Literal["student", "school", "province"] | None = Field(
        description="Whose move it is; null: it is over.", examples=["school"]
    )
    since: Moment = _SINCE
    deadline: Moment | None = Field(
        description="Until when the holder has time: then the school's goes to the province, and what was returned is "
        "withdrawn. Null: it is over.",
        examples=["2026-12-08T08:00:00Z"],
    )
    overdue: bool = _OVERDUE
    submitted_at: Moment = Field(description="When it was handed in first.", examples=[_TIME])
    decided_at: Moment | None = Field(description="When it was applied or declined; null: not yet.", examples=[None])
    reason: Choice | None = Field(
        description="Why it was returned, forwarded or decided so; null where it was not.", examples=[None]
    )
    note: str | None = Field(description="In the school's or the province's words; null: none.", examples=[None])
    next: list[Choice] = Field(
        description="What comes next.", examples=[[{"id": "await_school", "title": "等待学校审核"}]]
    )


class RecordCorrection(RecordCorrectionLine):
    values: list[CorrectedField] = Field(description="What was asked for; numbers of documents masked.")
    proofs: list[ProofPicture] = Field(description="Pictures that prove it, oldest first.")
    log: list[CorrectionEvent] = Field(description="Everything that happened, oldest first.")


class RecordCorrectionList(Output):
    items: list[RecordCorrectionLine] = Field(description="Newest first, whatever became of them.")
    next_cursor: NextCursor


class DeskCorrectionLine(Output):
    id: Id = Field(examples=[_ID])
    record: RecordKindName = _RECORD
    fields: list[CorrectedFieldName] = Field(description="Fields that are called wrong.", examples=[["class_name"]])
    institution: School
    state: DeskState = Field(examples=["submitted"])
    submitted_at: Moment = Field(description="When its student handed it in.", examples=[_TIME])
    since: Moment = _SINCE
    deadline: Moment | None = Field(
        description="Until when the holder has time; null for what has ended.", examples=["2026-12-08T08:00:00Z"]
    )
    overdue: bool = _OVERDUE
    assigned: bool = Field(description="Somebody has it.", examples=[False])
    mine: bool = Field(description="Whether it is the asker who has it.", examples=[False])
    decided_at: Moment | None = Field(description="When it was applied or declined.", examples=[None])


class WaitingCorrection(DeskCorrectionLine):
    state: TakenState = Field(examples=["school_review"])
    deadline: Moment = Field(description="To be decided until.", examples=["2026-12-08T08:00:00Z"])


class CorrectionQueue(Output):
    items: list[DeskCorrectionLine] = Field(
        description="The next to be over first; of what has ended, the newest first."
    )
    next_cursor: NextCursor


class Asker(Output):
    name: str = Field(description="As the account was verified.", examples=["示例同学"])
    verified_strength: Literal["weak", "strong"] | None = Field(
        description="By which evidence the account was verified; null where it is verified no more.",
        examples=["strong"],
    )


class DeskCorrection(Output):
    correction: RecordCorrection = Field(description="What is asked for, as its student reads it.")
    enrollment: Enrollment = Field(description="学籍, as it is now.")
    version: int = Field(description="Of the 学籍; applying names it in `If-Match`.", examples=[3])
    certificate: OfficeCertificate | None = Field(
        description="学历, as it is now; null where there is none.", examples=[None]
    )
    degree: OfficeDegree | None = Field(description="学位, as it is now; null where there is none.", examples=[None])
    asker: Asker = Field(description="Whose account asks.")
    province_needed: Literal["published", "identity", "frozen", "entry", "moved"] | None = Field(
        description="Why a school may not apply this by itself: there is a 学历, it is about who the student is, "
        "graduation data are frozen, the time to register who entered then is over, or the record is another school's "
        "by now. Null where the asker may.",
        examples=[None],
    )
    decisions: dict[str, list[str]] = Field(
        description="What can be said now, and for which reasons.",
        examples=[{"apply": ["registered_wrongly"], "decline": ["proof_unconvincing"]}],
    )


class CorrectionDecision(Input):
    reason: ShortText = Field(description="One of the reasons of this decision.", examples=["registered_wrongly"])
    note: _Note | None = Field(
        default=None, description="In words; the student reads it.", examples=["已核对分班名单。"]
    )


class CorrectionRefusal(Input):
    reason: ShortText = Field(description="One of the reasons of this decision.", examples=["proof_missing"])
    note: _Note = Field(
        description="What is missing, or why not; the student reads it.", examples=["请补充盖章的分班名单。"]
    )
