"""One school with nearly all records of an archive, and a registrar who turns its pages, searches and exports."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import asyncpg
import httpx

from benchmarks.ground import connect, say
from xuexin_api.cli.migration import migrate
from xuexin_api.cli.workbench import make_wiring
from xuexin_api.core.sealing import DOCUMENT_CONTEXT
from xuexin_api.core.tokens import Assurance
from xuexin_api.dependencies.wiring import Wiring
from xuexin_api.services.paging import write_cursor
from xuexin_api.settings import Settings

SCHOOL: Final = "4199000000"
_OTHERS: Final = 100
_ROWS_AT_ONCE: Final = 1_000_000
_DOCUMENTS: Final = 1000
_ASKED: Final = 400
_PROGRAMMES: Final = 50
_PATIENCE_SECONDS: Final = 60
_SEARCH: Final = "/v1/staff/enrollments/search"
_EXPORT: Final = "/v1/staff/enrollments/export"
# Ids that sort as they were made, as those of the service do.
_ID: Final = (
    "(lpad(to_hex(1700000000000 + {place}), 12, '0') || '70008' || substr(md5('{kind}' || {place}), 1, 15))::uuid"
)
# The others stand before and behind: a page that is looked for in the wrong order would wade through them.
_ROWS: Final = f"""
SELECT place, $1::int AS first, $2::int AS records,
       CASE WHEN place >= $1 AND place < $1 + $2 THEN '{SCHOOL}'
            ELSE '41990' || lpad((1 + place % {_OTHERS})::text, 5, '0') END AS school,
       greatest(place - $1, 0) AS number,
       least(2016 + greatest(place - $1, 0)::bigint * 10 / $2, 2025)::int AS grade,
       (SELECT sealed FROM documents d WHERE d.number = place % {_DOCUMENTS}) AS sealed
FROM generate_series($3::int, $4::int - 1) AS place
"""
_NAME: Final = "'示' || chr(20000 + number % 2000)"
_ADD_PERSONS: Final = f"""
INSERT INTO persons (id, document_type, document_key, document_ciphertext, name, sex, birth_date, ethnicity, created_at)
SELECT {_ID.format(place="place", kind="person")}, 'SFZ', substr(sha256(place::text::bytea), 1, 16), sealed, {_NAME},
       'female', DATE '2003-05-04', '汉族', now()
FROM ({_ROWS}) AS made
"""
_STATUS: Final = """
CASE WHEN number % 50000 = 7 THEN 'deceased' WHEN number % 200 = 3 THEN 'suspended'
     WHEN grade <= 2021 THEN 'graduated' ELSE 'registered' END
"""
_ADD_RECORDS: Final = f"""
INSERT INTO enrollments (id, person_id, institution_code, student_number, document_type, document_key,
    document_ciphertext, name, sex, birth_date, ethnicity, level, programme_code, programme_name, duration_years,
    category, study_form, department, class_name, grade, candidate_number, admission_date, status,
    expected_graduation_date, roster_import_id, updated_at)
SELECT {_ID.format(place="place", kind="record")}, {_ID.format(place="place", kind="person")}, school,
       lpad(place::text, 10, '0'), 'SFZ', substr(sha256(place::text::bytea), 1, 16), sealed, {_NAME}, 'female',
       DATE '2003-05-04', '汉族', '本科', '0809' || lpad((number / 40 % {_PROGRAMMES})::text, 2, '0'),
       '示例专业' || (number / 40 % {_PROGRAMMES}), 4.0, '普通高等教育', '普通全日制', '示例学院',
       '示例' || grade || '-' || (number / 40), grade, lpad(place::text, 14, '2'), make_date(grade, 9, 1), {_STATUS},
       make_date(grade + 4, 7, 1), $5::uuid, now()
