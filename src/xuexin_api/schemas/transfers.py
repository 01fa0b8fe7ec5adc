"""Transfers between two schools."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from xuexin_api.schemas.archive import Enrollment
from xuexin_api.schemas.record_office import ArchiveText, Grade, ProgrammeCode
from xuexin_api.schemas.terms import CodedName
from xuexin_api.schemas.types import Choice, Day, Id, Input, Moment, NextCursor, Output

Direction = Literal["in", "out"]
Note = Annotated[str, StringConstraints(min_length=1, max_length=500)] | None
_ID = "0199a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b"
_TIME = "2026-11-23T08:00:00Z"


class TransferRequest(Input):
    to_institution_code: Annotated[str, StringConstraints(pattern=r"^[0-9]{10}$")] = Field(
        description="学校标识码 of the school that is asked to take the student, 10 digits.", examples=["4199990002"]
    )
    reason: Literal["health", "hardship", "programme_closed", "student_request"] = Field(
        description="Why the student leaves.", examples=["hardship"]
    )
    note: Note = Field(default=None, description="For the other school.", examples=["申请材料已寄。"])


class TransferAgreement(Input):
    student_number: Annotated[str, StringConstraints(pattern=r"^[0-9A-Z-]{1,30}$")] = Field(
        description="学号 of the student at the new school.", examples=["2024T0001"]
    )
    programme_code: ProgrammeCode = Field(examples=["080902"])
    programme_name: ArchiveText = Field(
        description="专业: name of the programme that the student joins.", examples=["软件工程"]
    )
    duration_years: Annotated[float, Field(gt=0, le=10, multiple_of=0.5)] = Field(
        description="学制 of the new programme in years, with halves.", examples=[4.0]
    )
    grade: Grade = Field(description="年级 that the student joins, by the year of its entry.", examples=[2024])
    expected_graduation_date: Day = Field(
        description="预计毕业日期, `YYYY-MM-DD`, in the future.", examples=["2028-07-01"]
    )
    branch: ArchiveText | None = Field(default=None, description="分院; null: none.", examples=[None])
    department: ArchiveText | None = Field(default=None, description="系所; null: none.", examples=["软件学院"])
    class_name: ArchiveText | None = Field(default=None, description="班级; null: none.", examples=["软工2401"])
    note: Note = Field(default=None, description="The student reads it.", examples=[None])


class TransferRefusal(Input):
    note: Note = Field(default=None, description="Why, for the other school.", examples=["专业不接收转学。"])


class Transfer(Output):
    id: Id = Field(examples=[_ID])
    enrollment_id: Id = Field(description="The record at the school that the student leaves.", examples=[_ID])
    name: str = Field(description="姓名 of the student.", examples=["示例同学"])
    from_institution: CodedName = Field(
        description="The school that the student leaves.", examples=[{"code": "4199990001", "name": "示例大学"}]
    )
    to_institution: CodedName = Field(
        description="The school that is asked to take the student.",
        examples=[{"code": "4199990002", "name": "青石理工大学"}],
    )
    state: Literal["requested", "agreed", "refused", "taken_back", "expired"] = Field(
        description="`requested` waits for the other school, which `agreed` or `refused`; `taken_back` by the school "
        "that asked; `expired` unanswered.",
        examples=["requested"],
    )
    reason: Choice = Field(description="Why the student leaves.", examples=[{"id": "hardship", "title": "特殊困难"}])
    note: str | None = Field(description="Words of the school that asked; null: none.", examples=[None])
    requested_at: Moment = Field(description="When it was asked for.", examples=[_TIME])
    expires_at: Moment = Field(description="Not to be answered after.", examples=[_TIME])
    decided_at: Moment | None = Field(
        description="When it was answered or taken back; null: not so far.", examples=[None]
    )
    answer: str | None = Field(description="The other school's words; null: none.", examples=[None])
    new_enrollment_id: Id | None = Field(
        description="The record at the new school; null unless it agreed.", examples=[None]
    )


class TransferList(Output):
    items: list[Transfer] = Field(description="Newest first.")
    next_cursor: NextCursor


class TransferWithRecord(Output):
    transfer: Transfer = Field(description="The transfer.")
    enrollment: Enrollment = Field(description="The record at the school that the student leaves.")
