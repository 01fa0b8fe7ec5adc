"""Records as registrars keep them: a school, its registrar, and what that one does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import httpx

from support.archive import import_rows
from support.client import Client
from support.people import SCHOOLS, Student
from support.staff import Member, member
from support.tables import rows_of
from xuexin_api.core.staff import Role
from xuexin_api.demo.rosters import roster_row
from xuexin_api.dependencies.wiring import Wiring

OFFICE = "/v1/staff/enrollments"
SCHOOL, OTHER = (code for code, _ in SCHOOLS)


def registered_row(student: Student, **changes: Any) -> list[str]:
    """A registered student of the first school, as its roster has it."""
    fixed = {"institution_code": SCHOOL, "institution_name": SCHOOLS[0][1], "status": "注册学籍"}
    return roster_row(replace(student.record, **(fixed | {"expected_graduation_date": date(2032, 7, 1)} | changes)))


async def add_records(parts: Wiring, rows: Sequence[list[str]]) -> list[str]:
    """Put these records into the archive; their ids in the roster's order."""
    report, rejected = await import_rows(parts, rows)
    assert report.added == len(rows), rejected
    found = {row["student_number"]: str(row["id"]) for row in await rows_of(parts, "enrollments")}
    return [found[row[2]] for row in rows]


def registrar_of(client: Client, name: str = "registrar.one", school: str = SCHOOL, **more: Any) -> Any:
    return member(client, name, role=Role.REGISTRAR, institution_code=school, **more)


def province_of(client: Client, name: str = "province.one", province: str = "99", **more: Any) -> Any:
    """A member of the province that has the schools, or of another."""
    return member(client, name, role=Role.PROVINCE, province=province, **more)


async def change_record(
    registrar: Member, record: str, change: str, reason: str, version: int | None, **more: Any
) -> httpx.Response:
    body = {"change": change, "reason": reason, "effective_on": "2031-03-01"} | more
    registrar.client.parts.clock.pass_time(seconds=1)  # type: ignore[attr-defined]
    tag = {} if version is None else {"If-Match": f'"{version}"'}
    return await registrar.client.post(f"{OFFICE}/{record}/changes", body, headers=tag)
