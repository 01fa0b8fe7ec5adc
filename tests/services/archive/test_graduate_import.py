"""Lists of graduates: judged row by row as registrars are, each row whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest

from support.archive import add_photos, import_rows
from support.client import Client
from support.people import SCHOOLS, students
from support.records import add_records, registered_row
from support.tables import rows_of
from xuexin_api.core.errors import BrokenRuleError
from xuexin_api.core.graduates import COLUMNS
from xuexin_api.core.roster import Cell, InstitutionNames, RowError
from xuexin_api.demo.graduates import earlier_record, graduate_rows
from xuexin_api.dependencies.wiring import Wiring
from xuexin_api.repositories.archive.graduates import GraduateRepository
from xuexin_api.services.archive.graduate_import import (
    GraduateImportService,
    GraduateReport,
    UnattendedGraduates,
)


async def _import(parts: Wiring, rows: Sequence[Sequence[Cell]]) -> tuple[GraduateReport, list[tuple[str, str]]]:
    session = parts.database.session()
    service = GraduateImportService(
        session=session,
        graduates=GraduateRepository(session),
        institutions=InstitutionNames(SCHOOLS),
        policy=parts.settings.record_policy(),
        clock=parts.clock,
        entropy=parts.entropy,
    )
    rejected: list[RowError] = []
    lines = [(line, list(cells)) for line, cells in enumerate(rows, start=1)]
    watch = UnattendedGraduates(dry_run=False)
    report = await service.run(iter(lines), file_name="graduates.csv", rejected=rejected.append, watch=watch)
    return report, [(error.column, error.code) for error in rejected]


async def test_graduates_get_their_certificates_and_read_them_and_a_second_run_changes_nothing(
    client: Client, parts: Wiring
) -> None:
    (student,) = students(1)
    fixed = replace(student.record, institution_code=SCHOOLS[0][0], status="注册学籍", level="本科")
    bachelor = replace(student, record=replace(fixed, expected_graduation_date=date(2026, 7, 1)))
    senior = replace(student, record=earlier_record(bachelor.record))
    await add_records(
        parts,
        [
            registered_row(one, expected_graduation_date=one.record.expected_graduation_date)
            for one in (senior, bachelor)
        ],
    )
    for one in (senior, bachelor):
        await add_photos(parts, one)
    rows = list(graduate_rows([senior.record, bachelor.record], today=date(2031, 3, 1)))
    # A mistake of the first list is mended: certificates of years before the record came here are not held up by it.
    mended = registered_row(
        bachelor, expected_graduation_date=bachelor.record.expected_graduation_date, programme_name="示例专业"
    )
    assert (await import_rows(parts, [mended]))[0].changed == 1
    report, rejected = await _import(parts, rows)
    assert (report.changed, rejected) == (2, [])
    again, rejected = await _import(parts, rows)
    assert (again.changed, again.unchanged, rejected) == (0, 2, [])
    await client.register(student)
    await client.verify(bachelor)
    answer = (await client.get("/v1/archive/qualifications")).json()
    assert {(one["level"], one["conclusion"]["id"]) for one in answer["items"]} == {
        ("专科", "graduated"),
        ("本科", "graduated"),
    }
    assert answer["explanation"] is None
    assert len((await client.get("/v1/archive/degrees")).json()["items"]) == 1
    for record in (await client.get("/v1/archive/enrollments")).json()["items"]:
        history = (await client.get(f"/v1/archive/enrollments/{record['id']}/history")).json()["items"]
        (change,) = (one for one in history if one["change"]["id"] not in {"roster", "photo"})
        assert (change["change"]["id"], change["reason"]["id"]) == ("graduate", "requirements_met")


async def test_a_row_that_breaks_a_rule_changes_nothing_and_stops_no_other(client: Client, parts: Wiring) -> None:
    people = students(7)
    await add_records(parts, [registered_row(one) for one in people[:6]])
    for one in people[1:6]:
        await add_photos(parts, one)

    def row(index: int, conclusion: str = "毕业", number: str = "", *more: str) -> list[Cell]:
        president = "示例校长" if number else ""
        return [
            people[index].record.student_number,
            "99001",
            conclusion,
            "20310301",
            number,
            president,
            *(more or ("", "")),
        ]

    level = ["06" if one.record.level == "专科" else "05" for one in people]
    numbers = [f"9900112031{level[index]}{index:06d}" for index in range(7)]
    report, rejected = await _import(
        parts,
        [
            list(COLUMNS),
            row(0, "毕业", numbers[0]),
            row(1, "毕业", numbers[1].replace("2031", "2030")),
            row(2, "毕业", numbers[2], "学士学位", "x"),
            row(3, "毕业"),
            row(4, "肄业"),
            row(5, "结业", numbers[5]),
            row(5, "毕业", numbers[5]),
            row(6, "毕业", numbers[6]),
            row(3, "开除", numbers[3]),
        ],
    )
    assert (report.read, report.changed, report.rejected) == (9, 2, 7)
    assert sorted(rejected) == sorted(
        [
            ("XH", "graduation_photo_missing"),
            ("ZSBH", "certificate_year_mismatch"),
            ("XWZSBH", "degree_number_malformed"),
            ("ZSBH", "cell_empty"),
            ("XZXM", "cell_empty"),
            ("BYJL", "change_not_allowed"),
            ("XH", "student_number_unknown"),
            ("BYJL", "unknown_word"),
        ]
    )
    statuses = {row["student_number"]: row["status"] for row in await rows_of(parts, "enrollments")}
    assert [statuses[one.record.student_number] for one in people[:6]] == [
        "registered",
        "registered",
        "registered",
        "registered",
        "incomplete",
        "completed",
    ]
    with pytest.raises(BrokenRuleError, match="roster_columns_missing"):
        await _import(parts, [["XH", "YXDM"]])


async def test_what_a_spreadsheet_spoilt_is_published_by_nobody(parts: Wiring) -> None:
    people = students(6)
    await add_records(parts, [registered_row(one) for one in people])
    for one in people:
        await add_photos(parts, one)
    level = ["06" if one.record.level == "专科" else "05" for one in people]
    numbers = [f"9900112031{level[index]}{index:06d}" for index in range(6)]

    def row(index: int, **cells: Cell) -> list[Cell]:
        good: dict[str, Cell] = {
            "XH": people[index].record.student_number,
            "YXDM": "99001",
            "BYJL": "毕业",
            "BYRQ": "20310301",
            "ZSBH": numbers[index],
            "XZXM": "示例校长",
        }
        return [(good | cells).get(column) for column in COLUMNS]

    report, rejected = await _import(
        parts,
        [
            list(COLUMNS),
            # Of eighteen digits a number in a spreadsheet keeps fifteen, and still looks like a certificate's.
            row(0, ZSBH=float(numbers[0])),
            row(1, XZXM="#N/A"),
            row(2, XZXM="示例\u202e校长"),
            row(3, XH="2031\0"),
            row(4, ZSBH="\0"),
            row(5, XZXM="示" * 81),
        ],
    )
    assert (report.changed, report.rejected, rejected) == (
        0,
        6,
        [
            ("ZSBH", "number_stored_as_number"),
            ("XZXM", "formula_failed"),
            ("XZXM", "cell_unprintable"),
            ("XH", "student_number_malformed"),
            ("ZSBH", "cell_unprintable"),
            ("XZXM", "cell_too_long"),
        ],
    )
    with pytest.raises(BrokenRuleError, match="roster_column_repeated"):
        await _import(parts, [[*COLUMNS, "证书编号"]])


async def test_a_list_that_says_otherwise_than_what_is_published_is_told_so(parts: Wiring) -> None:
    student = next(one for one in students(20) if one.record.level == "本科")
    await add_records(parts, [registered_row(student)])
    await add_photos(parts, student)
    number, degree = "990011203105000001", "9900142031000001"
    header: list[Cell] = [*COLUMNS]

    def row(day: str, *degree_cells: str) -> list[Cell]:
        return [student.record.student_number, "99001", "毕业", day, number, "示例校长", *degree_cells]

    _, rejected = await _import(parts, [header, row("20310301")])
    assert rejected == []
    told = [header, row("20310301"), row("20310228"), row("20310301", "工学学士学位", degree)]
    report, rejected = await _import(parts, told)
    assert (report.changed, report.unchanged) == (0, 1)
    assert rejected == [("BYRQ", "published_otherwise"), ("XWZSBH", "published_otherwise")]
