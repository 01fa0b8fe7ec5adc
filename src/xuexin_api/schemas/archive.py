"""学籍 as the student reads it."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from xuexin_api.schemas.terms import (
    AdmissionDate,
    AwardedOn,
    Branch,
    CandidateNumber,
    Category,
    CertificateNumber,
    ClassName,
    CodedName,
    DegreeName,
    DegreeNumber,
    Department,
    DocumentNumberMasked,
    DurationYears,
    Ethnicity,
    GraduationDate,
    Level,
    PresidentName,
    Programme,
    RegisteredBirthDate,
    RegisteredName,
    RegisteredSex,
    School,
    StudentNumber,
    StudyForm,
)
from xuexin_api.schemas.types import Choice, Id, Moment, NextCursor, Output

_ID = "0199a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b"
PhotoKind = Literal["admission", "graduation"]


class EnrollmentStatus(Output):
    code: str = Field(description="The status, for programs.", examples=["registered"])
    display: str = Field(
        description="学籍状态 as it is shown, in Chinese whatever language is asked for.", examples=["在籍（注册学籍）"]
    )
    enrolled: bool = Field(description="Whether the student is in school now.", examples=[True])


class PhotoState(Output):
    kind: PhotoKind = Field(description="`admission` 录取照片, `graduation` 学历照片.", examples=["admission"])
    available: bool = Field(description="Whether the archive has it.", examples=[True])


class Enrollment(Output):
    id: Id = Field(examples=[_ID])
    name: RegisteredName
    sex: RegisteredSex
    birth_date: RegisteredBirthDate
    ethnicity: Ethnicity
    document_number_masked: DocumentNumberMasked
    institution: School
    level: Level
    programme: Programme
    duration_years: DurationYears
    category: Category
    study_form: StudyForm
    branch: Branch
    department: Department
    class_name: ClassName
    student_number: StudentNumber
    candidate_number: CandidateNumber
    admission_date: AdmissionDate
    status: EnrollmentStatus = Field(description="学籍状态: status of the enrollment.")
    expected_graduation_date: date | None = Field(
        description="预计毕业日期, while enrolled; null after.", examples=["2027-07-01"]
    )
    leaving_date: date | None = Field(
        description="离校日期, once the student has left; null while enrolled.", examples=[None]
    )
    photos: list[PhotoState] = Field(description="Both kinds, each there or not.")


class MissingEnrollment(Output):
    id: Literal["no_enrollment"] = Field(
        description="No school registered anybody of this name and document. One whose record says otherwise asks for "
        "it: `POST /v1/archive/claims`.",
        examples=["no_enrollment"],
    )
    title: str = Field(description="The reason, for people.", examples=["没有学校以您认证的姓名和证件登记学籍。"])


class EnrollmentList(Output):
    items: list[Enrollment] = Field(description="One's 学籍, in the order in which schools registered them.")
    explanation: MissingEnrollment | None = Field(
        description="Why there is none; null where there is one.", examples=[None]
    )
    next_cursor: NextCursor


class FieldChange(Output):
    field: str = Field(description="Which field of the record, by its name here.", examples=["status"])
    title: str = Field(description="The field, for people.", examples=["学籍状态"])
    before: str | None = Field(
        description="As it was, as people write it; null: empty, or not said.", examples=["在籍（注册学籍）"]
    )
    after: str | None = Field(description="As it is since; null: empty.", examples=["在籍（休学）"])


class RecordChange(Output):
    id: Id = Field(examples=[_ID])
    change: Choice = Field(
        description="What the school did; `roster` is an import of its whole list, `photo` a photo that came or was "
        "replaced, `claim_undone_photo` one that was put back, or taken away, as it came while the record was given to "
        "somebody else.",
        examples=[{"id": "suspend", "title": "休学"}],
    )
    reason: Choice | None = Field(
        description="Why; null of a roster and of an archive of photos, which give none.",
        examples=[{"id": "health", "title": "身体原因"}],
    )
    note: str | None = Field(description="The school's own words; null: none.", examples=["教务〔2025〕12号"])
    effective_on: date | None = Field(
        description="Since when it counts; null of a roster and of photos, which count from their publication.",
        examples=["2025-03-01"],
    )
    at: Moment = Field(description="When it was written down.", examples=["2025-03-03T02:00:00Z"])
    fields: list[FieldChange] = Field(
        description="Before and after. Of a photo, under `admission_photo` or `graduation_photo`, the SHA-256 of its "
        "file, as in its `ETag`, and never the picture; before is null where it was the first, after where none "
        "is left."
    )
    photo_until: Moment | None = Field(
        description="Up to when the photo that this one replaced can be seen, at `…/{change_id}/photo` (of staff: "
        "`…/changes/{change_id}/photo`); null where there is none, or none any more.",
        examples=[None],
    )


class RecordHistory(Output):
    items: list[RecordChange] = Field(description="Changes of the record, newest first.")
    next_cursor: NextCursor


class Qualification(Output):
    id: Id = Field(examples=[_ID])
    enrollment_id: Id = Field(description="The 学籍 that it came of; the graduation photo hangs there.", examples=[_ID])
    name: RegisteredName
    sex: RegisteredSex
    birth_date: RegisteredBirthDate
    admission_date: AdmissionDate
    graduation_date: GraduationDate
    institution: School
    place: str = Field(description="Of the institution.", examples=["示例省"])
    programme: Programme
    category: Category
    duration_years: DurationYears
    study_form: StudyForm
    level: Level
    conclusion: Choice = Field(description="毕业 or 结业.", examples=[{"id": "graduated", "title": "毕业"}])
    exchanged_on: date | None = Field(
        description="结业换毕业: since when it says 毕业, under the same number; null where it was not exchanged.",
        examples=[None],
    )
    president_name: PresidentName
    certificate_number: CertificateNumber
    graduation_photo: bool = Field(description="Whether the photo is there.", examples=[True])


class MissingQualification(Output):
    id: Literal["no_record", "enrolled", "left_without_certificate"] = Field(
        description="`enrolled`: who is in school has 学籍 only, until the school registers the outcome. `no_record`: "
        "schools registered nothing of this person. `left_without_certificate`: left with neither 毕业 nor 结业.",
        examples=["enrolled"],
    )
    title: str = Field(description="The reason, for people.", examples=["您是在籍学生，该校目前只有您的学籍。"])


class MissingDegree(Output):
    id: Literal["no_degree_reported"] = Field(
        description="No school reported a degree of this person. Degrees awarded before 2008-09-01 are not reported.",
        examples=["no_degree_reported"],
    )
    title: str = Field(description="The reason, for people.", examples=["没有学校上报您的学位。"])


class QualificationList(Output):
    items: list[Qualification] = Field(description="One's 学历, in the order in which schools registered them.")
    explanation: MissingQualification | None = Field(
        description="Why a 学历 may be missing; null where none is.", examples=[None]
    )
    next_cursor: NextCursor


class Degree(Output):
    id: Id = Field(examples=[_ID])
    enrollment_id: Id = Field(description="The 学籍 that it came of.", examples=[_ID])
    institution: CodedName = Field(
        description="学位授予单位: the school that awarded it.", examples=[{"code": "4199990001", "name": "示例大学"}]
    )
    name: DegreeName
    certificate_number: DegreeNumber
    awarded_on: AwardedOn


class RecordAccess(Output):
    id: Id = Field(examples=[_ID])
    at: Moment = Field(description="When it was looked at, or changed.", examples=["2025-03-03T02:00:00Z"])
    enrollment_id: Id = Field(description="Which of one's records.", examples=[_ID])
    institution: CodedName = Field(
        description="The school; a province's department, by its two digits in the codes of schools; or `service`, a "
        "reviewer of this service.",
        examples=[{"code": "4199990001", "name": "示例大学"}],
    )
    staff_id: Id = Field(description="The member of its staff, to ask there about.", examples=[_ID])
    action: Choice = Field(
        description="`listed` in a search, `exported` in a roster, `viewed`, or `changed`.",
        examples=[{"id": "viewed", "title": "查看学籍"}],
    )
    purpose: Choice = Field(
        description="What for; of a change, which.", examples=[{"id": "student_request", "title": "办理学生申请"}]
    )


class RecordAccessList(Output):
    items: list[RecordAccess] = Field(description="Newest first.")
    next_cursor: NextCursor


class DegreeList(Output):
    items: list[Degree] = Field(description="One's 学位, in the order in which schools registered them.")
    explanation: MissingDegree | None = Field(
        description="Why there is none; null where there is one.", examples=[None]
    )
    next_cursor: NextCursor
