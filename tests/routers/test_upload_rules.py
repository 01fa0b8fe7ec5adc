"""What a school may upload, and who may: new students soon after their entry, and nobody's own record."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from support.archive import add_photos, add_schools, import_rows
from support.client import Client
from support.imports import CODES, roster, rows_of_school, uploaded, worked
from support.people import SCHOOLS, students
from support.records import add_records, registered_row, registrar_of
from support.staff import Member
from support.tables import rows_of
from xuexin_api.core import graduates
from xuexin_api.demo.rosters import generate_rows
from xuexin_api.dependencies.wiring import Wiring

OURS = SCHOOLS[0]


def _with(row: Sequence[str], **cells: str) -> list[str]:
    return [cells.get(code, cell) for code, cell in zip(CODES, row, strict=True)]


def _cell(row: Sequence[str], code: str) -> str:
    return row[CODES.index(code)]


async def _upload(member: Member, folder: Path, rows: Sequence[list[str]]) -> tuple[dict[str, int], dict[str, str]]:
    """The counts, and what is wrong with which student number."""
    member.client.parts.clock.pass_time(seconds=1)  # type: ignore[attr-defined]
    done = await worked(member, await uploaded(member, roster(folder, rows)))
    assert done["state"] == "published"
    return done["result"], await _rejected(member, done, CODES.index("XH"))


async def _rejected(member: Member, job: dict[str, Any], place: int) -> dict[str, str]:
    if not job["result"]["rejected"]:
        return {}
    answer = await member.client.get(f"/v1/staff/imports/{job['id']}/rejected")
    lines = [line.split(",") for line in answer.content.decode("utf-8-sig").splitlines()[1:]]
    return {cells[place]: cells[-2] for cells in lines}


async def test_a_new_student_who_entered_more_than_three_months_ago_is_not_the_schools_to_add(
    client: Client, parts: Wiring, tmp_path: Path
) -> None:
    known, *new = generate_rows(4, seed=1, schools=[OURS])
    # Today is 5 March 2031. Who is known may have entered whenever.
    known = _with(known, RXRQ="20301204", YJBYRQ="20350701")
    await import_rows(parts, [known])
    days = ("20301205", "20301204", "20310305")
    new = [_with(row, RXRQ=day, YJBYRQ="20350701") for row, day in zip(new, days, strict=True)]
    async with registrar_of(client) as registrar:
        counts, wrong = await _upload(registrar, tmp_path, [_with(known, BH="另一班"), *new])
        assert counts == {"added": 2, "changed": 1, "unchanged": 0, "rejected": 1}
        assert wrong == {_cell(new[1], "XH"): "RXRQ:entered_too_long_ago"}
        # Nor is one who was added made to have entered then: later and earlier within the time they may have.
        for day, outcome in (("20301204", "RXRQ:entered_too_long_ago"), ("20301206", None), ("20310306", None)):
            _, wrong = await _upload(registrar, tmp_path, [_with(new[2], RXRQ=day)])
            assert wrong == ({} if outcome is None else {_cell(new[2], "XH"): outcome})
    # What the province approved, the operator imports.
    report, rejected = await import_rows(parts, [new[1]])
    assert (report.added, rejected) == (1, [])


async def test_nobody_uploads_a_row_about_themselves_and_a_colleague_does(
    client: Client, parts: Wiring, tmp_path: Path
) -> None:
    await add_schools(parts)
    own, other = rows_of_school(OURS, 2)
    refused = {_cell(own, "XH"): "SFZH:row_about_yourself"}
    async with (
        registrar_of(client, "registrar.one", document=_cell(own, "SFZH")) as self_server,
        registrar_of(client, "registrar.two") as colleague,
    ):
        assert await _upload(self_server, tmp_path, [own, other]) == (
            {"added": 1, "changed": 0, "unchanged": 0, "rejected": 1},
            refused,
        )
        assert (await _upload(colleague, tmp_path, [own]))[0]["added"] == 1
        # Neither changed, nor as it is.
        for row in (_with(own, BH="另一班"), own):
            assert (await _upload(self_server, tmp_path, [row]))[1] == refused
        assert (await _upload(colleague, tmp_path, [_with(own, BH="另一班")]))[0]["changed"] == 1
        # What was somebody else's row is about oneself when the record is one's own by now.
        records = {row["student_number"]: row for row in await rows_of(parts, "enrollments")}
        mine, theirs = (records[_cell(row, "XH")] for row in (own, other))
        async with parts.database.engine.begin() as connection:
            await connection.exec_driver_sql(
                f"UPDATE enrollments SET person_id = '{mine['person_id']}' WHERE id = '{theirs['id']}'"
            )
        _, wrong = await _upload(self_server, tmp_path, [_with(other, BH="另一班")])
        assert wrong == {_cell(other, "XH"): "SFZH:row_about_yourself"}


async def test_nobody_lets_themselves_graduate_by_a_list(client: Client, parts: Wiring) -> None:
    people = students(2)
    await add_records(parts, [registered_row(one) for one in people])
    await add_photos(parts, people[0])
    own, other = (one.record.student_number for one in people)
    lines = [",".join(graduates.COLUMNS), *(f"{number},{OURS[0]},肄业,20310301,,,," for number in (own, other))]
    async with registrar_of(client, document=people[0].document_number) as registrar:
        done = await worked(registrar, await uploaded(registrar, "\n".join(lines).encode(), kind="graduates"))
        assert done["result"] == {"added": 0, "changed": 1, "unchanged": 0, "rejected": 1}
        assert await _rejected(registrar, done, 0) == {own: "XH:row_about_yourself"}
    left = {row["student_number"]: row["status"] for row in await rows_of(parts, "enrollments")}
    assert left == {own: "registered", other: "incomplete"}
