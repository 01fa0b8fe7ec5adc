"""The embedded server: in any folder, after any end."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.server import run_on
from xuexin_api.gateways.embedded_home import EmbeddedPostgresError
from xuexin_api.gateways.embedded_postgres import EmbeddedServer, start_embedded


def _never(line: str) -> None:
    raise AssertionError(line)


def _answers(server: EmbeddedServer) -> None:
    asyncio.run(run_on(server.url("postgres"), "SELECT 1"))


def _runs(data_dir: Path) -> bool:
    return (data_dir / "postgres" / "postmaster.pid").exists()


@pytest.fixture
def open_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder that everybody may pass: pytest's own is private."""
    folder = Path("/tmp") / f"xuexin-test-{os.getpid()}"  # the point is who may pass, not what lies in it
    folder.mkdir(mode=0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize("name", ["学信 数据", 'quo"te $HOME `x`', "comma,colon:", f"{'deep/' * 30}end"])
def test_the_server_starts_whatever_its_folder_is_called(open_folder: Path, name: str) -> None:
    server = start_embedded(open_folder / name, _never)
    _answers(server)
    server.close()
    assert not _runs(open_folder / name)


def test_settings_of_other_postgresql_programs_and_missing_locales_do_not_turn_it(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "PGPORT": "9999",
        "PGHOST": "nowhere.invalid",
        "PGDATA": "/nowhere",
        "LANG": "zh_CN.GB18030",
        "LC_ALL": "xx_YY.UTF-8",
    }.items():
        monkeypatch.setenv(name, value)
    server = start_embedded(open_folder, _never)
    _answers(server)
    server.close()


def test_the_server_stays_until_its_last_user_has_gone(open_folder: Path) -> None:
    first, second = start_embedded(open_folder, _never), start_embedded(open_folder, _never)
    assert first.url("postgres") == second.url("postgres")
    first.close()
    _answers(second)
    second.close()
    assert not _runs(open_folder)


def test_a_first_start_that_was_killed_is_begun_anew(open_folder: Path) -> None:
    (open_folder / "postgres.unfinished" / "base").mkdir(parents=True)
    (open_folder / "postgres").mkdir()
    (open_folder / "postgres" / "log").touch()
    server = start_embedded(open_folder, _never)
    _answers(server)
    server.close()


def test_the_number_of_a_killed_server_may_be_another_process_today(open_folder: Path) -> None:
    start_embedded(open_folder, _never).close()
    data = open_folder / "postgres"
    (data / "postmaster.pid").write_text(f"{os.getpid()}\n{data}\n1\n5432\n{data}\n\n 1 2\nready\n")
    server = start_embedded(open_folder, _never)
    _answers(server)
    server.close()


def test_data_that_cannot_be_served_are_told_in_a_sentence(open_folder: Path) -> None:
    start_embedded(open_folder, _never).close()
    data = open_folder / "postgres"
    control = data / "global" / "pg_control"
    kept = control.read_bytes()
    control.write_bytes(b"")
    with pytest.raises(EmbeddedPostgresError, match=r"did not start: .*pg_control.*its log: "):
        start_embedded(open_folder, _never)
    control.write_bytes(kept)
    (data / "PG_VERSION").write_text("16\n")
    with pytest.raises(EmbeddedPostgresError, match="of PostgreSQL 16, and this is 18"):
        start_embedded(open_folder, _never)
    with pytest.raises(EmbeddedPostgresError, match="cannot use"):
        start_embedded(data / "PG_VERSION", _never)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as somebody else")
def test_as_root_a_private_folder_stays_private_and_data_go_with_the_link_to_them(open_folder: Path) -> None:
    private = open_folder / "private"
    private.mkdir(mode=0o700)
    homes: list[Path] = []
    try:
        for _ in range(2):
            told: list[str] = []
            server = start_embedded(private / "var", told.append)
            _answers(server)
            server.close()
            homes.append((private / "var" / "postgres").resolve().parent)
            assert f"the database lives in {homes[-1]}" in told[0]
            assert private.stat().st_mode & 0o777 == 0o700
            # A second start finds the same data and has nothing to say.
            start_embedded(private / "var", _never).close()
            shutil.rmtree(private / "var")
        assert homes[0] != homes[1]
        assert any(f"there is still {homes[0]}" in line for line in told)
    finally:
        for home in homes:
            shutil.rmtree(home)
