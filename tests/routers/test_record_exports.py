"""An export goes on for as long as its registrar may read, and what is in it does nothing in a spreadsheet."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from pathlib import Path

import pytest
import structlog
from starlette.types import Message

from support.archive import HEADER
from support.client import Client
from support.people import students
from support.records import OFFICE, add_records, registered_row, registrar_of
from support.staff import staff_accounts
from support.tables import rows_of
from xuexin_api.dependencies.wiring import Wiring
from xuexin_api.gateways.roster_files import open_roster


@pytest.mark.settings(record_export_rows=2)
async def test_an_export_breaks_off_once_its_registrar_is_disabled(client: Client, parts: Wiring) -> None:
    await add_records(parts, [registered_row(student) for student in students(6)])
    pieces: list[bytes] = []
    ended = False
    asked: list[Message] = [{"type": "http.request", "body": json.dumps({"purpose": "record_keeping"}).encode()}]

    async def receive() -> Message:
        if not asked:
            await asyncio.Event().wait()
        return asked.pop()

    async def send(message: Message) -> None:
        nonlocal ended
        if message.get("body"):
            pieces.append(message["body"])
            if len(pieces) == 2:
                await staff_accounts(parts).disable("registrar.one")
        ended |= message["type"] == "http.response.body" and not message.get("more_body")

    async with registrar_of(client, "registrar.one") as registrar:
        headers = {"authorization": f"Bearer {registrar.client.access_token}", "content-type": "application/json"}
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": f"{OFFICE}/export",
            "query_string": b"",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            "client": ("203.0.113.7", 40000),
        }
        with structlog.testing.capture_logs() as lines:
            await client.app(scope, receive, send)
    # The header and two records: what follows is neither handed out nor written down, and the end is missing.
    assert (len(pieces), pieces[1].count(b"\r\n"), ended) == (2, 2, False)
    assert [row["action"] for row in await rows_of(parts, "record_accesses")] == ["exported"] * 2
    assert "request_failed" not in {line["event"] for line in lines}


@pytest.mark.parametrize("begins", list("=+-@＝＋－＠"))
async def test_what_a_spreadsheet_would_run_stays_text_and_comes_back_as_it_was(
    client: Client, parts: Wiring, tmp_path: Path, begins: str
) -> None:
    (student,) = students(1)
    await add_records(parts, [registered_row(student, class_name=f"{begins}1")])
    async with registrar_of(client) as registrar:
        answer = await registrar.client.post(f"{OFFICE}/export", {"purpose": "record_keeping"})
    _, line = csv.reader(io.StringIO(answer.text))
    assert line[HEADER.index("BH")] == f"'{begins}1"
    path = tmp_path / "roster.csv"
    path.write_bytes(answer.content)
    _, (_, read) = open_roster(path).rows
    assert read[HEADER.index("BH")] == f"{begins}1"
