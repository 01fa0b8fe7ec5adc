"""Registrars who upload, and the process that works on it, run by hand."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import httpx

from support.staff import Member
from xuexin_api.cli.import_worker import make_import_worker
from xuexin_api.core.roster import COLUMNS
from xuexin_api.demo.rosters import Format, generate_rows, write_roster
from xuexin_api.dependencies.wiring import Wiring

CODES = list(COLUMNS)


def rows_of_school(school: tuple[str, str], count: int, *, seed: int = 1) -> list[list[str]]:
    """Of new students, who entered in the days of the tests: others are no school's to bring."""
    return list(generate_rows(count, seed=seed, schools=[school], entered=date(2031, 3, 1)))


def roster(folder: Path, rows: Sequence[list[str]], kind: Format = "csv") -> bytes:
    """A roster file's bytes."""
    path = folder / f"made.{kind}"
    write_roster(path, rows, kind=kind)
    return path.read_bytes()


def zipped(files: dict[str, bytes]) -> bytes:
    """An archive of these."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


async def upload(member: Member, content: bytes, **more: Any) -> httpx.Response:
    params = {"kind": "roster", "file_name": "名册.csv"} | more
    headers = {"Content-Type": "application/octet-stream"}
    return await member.client.request("POST", "/v1/staff/imports", params=params, content=content, headers=headers)


async def uploaded(member: Member, content: bytes, **more: Any) -> dict[str, Any]:
    """The import that has been accepted."""
    answer = await upload(member, content, **more)
    assert answer.status_code == 202, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def worked(member: Member, job: dict[str, Any]) -> dict[str, Any]:
    """The import after all that waited was worked on."""
    await work(member.client.parts)
    return await seen(member, job)


async def seen(member: Member, job: dict[str, Any]) -> dict[str, Any]:
    answer = await member.client.get(f"/v1/staff/imports/{job['id']}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def work(parts: Wiring) -> None:
    worker = make_import_worker(parts)
    while await worker.run_next():
        pass