FROM ({_ROWS}) AS made
"""


async def fill_school(url: str, records: int) -> None:
    """A migrated database in which one school has so many records, and others a fifth of that; made once and kept."""
    await migrate(url)
    connection = await connect(url)
    parts = make_wiring(Settings(), url)
    try:
        if await connection.fetchval("SELECT count(*) FROM staff"):
            return
        say(f"    filling a school of {records:,} records")
        await connection.execute("TRUNCATE enrollments, persons, roster_imports, institutions CASCADE")
        now = datetime.now(UTC)  # noqa: TID251 - the benchmark's own clock
        import_id = parts.entropy.identifier()
        schools = [SCHOOL, *(f"41990{number:05}" for number in range(1, _OTHERS + 1))]
        await connection.executemany(
            "INSERT INTO institutions VALUES ($1, '示例大学', '', '', '', '', $2)", [(code, now) for code in schools]
        )
        await connection.execute(
            "INSERT INTO roster_imports VALUES ($1, 'benchmark', $2, $2, 0, 0, 0, 0, 0)", import_id, now
        )
        await _add_records(connection, parts, records, import_id)
        await _add_registrar(connection, parts, now)
    finally:
        await connection.close()
        await parts.database.close()


async def _add_records(connection: asyncpg.Connection, parts: Wiring, records: int, import_id: UUID) -> None:
    """By the server alone, and the indexes afterwards."""
    sealed = [
        (number, parts.sealer.seal(f"1101012003{number:08}".encode(), DOCUMENT_CONTEXT)) for number in range(_DOCUMENTS)
    ]
    await connection.execute("CREATE TEMPORARY TABLE documents (number int PRIMARY KEY, sealed bytea)")
    await connection.copy_records_to_table("documents", records=sealed)
    indexes = await connection.fetch(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename IN ('persons', 'enrollments') "
        "AND indexname NOT LIKE 'pk_%'"
    )
    for index in indexes:
        await connection.execute(f"DROP INDEX {index['indexname']}")
    # What is made up is consistent: nobody looks for the person of each record.
    await connection.execute("SET session_replication_role = replica; SET maintenance_work_mem = '1GB'")
    total, first = records * 12 // 10, records // 10
    for start in range(0, total, _ROWS_AT_ONCE):
        bounds = (first, records, start, min(start + _ROWS_AT_ONCE, total))
        await connection.execute(_ADD_PERSONS, *bounds)
        await connection.execute(_ADD_RECORDS, *bounds, import_id)
        say(f"    {bounds[-1]:,} of {total:,}")
    for index in indexes:
        await connection.execute(index["indexdef"])
    await connection.execute("RESET session_replication_role")
    await connection.execute("VACUUM ANALYZE")


async def _add_registrar(connection: asyncpg.Connection, parts: Wiring, now: datetime) -> None:
    staff_id, ends_at = parts.entropy.identifier(), now + timedelta(days=365)
    await connection.execute(
        "INSERT INTO staff (id, login_name, role, institution_code, document_key, phone_key, state, totp_step, "
        "created_at) VALUES ($1, 'registrar', 'registrar', $2, '', '', 'active', 0, $3)",
        staff_id,
        SCHOOL,
        now,
    )
    await connection.execute(
        "INSERT INTO staff_sessions (id, staff_id, address, created_at, used_at, ends_at) "
        "VALUES ($1, $2, '127.0.0.1', $3, $4, $4)",
        parts.entropy.identifier(),
        staff_id,
        now,
        ends_at,
    )


async def write_questions(url: str, records: int, folder: Path, name: str) -> dict[str, str]:
    """Files of HTTP requests of the school's registrar, by what they ask for."""
    connection = await connect(url)
    parts = make_wiring(Settings(), url)
    try:
        token = await _let_in(connection, parts)
        asked = await _questions(connection, parts, records)
    finally:
        await connection.close()
        await parts.database.close()
    files = {}
    for what, bodies in asked.items():
        requests = [_request(token, {"purpose": "record_keeping", **body}) for body in bodies]
        file = folder / f"{name}.{what.replace(' ', '_')}.json"
        await asyncio.to_thread(file.write_text, json.dumps(requests))
        files[what] = str(file)
    return files


def _request(token: str, body: dict[str, Any]) -> str:
    text = json.dumps(body)
    head = f"POST {_SEARCH} HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\n"
    return f"{head}authorization: Bearer {token}\r\ncontent-length: {len(text)}\r\n\r\n{text}"


async def _let_in(connection: asyncpg.Connection, parts: Wiring) -> str:
    now = datetime.now(UTC)  # noqa: TID251 - the benchmark's own clock
    # The ground is kept, and a session that was not used for a while has ended.
    row = await connection.fetchrow("UPDATE staff_sessions SET used_at = $1 RETURNING id, staff_id", now)
    return parts.staff_mint.issue(
        account_id=row["staff_id"],
        session_id=row["id"],
        epoch=0,
        assurance=Assurance.LOGIN,
        auth_time=now,
        methods=["pwd", "otp", "mfa"],
    )


async def _questions(connection: asyncpg.Connection, parts: Wiring, records: int) -> dict[str, list[dict[str, Any]]]:
    """Each of many records, from the first to the last, so that no page is the one that was just read."""
    first = records // 10
    places = [first + records * share // _ASKED for share in range(_ASKED)]
    rows = await connection.fetch(
        "SELECT id, person_id, name, class_name, student_number, candidate_number FROM enrollments "
        "WHERE institution_code = $1 AND student_number = ANY($2) ORDER BY student_number",
        SCHOOL,
        [f"{place:010}" for place in places],
    )
    last = await connection.fetch(
        "SELECT id FROM enrollments WHERE institution_code = $1 ORDER BY id DESC LIMIT $2 OFFSET 20", SCHOOL, _ASKED
    )
    numbers = [f"1101012003{place:08}" for place in places]
    for row, number in zip(rows, numbers, strict=True):
        await connection.execute(
            "UPDATE persons SET document_key = $1 WHERE id = $2", parts.lookups.document(number), row["person_id"]
        )
    return {
        "the first page": [{}],
        "a page anywhere": [{"cursor": write_cursor(row["id"])} for row in rows],
        "the last page": [{"cursor": write_cursor(row["id"])} for row in last],
        "by student number": [{"student_number": row["student_number"]} for row in rows],
        "by candidate number": [{"candidate_number": row["candidate_number"]} for row in rows],
        "by document number": [{"document_number": number} for number in numbers],
        "by a name that many have": [{"name": row["name"]} for row in rows],
        "by class": [{"class_name": row["class_name"]} for row in rows],
        "by grade and programme": [
            {"grade": 2020, "programme_name": f"示例专业{number}"} for number in range(_PROGRAMMES)
        ],
        "by a status that few have": [{"statuses": ["suspended"], "cursor": write_cursor(row["id"])} for row in rows],
        "by a status that hardly any has": [
            {"statuses": ["deceased"], "cursor": write_cursor(row["id"])} for row in rows
        ],
    }


def export_some(port: int, questions: str, seconds: float) -> float:
    """Records a second of an export that is stopped after a while, or ends before."""
    token = json.loads(Path(questions).read_text())[0].split("Bearer ")[1].split("\r\n")[0]
    lines = 0
    started = time.perf_counter()
    with httpx.stream(
        "POST",
        f"http://127.0.0.1:{port}{_EXPORT}",
        json={"purpose": "record_keeping"},
        headers={"authorization": f"Bearer {token}"},
        timeout=_PATIENCE_SECONDS,
    ) as answer:
        answer.raise_for_status()
        for piece in answer.iter_bytes():
            lines += piece.count(b"\n")
            if time.perf_counter() - started > seconds:
                break
    return lines / (time.perf_counter() - started)
