"""Records as registrars keep them."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from xuexin_api.core.code_tables import EnrollmentStatus as StatusCode
from xuexin_api.core.errors import BrokenRuleError
from xuexin_api.core.roster_cells import read_text
from xuexin_api.schemas.archive import Enrollment, EnrollmentStatus, PhotoKind
from xuexin_api.schemas.proofs import PhotoProof, RecordCheck
from xuexin_api.schemas.terms import (
    AdmissionDate,
    AwardedOn,
    CandidateNumber,
    CertificateNumber,
    ClassName,
    DegreeName,
    DegreeNumber,
    GraduationDate,
    Level,
    PresidentName,
    ProgrammeName,
    RegisteredGrade,
    RegisteredName,
    StudentNumber,
)
from xuexin_api.schemas.types import Cursor, Day, Id, Input, Moment, NextCursor, Output, ShortText

Purpose = Literal["record_keeping", "student_request", "certificate", "complaint"]
PlainChange = Literal[
    "register",
    "await_registration",
    "defer_registration",
    "suspend",
    "resume",
    "retain",
    "withdraw",
    "expel",
    "record_death",
    "leave_incomplete",
    "exchange_certificate",
]
_ID = "0199a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b"
Grade = Annotated[int, Field(ge=1949, le=2999)]
ProgrammeCode = Annotated[
    str, StringConstraints(pattern=r"^[0-9A-Z]{2,12}$"), Field(description="专业代码: code of the programme.")
]


def _as_in_rosters(text: str) -> str:
    """What is typed is kept as what is uploaded: nothing that cannot be seen, and no blanks for a name."""
    plain = text.strip()
    if not plain:
        raise PydanticCustomError("malformed", "blank")
    try:
        return read_text(plain)
    except BrokenRuleError:
        raise PydanticCustomError("malformed", "unprintable") from None


ArchiveText = Annotated[str, StringConstraints(min_length=1, max_length=80), AfterValidator(_as_in_rosters)]
_CertificateNumber = Annotated[str, StringConstraints(pattern=r"^[0-9A-Z]{8,20}$")]


class _Wanted(Input):
    purpose: Purpose = Field(
        description="What for; the people whose records are shown can read it.", examples=["record_keeping"]
    )
    student_number: ShortText | None = Field(
        default=None, description="学号, whole; null: any.", examples=["2023010001"]
    )
    candidate_number: ShortText | None = Field(default=None, description="考生号, whole; null: any.", examples=[None])
    name: ShortText | None = Field(default=None, description="姓名, whole; null: any.", examples=[None])
    document_number: ShortText | None = Field(
        default=None, description="证件号码, whole, in any spelling; null: any.", examples=[None]
    )
    class_name: ShortText | None = Field(
        default=None, description="班级, by its whole name; null: any.", examples=["计科2301"]
    )
    programme_name: ShortText | None = Field(
        default=None, description="专业, by its whole name; null: any.", examples=[None]
    )
    grade: Grade | None = Field(default=None, description="年级, by the year of its entry; null: any.", examples=[None])
    statuses: list[Annotated[StatusCode, Field(strict=False)]] = Field(
        default=[], max_length=len(StatusCode), description="Any of these; empty: all.", examples=[["registered"]]
    )


class EnrollmentExport(_Wanted):
    """Which records of one's school to take home."""


class EnrollmentSearch(_Wanted):
    cursor: Cursor | None = Field(default=None, description="`next_cursor` of the page before.", examples=[None])
    limit: int = Field(default=20, description="How many a page has at most.", ge=1, le=100, examples=[20])


class EnrollmentLine(Output):
    id: Id = Field(examples=[_ID])
    name: RegisteredName
    student_number: StudentNumber
    candidate_number: CandidateNumber
    level: Level
    programme_name: ProgrammeName
    class_name: ClassName
    grade: RegisteredGrade
    admission_date: AdmissionDate
    status: EnrollmentStatus = Field(description="学籍状态: status of the enrollment.")


class EnrollmentLines(Output):
    items: list[EnrollmentLine] = Field(
        description="Records of one's school, in the order in which they were registered."
    )
    next_cursor: NextCursor


class OfficeCertificate(Output):
    conclusion: Literal["graduated", "completed"] = Field(
        description="`graduated` 毕业, `completed` 结业.", examples=["graduated"]
    )
    certificate_number: CertificateNumber
    graduation_date: GraduationDate
    president_name: PresidentName
    exchanged_on: date | None = Field(
        description="结业换毕业: since when it says 毕业; null where it was not exchanged.", examples=[None]
    )


