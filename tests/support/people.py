"""Made-up students, and what they know of themselves."""

from __future__ import annotations

from dataclasses import dataclass

from xuexin_api.demo.people import DemoStudent, make_students

SCHOOLS = [("4199999001", "示例大学"), ("4199999002", "青石理工大学")]
FAR_SCHOOL = ("4198999009", "远岸大学")
"""In another province than the others; nobody studies there."""


@dataclass(frozen=True)
class Student:
    """A student with a phone; `record` is what the school would report."""

    phone: str
    name: str
    sex: str
    document_type: str
    document_number: str
    record: DemoStudent

    def fact(self, question: str) -> str:
        """The right answer to a question of record facts."""
        facts = {
            "candidate_number": self.record.candidate_number,
            "student_number": self.record.student_number,
            "admission_year": f"{self.record.admission_date:%Y}",
            "institution_code": self.record.institution_code,
            "programme_name": self.record.programme_name,
        }
        return facts[question]


def students(count: int, seed: int = 7) -> list[Student]:
    """So many different students, the same in every run."""
    return [
        Student(
            phone=f"+8617{record.phone[2:]}",
            name=record.name,
            sex="male" if record.sex == "男" else "female",
            document_type="SFZ",
            document_number=record.document_number,
            record=record,
        )
        for record in make_students(count, seed=seed, schools=SCHOOLS)
    ]
