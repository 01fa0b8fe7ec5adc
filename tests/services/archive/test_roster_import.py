"""Rosters: good rows are kept, broken ones are told, and nothing is ever half done."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from support.archive import HEADER, enroll, import_rows
from support.clock import HandClock
from support.people import SCHOOLS, students
from support.records import add_records, registered_row
from support.tables import count_rows, rows_of
from support.waiting import until_blocked
from xuexin_api.core.errors import BrokenRuleError
from xuexin_api.core.roster import COLUMNS, Cell
from xuexin_api.demo.people import make_students
from xuexin_api.demo.rosters import generate_rows, roster_row
from xuexin_api.dependencies.wiring import Wiring

CODES = list(COLUMNS)


def _row(**changes: Cell) -> list[Cell]:
    """A good row with some cells changed."""
    (student,) = make_students(1, seed=7, schools=SCHOOLS)
    row: list[Cell] = list(roster_row(student))
    for code, cell in changes.items():
        row[CODES.index(code)] = cell
    return row


def _found(rejected: Sequence[Any]) -> set[tuple[int, str, str]]:
    return {(cell.line, cell.column, cell.code) for cell in rejected}


async def test_persons_and_records_come_from_the_roster(parts: Wiring) -> None:
    report, rejected = await import_rows(parts, generate_rows(300, seed=1, schools=SCHOOLS), chunk_rows=64)
    assert (report.read, report.added, report.rejected, rejected) == (300, 300, 0, [])
    assert await count_rows(parts, "persons") == 300
    assert await count_rows(parts, "enrollments") == 300
    (made,) = await rows_of(parts, "roster_imports")
    assert (made["rows_read"], made["rows_added"]) == (300, 300)


async def test_run_twice_nothing_changes(parts: Wiring) -> None:
    rows = list(generate_rows(50, seed=1, schools=SCHOOLS))
    await import_rows(parts, rows)
    records = "SELECT * FROM enrollments ORDER BY id"
    before = await rows_of(parts, "", records)
    report, _ = await import_rows(parts, rows)
    assert (report.added, report.changed, report.unchanged) == (0, 0, 50)
    assert await rows_of(parts, "", records) == before
    assert await count_rows(parts, "enrollment_changes") == 0


async def test_what_a_school_changes_keeps_before_and_after(parts: Wiring) -> None:
    await import_rows(parts, [_row()])
    report, _ = await import_rows(parts, [_row(ZYMC="哲学", ZCZT="休学")])
    assert (report.added, report.changed, report.unchanged) == (0, 1, 0)
    (change,) = await rows_of(parts, "enrollment_changes")
    assert (change["before"]["programme_name"], change["after"]["programme_name"]) != ("哲学", "哲学")
    assert (change["after"]["programme_name"], change["after"]["status"]) == ("哲学", "suspended")


@pytest.mark.parametrize(
    ("changes", "column", "code"),
    [
        ({"XB": "男女"}, "XB", "unknown_word"),
        ({"MZ": "火星族"}, "MZ", "unknown_word"),
        ({"CC": "学前班"}, "CC", "unknown_word"),
        ({"XXXS": "其他"}, "XXXS", "unknown_word"),
        ({"ZCZT": "毕业"}, "ZCZT", "unknown_word"),
        ({"CSRQ": "20030230"}, "CSRQ", "date_malformed"),
        ({"CSRQ": "19990101"}, "CSRQ", "birth_date_mismatch"),
        ({"RXRQ": "01/09/2022"}, "RXRQ", "date_malformed"),
        ({"RXRQ": "19010101"}, "RXRQ", "date_impossible"),
        ({"YJBYRQ": "20200101"}, "YJBYRQ", "date_impossible"),
        ({"SFZH": "119999200309010000"}, "SFZH", "document_check_digit_wrong"),
        ({"SFZH": ""}, "SFZH", "cell_empty"),
        ({"SFZH": 119999200309010020}, "SFZH", "number_stored_as_number"),
        ({"XM": "王"}, "XM", "name_too_short"),
        ({"XM": None}, "XM", "cell_empty"),
        ({"XH": "学号一"}, "XH", "student_number_malformed"),
        ({"KSH": "12"}, "KSH", "candidate_number_malformed"),
        ({"XZ": "四年半"}, "XZ", "duration_malformed"),
        ({"XZ": "40"}, "XZ", "duration_malformed"),
        ({"DQSZJ": "大一"}, "DQSZJ", "grade_malformed"),
        ({"YXDM": "12345"}, "YXDM", "institution_unknown"),
        ({"YXDM": "", "YXMC": "没有的大学"}, "YXMC", "institution_unknown"),
        ({"YXMC": "青石理工大学"}, "YXMC", "institution_name_mismatch"),
        ({"BH": "班" * 81}, "BH", "cell_too_long"),
        ({"BH": "一\u200b班"}, "BH", "cell_unprintable"),
    ],
)
async def test_a_broken_cell_is_told_by_line_column_and_reason_and_stops_no_other_row(
    parts: Wiring, changes: dict[str, Cell], column: str, code: str
) -> None:
    good = list(generate_rows(2, seed=9, schools=SCHOOLS))
    report, rejected = await import_rows(parts, [good[0], _row(**changes), good[1]])
    assert (report.added, report.rejected) == (2, 1)
    assert _found(rejected) == {(3, column, code)}
    (kept,) = await rows_of(parts, "roster_errors")
    assert (kept["line"], kept["column_name"], kept["code"]) == (3, column, code)


@pytest.mark.parametrize(
    "changes",
    [
        {"MZ": "其它"},
        {"MZ": "汉"},
        {"XB": "1"},
        {"CC": "专科（高职）"},
        {"CC": "硕士"},
        {"YXDM": "4199999001"},
        {"YXDM": "", "YXMC": "示例大学"},
        {"YXMC": "示大"},
        {"YXMC": ""},
        {"RXRQ": "2022-09-01"},
        {"RXRQ": "２０２２０９０１"},
        {"XZ": "2.5"},
        {"XZ": 4.0},
        {"XZ": "4年"},
        {"KSH": ""},
        {"YJBYRQ": ""},
        {"DQSZJ": 2022},
        {"XM": "古丽·阿依"},
        {"SFZH": "A123456(3)"},
        {"SFZH": "1234567（8）"},
        {"SFZH": "A123456789"},
        {"ZZMM": "其它", "SYSSDM": ""},
    ],
)
async def test_what_schools_really_write_is_understood(parts: Wiring, changes: dict[str, Cell]) -> None:
    (student,) = make_students(1, seed=7, schools=SCHOOLS)
    if "XB" in changes:
        changes["XB"] = "1" if student.sex == "男" else "2"
    report, rejected = await import_rows(parts, [_row(**changes)])
    assert report.added == 1, rejected


async def test_every_broken_cell_of_a_row_is_told(parts: Wiring) -> None:
    _, rejected = await import_rows(parts, [_row(XM="", XB="?", RXRQ="x")])
    assert _found(rejected) == {(2, "XM", "cell_empty"), (2, "XB", "unknown_word"), (2, "RXRQ", "date_malformed")}


async def test_of_two_equal_rows_the_first_counts_and_the_second_names_its_line(parts: Wiring) -> None:
    first, second = make_students(2, seed=7, schools=SCHOOLS[:1])
    rows = [
        roster_row(first),
        roster_row(replace(second, student_number=first.student_number)),
        roster_row(replace(second, candidate_number=first.candidate_number)),
        roster_row(
            replace(
                second,
                document_number=first.document_number,
                sex=first.sex,
                birth_date=first.birth_date,
                level=first.level,
                duration=first.duration,
            )
        ),
    ]
    report, rejected = await import_rows(parts, rows)
    assert report.added == 1
    assert {(3, "XH", "duplicate_student_number"), (4, "KSH", "duplicate_candidate_number")} <= _found(rejected)
    assert (5, "SFZH", "duplicate_document_number") in _found(rejected)
    assert {cell.params.get("first_line") for cell in rejected if cell.line != 5} <= {2, 3}


async def test_a_roster_cannot_hand_a_record_to_another_person(parts: Wiring) -> None:
    first, second = make_students(2, seed=7, schools=SCHOOLS[:1])
    await import_rows(parts, [roster_row(first)])
    stolen = replace(second, student_number=first.student_number)
    photo = replace(second, candidate_number=first.candidate_number)
    report, rejected = await import_rows(parts, [roster_row(stolen)])
    assert (report.added, report.changed) == (0, 0)
    assert _found(rejected) == {(2, "XH", "student_number_taken")}
    _, rejected = await import_rows(parts, [roster_row(photo)])
    assert _found(rejected) == {(2, "KSH", "candidate_number_taken")}


async def test_one_person_in_two_schools_is_one_person(parts: Wiring) -> None:
    (student,) = make_students(1, seed=7, schools=SCHOOLS)
    elsewhere = replace(student, institution_code=SCHOOLS[1][0], institution_name=SCHOOLS[1][1], level="硕士")
    report, rejected = await import_rows(parts, [roster_row(student), roster_row(elsewhere)])
    assert report.added == 2, rejected
    assert await count_rows(parts, "persons") == 1


async def test_a_dry_run_judges_everything_and_writes_nothing(parts: Wiring) -> None:
    await import_rows(parts, [_row()])
    rows: list[Sequence[Cell]] = [_row(ZYMC="哲学"), *generate_rows(3, seed=9, schools=SCHOOLS), _row(XB="?")]
    report, rejected = await import_rows(parts, rows, dry_run=True)
    assert (report.added, report.changed, report.rejected) == (3, 1, 1)
    assert len(rejected) == 1
    assert await count_rows(parts, "enrollments") == 1
    assert await count_rows(parts, "roster_imports") == 1


async def test_a_stop_in_the_middle_leaves_nothing(parts: Wiring) -> None:
    def stops() -> Any:
        yield from generate_rows(40, seed=1, schools=SCHOOLS)
        raise BrokenRuleError("file_truncated")

    with pytest.raises(BrokenRuleError):
        await import_rows(parts, stops(), chunk_rows=10)
    for table in ("persons", "enrollments", "roster_imports", "roster_errors"):
        assert await count_rows(parts, table) == 0


async def test_columns_may_stand_in_any_order_and_go_by_their_titles(parts: Wiring) -> None:
    titles = [COLUMNS[code] for code in reversed(CODES)] + ["备注"]
    report, rejected = await import_rows(parts, [[*reversed(_row()), "x"]], header=titles)
    assert report.added == 1, rejected


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ([], "roster_header_missing"),
        (["XM", "XB"], "roster_columns_missing"),
        ([*HEADER, "XM"], "roster_column_repeated"),
    ],
)
async def test_a_file_without_its_columns_is_refused_whole(parts: Wiring, header: list[str], code: str) -> None:
    with pytest.raises(BrokenRuleError, match=code):
        await import_rows(parts, [_row()], header=header)


async def test_short_rows_are_rows_with_empty_cells(parts: Wiring) -> None:
    report, rejected = await import_rows(parts, [["22001"], []])
    assert report.rejected == 2
    assert (2, "XM", "cell_empty") in _found(rejected)


async def test_imports_of_one_school_at_once_do_not_meet(parts: Wiring) -> None:
    rows = list(generate_rows(100, seed=1, schools=SCHOOLS))
    reports = await asyncio.gather(*(import_rows(parts, rows) for _ in range(4)))
    assert sorted(report.added for report, _ in reports) == [0, 0, 0, 100]
    assert await count_rows(parts, "enrollments") == 100


async def test_a_student_already_verified_keeps_the_record(parts: Wiring) -> None:
    (student,) = students(1)
    await enroll(parts, student)
    before = await rows_of(parts, "enrollments")
    changed = replace(student.record, programme_name="哲学")
    await import_rows(parts, [roster_row(changed)])
    after = await rows_of(parts, "enrollments")
    assert (after[0]["id"], after[0]["person_id"]) == (before[0]["id"], before[0]["person_id"])


async def test_rows_that_are_published_already_are_known_by_their_fingerprints(parts: Wiring) -> None:
    rows = list(generate_rows(60, seed=1, schools=SCHOOLS))
    await import_rows(parts, rows)
    # In another order of columns they are the same rows.
    report, _ = await import_rows(parts, [row[::-1] for row in rows], header=HEADER[::-1])
    assert (report.added, report.changed, report.unchanged) == (0, 0, 60)
    changed = [*rows]
    changed[7] = [*rows[7]]
    changed[7][CODES.index("BH")] = "另一个班"
    report, _ = await import_rows(parts, changed)
    assert (report.added, report.changed, report.unchanged) == (0, 1, 59)
    # Back again: the row of the first file is not the record's any more.
    report, _ = await import_rows(parts, rows)
    assert (report.changed, report.unchanged) == (1, 59)


async def test_a_roster_of_a_new_school_year_registers_for_it_whether_its_rows_changed_or_not(
    parts: Wiring, clock: HandClock
) -> None:
    rows: list[list[Any]] = [list(row) for row in generate_rows(5, seed=1, schools=SCHOOLS)]
    for number, row in enumerate(rows):
        row[CODES.index("ZCZT")] = "休学" if number == 0 else "注册学籍"
        row[CODES.index("YJBYRQ")] = "20350701"
    await import_rows(parts, rows)
    clock.pass_time(days=200)
    rows[1][CODES.index("BH")] = "示例班"
    for dry_run, again, outcome in ((True, False, (4, 1)), (False, False, (4, 1)), (False, True, (0, 5))):
        report, rejected = await import_rows(parts, rows, dry_run=dry_run)
        assert ((report.changed, report.unchanged), rejected) == (outcome, []), (dry_run, again)
    years = {row["student_number"]: row["registered_year"] for row in await rows_of(parts, "enrollments")}
    assert [years[row[CODES.index("XH")]] for row in rows] == [None, 2031, 2031, 2031, 2031]
    changes = await rows_of(parts, "enrollment_changes")
    assert [(one["before"]["registered_year"], one["after"]["registered_year"]) for one in changes] == [
        (2030, 2031)
    ] * 4


async def test_a_row_beside_one_that_is_known_is_judged_as_beside_any_other(parts: Wiring) -> None:
    first, second = generate_rows(2, seed=1, schools=SCHOOLS[:1])
    await import_rows(parts, [first, second])
    same_number = [*first]
    same_number[CODES.index("BH")] = "另一个班"
    same_document = [*first]
    same_document[CODES.index("XH")] = "20269999999999"
    same_document[CODES.index("KSH")] = "26999999999999"
    report, rejected = await import_rows(parts, [first, same_number, same_document, first, second])
    assert (report.unchanged, report.rejected) == (2, 3)
    # Lines 3 and 5 also stand beside each other.
    assert {(3, "XH", "duplicate_student_number"), (4, "SFZH", "duplicate_document_number")} <= _found(rejected)
    assert {cell.params["first_line"] for cell in rejected if cell.line == 3} == {2}
    assert {cell.line for cell in rejected} == {3, 4, 5}
    assert await count_rows(parts, "enrollment_changes") == 0


async def test_a_record_that_somebody_else_changed_is_read_from_the_roster_again(parts: Wiring) -> None:
    row = _row()
    await import_rows(parts, [row])
    async with parts.database.engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE enrollments SET class_name = 'x'")
    # As nothing does it: without a new version. So the row was not even looked at.
    report, _ = await import_rows(parts, [row])
    assert (report.changed, report.unchanged) == (0, 1)
    async with parts.database.engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE enrollments SET version = version + 1")
    report, _ = await import_rows(parts, [row])
    assert (report.changed, report.unchanged) == (1, 0)


@pytest.mark.parametrize("later", [{"class_name": "二班"}, {}], ids=["a change", "the next school year"])
async def test_who_is_withdrawn_while_a_roster_is_published_stays_so(
    parts: Wiring, clock: HandClock, later: dict[str, str]
) -> None:
    people = students(2)
    withdrawn, _ = await add_records(parts, [registered_row(one) for one in people])
    clock.pass_time(days=0 if later else 200)
    rows = [registered_row(one, **later) for one in people]
    async with parts.database.session() as session:
        async with session.begin():
            await session.execute(
                text(
                    "UPDATE enrollments SET status = 'withdrawn', leaving_date = '2031-03-05', version = version + 1,"
                    " expected_graduation_date = NULL WHERE id = :id"
                ),
                {"id": withdrawn},
            )
            importing = asyncio.create_task(import_rows(parts, rows))
            await until_blocked(parts)
        report, _ = await importing
    assert report.changed == 1, report
    found = {str(row["id"]): row for row in await rows_of(parts, "enrollments")}
    assert found[withdrawn]["status"] == "withdrawn"
    changes = await rows_of(parts, "", f"SELECT id FROM enrollment_changes WHERE enrollment_id = '{withdrawn}'")
    assert changes == []
    again, _ = await import_rows(parts, rows)
    assert again.rejected == 1
