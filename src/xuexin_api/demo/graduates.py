"""Lists of made-up graduates, and somebody who was at two schools."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date

from xuexin_api.core.graduates import COLUMNS
from xuexin_api.demo.people import DemoStudent

_YEARS_BEFORE = 3


def earlier_record(student: DemoStudent) -> DemoStudent:
    """The 专科 that somebody finished before the 本科 of `student`."""
    entry = student.admission_date.year - _YEARS_BEFORE
    return replace(
        student,
        level="专科",
        duration=str(_YEARS_BEFORE),
        admission_date=date(entry, 9, 1),
        expected_graduation_date=date(entry + _YEARS_BEFORE, 7, 1),
        student_number=f"{entry}{student.student_number[4:]}",
        candidate_number=f"{entry % 100:02d}{student.candidate_number[2:]}",
        class_name=f"专{student.class_name}",
        status="注册学籍",
    )


def graduate_rows(students: Iterable[DemoStudent], *, today: date) -> Iterator[list[str]]:
    """The list of those who should have graduated by now, header first."""
    yield list(COLUMNS)
    for serial, student in enumerate(students, start=1):
        if student.status == "注册学籍" and student.expected_graduation_date <= today:
            yield _row(student, serial)


def _row(student: DemoStudent, serial: int) -> list[str]:
    day, bachelor = student.expected_graduation_date, student.level == "本科"
    school = student.institution_code[-5:]
    return [
        student.student_number,
        school,
        "毕业",
        f"{day:%Y%m%d}",
        f"{school}1{day:%Y}{'05' if bachelor else '06'}{serial:06d}",
        "示例校长",
        "学士学位" if bachelor else "",
        f"{school}4{day:%Y}{serial:06d}" if bachelor else "",
    ]
