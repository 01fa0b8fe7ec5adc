"""学籍 as the student reads it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, PlainSerializer

from xuexin_api.schemas.types import Choice, Id, Moment, NextCursor, Output, Sex

_ID = "0199a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b"
PhotoKind = Literal["admission", "graduation"]
Years = Annotated[Decimal, PlainSerializer(float, return_type=float, when_used="json")]


class CodedName(Output):
    code: str = Field(examples=["080901"])
    name: str = Field(examples=["计算机科学与技术"])


class EnrollmentStatus(Output):
    code: str = Field(examples=["registered"])
    display: str = Field(examples=["在籍（注册学籍）"])
    enrolled: bool = Field(description="Whether the student is in school now.", examples=[True])


class PhotoState(Output):
    kind: PhotoKind = Field(examples=["admission"])
    available: bool = Field(examples=[True])


class Enrollment(Output):
    id: Id = Field(examples=[_ID])
    name: str = Field(examples=["示例同学"])
    sex: Sex = Field(examples=["female"])
    birth_date: date = Field(examples=["2005-03-07"])
    ethnicity: str = Field(examples=["汉族"])
    document_number_masked: str = Field(examples=["4301**********1234"])
    institution: CodedName = Field(examples=[{"code": "4199990001", "name": "示例大学"}])
    level: str = Field(examples=["本科"])
    programme: CodedName
    duration_years: Years = Field(examples=[4.0])
    category: str = Field(examples=["普通高等教育"])
    study_form: str = Field(examples=["普通全日制"])
    branch: str | None = Field(examples=[None])
    department: str | None = Field(examples=["信息学院"])
    class_name: str | None = Field(examples=["计科2301"])
    student_number: str = Field(examples=["2023010001"])
    candidate_number: str | None = Field(examples=["23430101150001"])
    admission_date: date = Field(examples=["2023-09-01"])
    status: EnrollmentStatus
    expected_graduation_date: date | None = Field(description="While enrolled.", examples=["2027-07-01"])
    leaving_date: date | None = Field(description="After.", examples=[None])
    photos: list[PhotoState] = Field(description="Both kinds, each there or not.")


class MissingEnrollment(Output):
    id: Literal["no_enrollment"] = Field(
        description="No school registered anybody of this name and document. One whose record says otherwise asks for "
        "it: `POST /v1/archive/claims`.",
        examples=["no_enrollment"],
    )
    title: str = Field(description="For people.", examples=["没有学校以您认证的姓名和证件登记学籍。"])


class EnrollmentList(Output):
    items: list[Enrollment]
    explanation: MissingEnrollment | None = Field(description="Why there is none.", examples=[None])
    next_cursor: NextCursor


class FieldChange(Output):
    field: str = Field(examples=["status"])
    title: str = Field(description="The field, for people.", examples=["学籍状态"])
    before: str | None = Field(examples=["在籍（注册学籍）"])
    after: str | None = Field(examples=["在籍（休学）"])


class RecordChange(Output):
    id: Id = Field(examples=[_ID])
    change: Choice = Field(
        description="What the school did; `roster` is an import of its whole list.",
        examples=[{"id": "suspend", "title": "休学"}],
    )
    reason: Choice | None = Field(
        description="Why; a roster gives none.", examples=[{"id": "health", "title": "身体原因"}]
    )
    note: str | None = Field(description="The school's own words.", examples=["教务〔2025〕12号"])
    effective_on: date | None = Field(description="Since when it counts.", examples=["2025-03-01"])
    at: Moment = Field(description="When it was written down.", examples=["2025-03-03T02:00:00Z"])
    fields: list[FieldChange] = Field(description="Before and after.")


class RecordHistory(Output):
    items: list[RecordChange]
    next_cursor: NextCursor


class Qualification(Output):
    id: Id = Field(examples=[_ID])
    enrollment_id: Id = Field(description="The 学籍 that it came of; the graduation photo hangs there.", examples=[_ID])
    name: str = Field(examples=["示例同学"])
    sex: Sex = Field(examples=["female"])
    birth_date: date = Field(examples=["2005-03-07"])
    admission_date: date = Field(examples=["2023-09-01"])
    graduation_date: date = Field(examples=["2027-07-01"])
    institution: CodedName = Field(examples=[{"code": "4199990001", "name": "示例大学"}])
    place: str = Field(description="Of the institution.", examples=["示例省"])
    programme: CodedName
    category: str = Field(examples=["普通高等教育"])
    duration_years: Years = Field(examples=[4.0])
    study_form: str = Field(examples=["普通全日制"])
    level: str = Field(examples=["本科"])
    conclusion: Choice = Field(description="毕业 or 结业.", examples=[{"id": "graduated", "title": "毕业"}])
    exchanged_on: date | None = Field(
        description="结业换毕业: since when it says 毕业, under the same number.", examples=[None]
    )
    president_name: str = Field(examples=["示例校长"])
    certificate_number: str = Field(examples=["900011202705000001"])
    graduation_photo: bool = Field(description="Whether the photo is there.", examples=[True])


class MissingQualification(Output):
    id: Literal["no_record", "enrolled", "left_without_certificate"] = Field(
        description="`enrolled`: who is in school has 学籍 only, until the school registers the outcome. `no_record`: "
        "schools registered nothing of this person. `left_without_certificate`: left with neither 毕业 nor 结业.",
        examples=["enrolled"],
    )
    title: str = Field(description="For people.", examples=["您是在籍学生，该校目前只有您的学籍。"])


class MissingDegree(Output):
    id: Literal["no_degree_reported"] = Field(examples=["no_degree_reported"])
    title: str = Field(description="For people.", examples=["没有学校上报您的学位。"])


class QualificationList(Output):
    items: list[Qualification]
    explanation: MissingQualification | None = Field(description="Why a 学历 may be missing.", examples=[None])
    next_cursor: NextCursor


class Degree(Output):
    id: Id = Field(examples=[_ID])
    enrollment_id: Id = Field(examples=[_ID])
    institution: CodedName = Field(examples=[{"code": "4199990001", "name": "示例大学"}])
    name: str = Field(examples=["工学学士学位"])
    certificate_number: str = Field(examples=["9000142027000001"])
    awarded_on: date = Field(examples=["2027-07-01"])


class RecordAccess(Output):
    id: Id = Field(examples=[_ID])
    at: Moment = Field(examples=["2025-03-03T02:00:00Z"])
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
    items: list[RecordAccess]
    next_cursor: NextCursor


class DegreeList(Output):
    items: list[Degree]
    explanation: MissingDegree | None = Field(description="Why there is none.", examples=[None])
    next_cursor: NextCursor
