"""The life of a record: what its student and its registrar read."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from pydantic import BaseModel

from xuexin_api.core.code_tables import EnrollmentStatus
from xuexin_api.core.messages import Language
from xuexin_api.core.record_life import REASONS, allowed
from xuexin_api.openapi import Examples, Shown
from xuexin_api.routers.archive.record_presentation import (
    access_list,
    degree_list,
    qualification_list,
    record_change,
)
from xuexin_api.routers.examples.accounts import AN_ID, NOW
from xuexin_api.routers.examples.archive import LEFT, STUDYING
from xuexin_api.routers.presentation import STATUSES
from xuexin_api.schemas.archive import Enrollment, RecordHistory
from xuexin_api.schemas.proofs import CheckState, PhotoProof, PhotoProofState, RecordCheck
from xuexin_api.schemas.record_office import (
    EnrollmentLine,
    EnrollmentLines,
    OfficeCertificate,
    OfficeDegree,
    OfficeEnrollment,
    OfficePhoto,
)
from xuexin_api.services.archive.outcomes import (
    DegreeExplanation,
    DegreePage,
    DegreeView,
    Explanation,
    QualificationPage,
    QualificationView,
)
from xuexin_api.services.archive.record_accesses import AccessPage, RecordAccessView
from xuexin_api.services.archive.record_history import FieldChange, RecordChange

_LEAVE: Final = RecordChange(
    id=AN_ID,
    change="suspend",
    reason="health",
    note="教务〔2025〕12号",
    effective_on=date(2025, 3, 1),
    at=NOW,
    fields=[FieldChange("status", "registered", "suspended")],
    photo_until=None,
)
_ROSTER: Final = RecordChange(
    id=AN_ID,
    change="roster",
    reason=None,
    note=None,
    effective_on=None,
    at=NOW,
    fields=[FieldChange("class_name", None, "计科2301")],
    photo_until=None,
)
_DIPLOMA: Final = OfficeCertificate(
    conclusion="graduated",
    certificate_number="990001202705000001",
    graduation_date=date(2027, 7, 1),
    president_name="示例校长",
    exchanged_on=None,
)
_LINE: Final = EnrollmentLine(
    id=AN_ID,
    name="示例同学",
    student_number="2023010001",
    candidate_number="23430101150001",
    level="本科",
    programme_name="计算机科学与技术",
    class_name="计科2301",
    grade=2023,
    admission_date=date(2023, 9, 1),
    status=STATUSES[EnrollmentStatus.REGISTERED],
)


def _history(*changes: RecordChange) -> Callable[[Language], RecordHistory]:
    def made(language: Language) -> RecordHistory:
        return RecordHistory(items=[record_change(change, language) for change in changes], next_cursor=None)

    return made


def _at_the_office(enrollment: Enrollment, **more: Any) -> OfficeEnrollment:
    status = EnrollmentStatus(enrollment.status.code)
    plain = {
        "enrollment": enrollment,
        "version": 3,
        "grade": 2023,
        "registered_year": 2025,
        "photos": [
            OfficePhoto(kind=photo.kind, sha256=hashlib.sha256(photo.kind.encode()).hexdigest(), imported_at=NOW)
            for photo in enrollment.photos
            if photo.available
        ],
        "certificate": None,
        "degree": None,
        "check": None,
        "photo_proof": None,
        "changes": {str(change): list(REASONS[change]) for change in allowed(status)},
    }
    return OfficeEnrollment.model_validate(plain | more)


_STUDYING: Final = _at_the_office(STUDYING)
_LEFT: Final = _at_the_office(LEFT, certificate=_DIPLOMA)
_WITH_DEGREE: Final = _at_the_office(
    LEFT,
    certificate=_DIPLOMA,
    degree=OfficeDegree(name="工学学士学位", certificate_number="9900142027000001", awarded_on=date(2027, 7, 1)),
)
_HISTORY: Final = {
    "changed": Shown("A leave, and before it a roster.", _history(_LEAVE, _ROSTER)),
    "unchanged": Shown("As it was first registered.", _history()),
}
_QUALIFICATION: Final = QualificationView(
    id=AN_ID,
    enrollment_id=AN_ID,
    name="示例同学",
    sex="female",
    birth_date=date(2005, 3, 7),
    admission_date=date(2023, 9, 1),
    graduation_date=date(2027, 7, 1),
    institution_code="4199990001",
    institution_name="示例大学",
    place="示例省",
    programme_code="080901",
    programme_name="计算机科学与技术",
    category="普通高等教育",
    duration_years=Decimal("4.0"),
    study_form="普通全日制",
    level="本科",
    conclusion="graduated",
    exchanged_on=None,
    president_name="示例校长",
    certificate_number="900011202705000001",
    photo_kinds=("admission", "graduation"),
)
_DEGREE: Final = DegreeView(
    AN_ID, AN_ID, "4199990001", "示例大学", "工学学士学位", "9000142027000001", date(2027, 7, 1)
)


_CHECKED: Final = RecordCheck(id=AN_ID, wrong_fields=[], at=NOW, outdated=False)
_FAULTY: Final = RecordCheck(id=AN_ID, wrong_fields=["class_name"], at=NOW, outdated=False)
_SAID: Final = PhotoProof(
    id=AN_ID,
    answer="right",
    fault=None,
    state="to_confirm",
    created_at=NOW,
    expires_at=NOW + timedelta(minutes=10),
    confirmed_at=None,
)
_CONFIRMED: Final = _SAID.model_copy(update={"state": "confirmed", "confirmed_at": NOW})
_NOT_ME: Final = _SAID.model_copy(update={"answer": "wrong", "fault": "another_person"})
_UNTIL: Final = date(2027, 6, 30)


def _proofed(state: str) -> PhotoProofState:
    last = (_CONFIRMED if state == "confirmed" else _SAID).model_copy(update={"state": state})
    return PhotoProofState(open=True, until=_UNTIL, photo_available=True, last=last)


def _qualifications(explanation: Explanation | None, *views: QualificationView) -> Callable[[Language], BaseModel]:
    page = QualificationPage(list(views), explanation, None)
    return lambda language: qualification_list(page, language)


def _degrees(explanation: DegreeExplanation | None, *views: DegreeView) -> Callable[[Language], BaseModel]:
    page = DegreePage(list(views), explanation, None)
    return lambda language: degree_list(page, language)


def _accesses(*looks: tuple[str, str]) -> Callable[[Language], BaseModel]:
    views = [
        RecordAccessView(
            id=AN_ID,
            at=NOW,
            enrollment_id=AN_ID,
            institution_code=STUDYING.institution.code,
            institution_name=STUDYING.institution.name,
            province=None,
            staff_id=AN_ID,
            action=action,
            purpose=purpose,
        )
        for action, purpose in looks
    ]
    return lambda language: access_list(AccessPage(views, None), language)


RECORDS: Final[Examples] = {
    "list_accesses": {
        "looks": Shown(
            "Found, seen, changed.",
            _accesses(("changed", "suspend"), ("viewed", "student_request"), ("listed", "student_request")),
        ),
        "none": Shown("Nobody looked.", _accesses()),
    },
    "get_check": {
        "not_yet": Shown("Nothing was said.", CheckState(open=True, until=_UNTIL, last=None)),
        "correct": Shown("Said to be right.", CheckState(open=True, until=_UNTIL, last=_CHECKED)),
        "frozen": Shown("Too late.", CheckState(open=False, until=None, last=_FAULTY)),
    },
    "check_enrollment": {
        "correct": Shown("All of it is right.", _CHECKED),
        "wrong": Shown("The class is wrong.", _FAULTY),
    },
    "get_photo_proof": {
        "no_photo": Shown(
            "There is no photo.", PhotoProofState(open=True, until=_UNTIL, photo_available=False, last=None)
        ),
        "confirmed": Shown("It counts.", _proofed("confirmed")),
        "expired": Shown("The second word did not come in time.", _proofed("expired")),
        "outdated": Shown("The school gave another photo since.", _proofed("outdated")),
    },
    "prove_photo": {
        "right": Shown("Right; to be confirmed.", _SAID),
        "wrong": Shown("Another person; to be confirmed.", _NOT_ME),
    },
    "confirm_photo_proof": {"confirmed": Shown("It counts.", _CONFIRMED)},
    "list_qualifications": {
        "graduated": Shown("毕业.", _qualifications(None, _QUALIFICATION)),
        "exchanged": Shown(
            "结业换毕业.", _qualifications(None, replace(_QUALIFICATION, exchanged_on=date(2028, 1, 5)))
        ),
        "enrolled": Shown("In school: 学籍 only.", _qualifications("enrolled")),
        "none": Shown("No school registered anything.", _qualifications("no_record")),
        "left": Shown("Left with neither 毕业 nor 结业.", _qualifications("left_without_certificate")),
    },
    "list_degrees": {
        "one": Shown("A degree.", _degrees(None, _DEGREE)),
        "none": Shown("None was reported.", _degrees("no_degree_reported")),
    },
    "list_enrollment_history": _HISTORY,
    "list_enrollment_changes": _HISTORY,
    "search_enrollments": {
        "found": Shown("One record fits.", EnrollmentLines(items=[_LINE], next_cursor=None)),
        "nothing": Shown("None of this school's.", EnrollmentLines(items=[], next_cursor=None)),
    },
    "view_enrollment": {
        "in_school": Shown("A student, and what can become of the record.", _STUDYING),
        "graduated": Shown("With 学历 and 学位: nothing more can become of it but a degree.", _WITH_DEGREE),
    },
    "change_enrollment": {
        "on_leave": Shown(
            "休学.",
            _at_the_office(STUDYING.model_copy(update={"status": STATUSES[EnrollmentStatus.SUSPENDED]}), version=4),
        ),
        "graduated": Shown("毕业: the 学历 is registered.", _LEFT),
    },
}
