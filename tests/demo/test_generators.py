"""Made-up data keep the rules, and are the same for the same seed."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from support.people import SCHOOLS
from xuexin_api.cli.demo import demo_schools
from xuexin_api.cli.migration import PROJECT
from xuexin_api.core.documents import DocumentType, document_from_roster
from xuexin_api.core.roster import COLUMNS, InstitutionNames
from xuexin_api.core.roster_rows import RosterRow, RosterRowParser
from xuexin_api.demo.people import make_students
from xuexin_api.demo.rosters import generate_rows, write_roster

MINISTRY = PROJECT.parent / "shared" / "data" / "institutions.csv"


def test_every_row_keeps_every_rule_and_no_number_comes_twice() -> None:
    parser = RosterRowParser(list(COLUMNS), InstitutionNames(SCHOOLS), date(2026, 11, 1))
    rows = [parser.parse(line, row) for line, row in enumerate(generate_rows(3000, seed=5, schools=SCHOOLS))]
    good = [row for row in rows if isinstance(row, RosterRow)]
    assert len(good) == 3000
    assert len({row.document for row in good}) == len({row.student_number for row in good}) == 3000
    assert {row.document.type for row in good} == {DocumentType.SFZ, DocumentType.SFZ_GAT}
    assert any("·" in row.name for row in good)
    assert any(max(row.name) >= "\U00020000" for row in good)


def test_the_same_seed_gives_the_same_students_and_another_seed_others() -> None:
    first, again, other = (list(make_students(50, seed=seed, schools=SCHOOLS)) for seed in (1, 1, 2))
    assert first == again != other
    assert all(student.phone[:3] in {"170", "171"} for student in first)
    assert all(document_from_roster(student.document_number, date(2026, 1, 1)) for student in first)


@pytest.mark.skipif(not MINISTRY.exists(), reason="the ministry's list does not lie beside the project")
def test_made_up_schools_are_nobodys() -> None:
    real = MINISTRY.read_text(encoding="utf-8-sig")
    assert not [school for school in demo_schools() if school.code in real or f",{school.name}," in real]


def test_a_cell_wider_than_its_dbf_field_is_not_written(tmp_path: Path) -> None:
    row = next(generate_rows(1, seed=1, schools=SCHOOLS))
    row[13] = "院" * 21
    with pytest.raises(ValueError, match="wider"):
        write_roster(tmp_path / "r.dbf", [row], kind="dbf")
