"""The records of a school in their order: some that are looked for, or all, page by page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CompoundSelect,
    Row,
    ScalarSelect,
    Select,
    Subquery,
    Text,
    any_,
    case,
    func,
    join,
    literal,
    outerjoin,
    select,
    true,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from xuexin_api.models.archive import Enrollment, Institution, Person
from xuexin_api.models.claims import FormerIdentity

LINE: Final[tuple[InstrumentedAttribute[Any], ...]] = (
    Enrollment.id,
    Enrollment.person_id,
    Enrollment.name,
    Enrollment.student_number,
    Enrollment.candidate_number,
    Enrollment.level,
    Enrollment.programme_name,
    Enrollment.class_name,
    Enrollment.grade,
    Enrollment.admission_date,
    Enrollment.status,
)
"""A record in a list."""
WHOLE: Final[tuple[InstrumentedAttribute[Any], ...]] = (
    *LINE,
    Enrollment.sex,
    Enrollment.birth_date,
    Enrollment.document_ciphertext,
    Enrollment.ethnicity,
    Enrollment.programme_code,
    Enrollment.branch,
    Enrollment.department,
    Enrollment.duration_years,
    Enrollment.study_form,
    Enrollment.expected_graduation_date,
)
"""A record as a roster has it."""
_SIFTED: Final[tuple[InstrumentedAttribute[Any], ...]] = (
    Enrollment.institution_code,
    Enrollment.id,
    Enrollment.status,
    Enrollment.grade,
    Enrollment.programme_name,
)
"""What the list's index says of a record: no search but one of these looks at records in vain."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which records of a school; what is None or empty is any."""

    student_number: str | None = None
    candidate_number: str | None = None
    name: str | None = None
    document_key: bytes | None = None
    class_name: str | None = None
    programme_name: str | None = None
    grade: int | None = None
    statuses: Sequence[str] = ()

    @property
    def sifted(self) -> bool:
        """Whether records are looked at that may not be wanted: no index leads to a programme, grade or status."""
        return self.programme_name is not None or self.grade is not None or bool(self.statuses)


@dataclass(frozen=True, slots=True)
class Listed:
    """Records in their order; `last_seen` is the last that was looked at, where there is room left and may be more."""

    rows: Sequence[Row[*tuple[Any, ...]]]
    last_seen: UUID | None


class RecordListRepository:
    """Every page costs the same: none counts what stands before it, and none looks at more records than `most_seen`.

    They are in the order of their ids, which is that of their making.
    """

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def list_for_institution(
        self,
        institution_code: str,
        wanted: Wanted,
        columns: Sequence[InstrumentedAttribute[Any]],
        *,
        after: UUID,
        most: int,
        most_seen: int,
    ) -> Listed:
        """The next records that are wanted, of the next so many that are seen."""
        if not wanted.sifted:
            statement = _led_to(institution_code, wanted, after, columns).limit(most)
            return Listed((await self._session.execute(statement)).all(), None)
        seen = _led_to(institution_code, wanted, after, _SIFTED).limit(most_seen)
        last = _led_to(institution_code, wanted, after, (Enrollment.id,)).offset(most_seen - 1).limit(1)
        statement = _sifted(seen.subquery("seen"), last.scalar_subquery(), wanted, columns, most)
        rows = (await self._session.execute(statement)).all()
        return Listed([row for row in rows if row.id is not None], rows[0].last_seen)

    async def get_institution_name(self, institution_code: str) -> str:
        name = await self._session.scalar(select(Institution.name).where(Institution.code == institution_code))
        assert name is not None, "a registrar's school is on the list"
        return name


def _led_to(
    institution_code: str, wanted: Wanted, after: UUID, columns: Sequence[InstrumentedAttribute[Any]]
) -> Select[*tuple[Any, ...]]:
    """What indexes lead to, in their order.

    The school is one of an array, and the order begins with it, so that only an index that begins with the school can
    give the order. With `institution_code = …` and an order by id alone, PostgreSQL takes the ids of all schools where
    one has most of them, and at the end of its list goes over those of the others: a million of them in half a second.
    """
    statement = (
        select(*columns)
        .where(Enrollment.institution_code == any_(literal([institution_code], ARRAY(Text()))), Enrollment.id > after)
        .order_by(Enrollment.institution_code, Enrollment.id)
    )
    for column, value in (
        (Enrollment.student_number, wanted.student_number),
        (Enrollment.candidate_number, wanted.candidate_number),
        (Enrollment.name, wanted.name),
        (Enrollment.class_name, wanted.class_name),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if wanted.document_key is not None:
        statement = statement.where(Enrollment.id.in_(_under(wanted.document_key)))
    return statement


def _sifted(
    seen: Subquery, last: ScalarSelect[UUID], wanted: Wanted, columns: Sequence[InstrumentedAttribute[Any]], most: int
) -> Select[*tuple[Any, ...]]:
    """What is wanted of the seen, and beside each, or alone, the last seen.

    Of the seen only what an index says is asked, and the whole record of what is found alone: in a large archive the
    rest is not in memory. Whether more follow costs nothing where the page is full.
    """
    fitting = select(seen.c.id).order_by(seen.c.institution_code, seen.c.id).limit(most)
    if wanted.programme_name is not None:
        fitting = fitting.where(seen.c.programme_name == wanted.programme_name)
    if wanted.grade is not None:
        fitting = fitting.where(seen.c.grade == wanted.grade)
    if wanted.statuses:
        fitting = fitting.where(seen.c.status.in_(wanted.statuses))
    page = fitting.cte("page")
    found = select(func.count()).select_from(page).scalar_subquery()
    end = select(case((found < most, last)).label("last_seen")).subquery("end_of_page")
    records = join(page, Enrollment, Enrollment.id == page.c.id)
    return select(*columns, end.c.last_seen).select_from(outerjoin(end, records, true())).order_by(page.c.id)


def _under(document_key: bytes) -> CompoundSelect[tuple[UUID]]:
    """Records of whoever has this number, or had it; of whom a school wrote it wrongly, those that say it."""
    return union_all(
        select(Enrollment.id)
        .join(Person, Person.id == Enrollment.person_id)
        .where(Person.document_key == document_key),
        select(Enrollment.id)
        .join(FormerIdentity, FormerIdentity.person_id == Enrollment.person_id)
        .where(
            FormerIdentity.document_key == document_key,
            FormerIdentity.undone_at.is_(None),
            FormerIdentity.stands_for | (Enrollment.document_key == document_key),
        ),
    )
