"""The ministry's list."""

from __future__ import annotations

from pathlib import Path

import pytest

from xuexin_api.cli.migration import PROJECT
from xuexin_api.core.errors import BrokenRuleError
from xuexin_api.gateways.institution_file import COLUMNS, InstitutionError, ListedInstitution, read_institutions

MINISTRY = PROJECT.parent / "shared" / "data" / "institutions.csv"
HEAD = ",".join(COLUMNS) + "\n"


def _written(tmp_path: Path, text: str, encoding: str = "utf-8") -> Path:
    path = tmp_path / "list.csv"
    path.write_text(text, encoding=encoding)
    return path


@pytest.mark.skipif(not MINISTRY.exists(), reason="the ministry's list does not lie beside the project")
def test_the_ministrys_list_is_read_whole() -> None:
    lines = list(read_institutions(MINISTRY))
    assert len(lines) == 2631
    assert all(isinstance(line, ListedInstitution) for line in lines)
    assert len({line.code[-5:] for line in lines if isinstance(line, ListedInstitution)}) == 2631


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_the_list_comes_in_every_encoding(tmp_path: Path, encoding: str) -> None:
    path = _written(tmp_path, HEAD + "4199999001,示例大学,示例部门,示例省,本科,\n", encoding)
    assert list(read_institutions(path)) == [
        ListedInstitution("4199999001", "示例大学", "示例部门", "示例省", "本科", "")
    ]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("419999900,示例大学,,,,", "institution_code_malformed"),
        ("４１９９９９９００１,示例大学,,,,", "institution_code_malformed"),
        ("4199999001,,,,,", "institution_name_malformed"),
        (f"4199999001,{'大' * 101},,,,", "institution_name_malformed"),
    ],
)
def test_a_broken_line_is_told_and_the_others_are_kept(tmp_path: Path, line: str, code: str) -> None:
    path = _written(tmp_path, f"{HEAD}{line}\n4199999002,青石理工大学,,,,\n4199999002,又一所,,,,\n")
    found = list(read_institutions(path))
    assert [entry.code for entry in found if isinstance(entry, InstitutionError)] == [code, "institution_code_repeated"]
    assert len([entry for entry in found if isinstance(entry, ListedInstitution)]) == 1


def test_another_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BrokenRuleError, match="institution_columns_missing"):
        list(read_institutions(_written(tmp_path, "a,b,c\n1,2,3\n")))