class OfficeDegree(Output):
    name: DegreeName
    certificate_number: DegreeNumber
    awarded_on: AwardedOn


class OfficePhoto(Output):
    kind: PhotoKind = Field(description="`admission` 录取照片, `graduation` 学历照片.", examples=["admission"])
    sha256: str = Field(
        description="SHA-256 of its file, as in its `ETag` and in the history.",
        examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
    )
    imported_at: Moment = Field(description="Since when the record has it.", examples=["2026-11-23T08:00:00Z"])


class OfficeEnrollment(Output):
    enrollment: Enrollment = Field(description="As the student sees it.")
    version: int = Field(description="Counts the changes; a change names it in `If-Match`.", examples=[3])
    grade: RegisteredGrade
    registered_year: int | None = Field(
        description="The last school year that the student was registered for, by its first year; null: none so far.",
        examples=[2025],
    )
    photos: list[OfficePhoto] = Field(
        description="What there is at `…/photos/{kind}`: one of each kind at most; none where no school brought one."
    )
    certificate: OfficeCertificate | None = Field(description="学历; null: none so far.", examples=[None])
    degree: OfficeDegree | None = Field(description="学位; null: none so far.", examples=[None])
    check: RecordCheck | None = Field(
        description="核对: what the student said of the record last; null: nothing.", examples=[None]
    )
    photo_proof: PhotoProof | None = Field(
        description="图像校对: what the student said and confirmed of the graduation photo; null: nothing.",
        examples=[None],
    )
    changes: dict[str, list[str]] = Field(
        description="What can become of the record now, and for which reasons.",
        examples=[{"suspend": ["health", "start_up", "student_request"]}],
    )


class _Change(Input):
    reason: ShortText = Field(description="One of the reasons of this change.", examples=["health"])
    effective_on: Day = Field(description="Since when it counts: not in the future.", examples=["2025-03-01"])
    note: Annotated[str, StringConstraints(min_length=1, max_length=500)] | None = Field(
        default=None, description="In words; the student reads it.", examples=["教务〔2025〕12号"]
    )


class StatusChange(_Change):
    change: PlainChange = Field(description="Which change (学籍异动).", examples=["suspend"])


class YearRegistration(_Change):
    change: Literal["register_year"] = Field(
        description="学年注册: the student is registered for a school year.", examples=["register_year"]
    )
    school_year: Grade = Field(description="By its first year.", examples=[2025])


class ProgrammeChange(_Change):
    change: Literal["change_programme"] = Field(
        description="转专业: another programme of the same school.", examples=["change_programme"]
    )
    programme_code: ProgrammeCode = Field(examples=["080902"])
    programme_name: ArchiveText = Field(
        description="专业: name of the programme that the student joins.", examples=["软件工程"]
    )
    department: ArchiveText | None = Field(
        default=None, description="系所 that the student joins; null: as it is.", examples=["信息学院"]
    )
    class_name: ArchiveText | None = Field(
        default=None, description="班级 that the student joins; null: as it is.", examples=["软工2301"]
    )


class GradeChange(_Change):
    change: Literal["repeat_year", "skip_year"] = Field(
        description="`repeat_year` 留级, `skip_year` 跳级.", examples=["repeat_year"]
    )
    grade: Grade = Field(description="The year whose students the student joins.", examples=[2024])
    expected_graduation_date: Day = Field(
        description="预计毕业日期 from now on, `YYYY-MM-DD`.", examples=["2028-07-01"]
    )
    class_name: ArchiveText | None = Field(
        default=None, description="班级 that the student joins; null: as it is.", examples=["计科2401"]
    )


class Graduation(_Change):
    change: Literal["graduate", "complete"] = Field(
        description="毕业 or 结业; `effective_on` is the date on the certificate.", examples=["graduate"]
    )
    certificate_number: _CertificateNumber = Field(
        description="18 digits: school, type, year, level, serial (17 before 2002).", examples=["990011202705000001"]
    )
    president_name: ArchiveText = Field(
        description="校（院）长姓名: name of the president on the certificate.", examples=["示例校长"]
    )


class DegreeAward(_Change):
    change: Literal["award_degree"] = Field(
        description="`effective_on` is the day on which it was conferred.", examples=["award_degree"]
    )
    degree_name: ArchiveText = Field(description="学位: name of the degree.", examples=["工学学士学位"])
    certificate_number: _CertificateNumber = Field(
        description="学位证书编号: number of the degree's certificate.", examples=["9900142027000001"]
    )


AnyChange = StatusChange | YearRegistration | ProgrammeChange | GradeChange | Graduation | DegreeAward
EnrollmentChange = Annotated[AnyChange, Field(discriminator="change")]
