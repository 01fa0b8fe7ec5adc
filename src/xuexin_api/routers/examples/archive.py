"""学籍 while in school and after."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Final

from xuexin_api.core.code_tables import EnrollmentStatus
from xuexin_api.openapi import Examples, Shown
from xuexin_api.routers.archive.record_presentation import enrollment_list
from xuexin_api.routers.examples.accounts import AN_ID
from xuexin_api.routers.presentation import STATUSES
from xuexin_api.schemas.archive import Enrollment, EnrollmentList, PhotoState
from xuexin_api.schemas.terms import CodedName
from xuexin_api.services.archive.archive import EnrollmentPage

STUDYING: Final = Enrollment(
    id=AN_ID,
    name="示例同学",
    sex="female",
    birth_date=date(2005, 3, 7),
    ethnicity="汉族",
    document_number_masked="4301**********1234",
    institution=CodedName(code="4199990001", name="示例大学"),
    level="本科",
    programme=CodedName(code="080901", name="计算机科学与技术"),
    duration_years=Decimal("4.0"),
    category="普通高等教育",
    study_form="普通全日制",
    branch=None,
    department="信息学院",
    class_name="计科2301",
    student_number="2023010001",
    candidate_number="23430101150001",
    admission_date=date(2023, 9, 1),
    status=STATUSES[EnrollmentStatus.REGISTERED],
    expected_graduation_date=date(2027, 7, 1),
    leaving_date=None,
    photos=[PhotoState(kind="admission", available=True), PhotoState(kind="graduation", available=False)],
)
LEFT: Final = STUDYING.model_copy(
    update={
        "status": STATUSES[EnrollmentStatus.GRADUATED],
        "expected_graduation_date": None,
        "leaving_date": date(2027, 7, 1),
        "photos": [PhotoState(kind="admission", available=True), PhotoState(kind="graduation", available=True)],
    }
)
_ON_LEAVE: Final = STUDYING.model_copy(update={"status": STATUSES[EnrollmentStatus.SUSPENDED]})
ARCHIVE: Final[Examples] = {
    "list_enrollments": {
        "one": Shown("One record.", EnrollmentList(items=[STUDYING], explanation=None, next_cursor=None)),
        "none": Shown(
            "The schools registered nothing of this person.",
            lambda language: enrollment_list(EnrollmentPage([], "no_enrollment", None), language),
        ),
    },
    "get_enrollment": {
        "enrolled": Shown("在籍: in school.", STUDYING),
        "on_leave": Shown("休学: on leave.", _ON_LEAVE),
        "left": Shown("不在籍: graduated.", LEFT),
    },
}
