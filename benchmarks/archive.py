"""An archive of any size, and some of its students logged in and verified."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import asyncpg

from benchmarks.ground import connect, say
from xuexin_api.cli.demo import demo_schools
from xuexin_api.cli.migration import migrate
from xuexin_api.cli.workbench import make_wiring
from xuexin_api.core.code_tables import EnrollmentStatus
from xuexin_api.core.documents import document_from_roster
from xuexin_api.core.sealing import DOCUMENT_CONTEXT, PHONE_CONTEXT
from xuexin_api.core.tokens import Assurance
from xuexin_api.demo.people import DemoStudent, make_students
from xuexin_api.dependencies.wiring import Wiring
from xuexin_api.settings import Settings

_CHUNK: Final = 10_000
PASSWORD: Final = "plain-sailing-by-moonlight"
SEED: Final = 5
_PERSON: Final = (
    "id",
    "document_type",
    "document_key",
    "document_ciphertext",
    "name",
    "sex",
    "birth_date",
    "ethnicity",
)
_RECORD: Final = (
    "id",
    "person_id",
    "institution_code",
    "student_number",
    "document_type",
    "document_key",
    "document_ciphertext",
    "name",
    "sex",
    "birth_date",
    "ethnicity",
    "level",
    "programme_code",
    "programme_name",
    "duration_years",
    "category",
    "study_form",
    "branch",
    "department",
    "class_name",
    "grade",
    "candidate_number",
    "admission_date",
    "status",
    "expected_graduation_date",
    "registered_year",
    "roster_import_id",
    "updated_at",
)


def schools() -> list[tuple[str, str]]:
    return [(school.code, school.name) for school in demo_schools()]


async def fill(url: str, persons: int, *, logged_in: int) -> None:
    """A migrated database with so many persons, each with one record; made once and kept."""
    await migrate(url)
    connection = await connect(url)
    try:
        if await connection.fetchval("SELECT count(*) FROM persons") == persons:
            return
        say(f"    filling an archive of {persons:,} persons")
        tables = "sessions, devices, credentials, accounts, enrollments, persons, roster_imports, institutions"
        await connection.execute(f"TRUNCATE {tables} CASCADE")
        parts = make_wiring(Settings(), url)
        now = datetime.now(UTC)  # noqa: TID251 - the benchmark's own clock
        import_id = parts.entropy.identifier()
        await _add_ground(connection, import_id, now)
        students = make_students(persons, seed=SEED, schools=schools())
        owners: list[tuple[UUID, DemoStudent]] = []
        while chunk := list(islice(students, _CHUNK)):
            rows = [_rows(parts, student, import_id, now) for student in chunk]
            await connection.copy_records_to_table(
                "persons", records=[(*row[0], now) for row in rows], columns=[*_PERSON, "created_at"]
            )
            await connection.copy_records_to_table("enrollments", records=[row[1] for row in rows], columns=_RECORD)
            owners += [(row[0][0], student) for row, student in zip(rows, chunk, strict=True)][
                : logged_in - len(owners)
            ]
        await _log_in(connection, parts, owners, now)
        await connection.execute("VACUUM ANALYZE")
        await parts.database.close()
    finally:
        await connection.close()


async def _add_ground(connection: asyncpg.Connection, import_id: UUID, now: datetime) -> None:
    await connection.executemany(
        "INSERT INTO institutions VALUES ($1, $2, '', '', '', '', $3)", [(code, name, now) for code, name in schools()]
    )
    await connection.execute(
        "INSERT INTO roster_imports VALUES ($1, 'benchmark', $2, $2, 0, 0, 0, 0, 0)", import_id, now
    )


def _rows(
    parts: Wiring, student: DemoStudent, import_id: UUID, now: datetime
) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    document = document_from_roster(student.document_number, now.date())
    key = parts.lookups.document(document.number)
    sealed = parts.sealer.seal(document.number.encode(), DOCUMENT_CONTEXT)
    person_id = parts.entropy.identifier()
    sex = "male" if student.sex == "男" else "female"
    identity = (student.name, sex, student.birth_date, "汉族")
    person = (person_id, document.type.value, key, sealed, *identity)
    record = (
        parts.entropy.identifier(),
        person_id,
        student.institution_code,
        student.student_number,
        document.type.value,
        key,
        sealed,
        *identity,
        student.level,
        student.programme_code,
        student.programme_name,
        int(student.duration),
        "普通高等教育",
        "普通全日制",
        None,
        student.department,
        student.class_name,
        student.admission_date.year,
        student.candidate_number,
        student.admission_date,
        EnrollmentStatus.REGISTERED.value,
        student.expected_graduation_date,
        student.admission_date.year,
        import_id,
        now,
    )
    return person, record


async def _log_in(
    connection: asyncpg.Connection, parts: Wiring, owners: list[tuple[UUID, DemoStudent]], now: datetime
) -> None:
    """Accounts with one password hash, a device and a verified session each."""
    stored = await parts.hashing.hash(PASSWORD)
    for person_id, student in owners:
        account_id, device_id = parts.entropy.identifier(), parts.entropy.identifier()
        phone = f"+86{student.phone}"
        key = parts.lookups.document(student.document_number)
        await connection.execute(
            "INSERT INTO accounts (id, state, name, sex, document_type, document_key, document_ciphertext, phone_key, "
            "phone_ciphertext, person_id, second_factors, created_at) "
            "VALUES ($1, 'active', $2, 'male', 'SFZ', $3, $4, $5, $6, $7, '{}', $8)",
            account_id,
            student.name,
            key,
            parts.sealer.seal(student.document_number.encode(), DOCUMENT_CONTEXT),
            parts.lookups.phone(phone),
            parts.sealer.seal(phone.encode(), PHONE_CONTEXT),
            person_id,
            now,
        )
        await connection.execute("INSERT INTO credentials VALUES ($1, $2, $3)", account_id, stored, now)
        device = parts.devices.make(account_id)
        await connection.execute(
            "INSERT INTO devices (id, account_id, token_hash, platform, created_at, last_seen_at) "
            "VALUES ($1, $2, $3, 'unknown', $4, $4)",
            device_id,
            account_id,
            parts.devices.hash_of(device),
            now,
        )
        await connection.execute(
            "INSERT INTO sessions (id, account_id, device_id, generation, rotated_at, epoch, methods, address, "
            "created_at, verified_at, verified_by, idle_until, ends_at) "
            "VALUES ($1, $2, $3, 0, $4, 0, '{pwd}', '127.0.0.1', $4, $4, 'record_facts', $5, $5)",
            parts.entropy.identifier(),
            account_id,
            device_id,
            now,
            now + timedelta(days=365),
        )


async def write_requests(url: str, folder: Path, name: str, *, sessions: int = 300) -> tuple[str, str]:
    """Two files of HTTP requests: reads of one's own record, and logins of devices that are known."""
    connection = await connect(url)
    parts = make_wiring(Settings(), url)
    rows = await connection.fetch(
        "SELECT s.id AS session_id, s.device_id, a.id AS account_id, e.id AS record_id, a.phone_ciphertext "
        "FROM sessions s JOIN accounts a ON a.id = s.account_id JOIN enrollments e ON e.person_id = a.person_id "
        "WHERE s.verified_at IS NOT NULL LIMIT $1",
        sessions,
    )
    now = datetime.now(UTC)  # noqa: TID251 - the benchmark's own clock
    reads, logins = [], []
    for row in rows:
        token = parts.mint.issue(
            account_id=row["account_id"],
            session_id=row["session_id"],
            epoch=0,
            assurance=Assurance.VERIFIED,
            auth_time=now,
            methods=["pwd", "kba"],
        )
        head = f"GET /v1/archive/enrollments/{row['record_id']} HTTP/1.1\r\nhost: bench\r\n"
        reads.append(f"{head}authorization: Bearer {token}\r\n\r\n")
        device = parts.devices.make(row["account_id"])
        await connection.execute(
            "UPDATE devices SET token_hash = $1 WHERE id = $2", parts.devices.hash_of(device), row["device_id"]
        )
        phone = parts.sealer.open(row["phone_ciphertext"], PHONE_CONTEXT).decode()
        body = json.dumps(
            {
                "method": "password",
                "identifier": phone,
                "password": PASSWORD,
                "device_token": device,
            }
        )
        head = "POST /v1/sessions HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\n"
        logins.append(f"{head}content-length: {len(body)}\r\n\r\n{body}")
    await connection.close()
    await parts.database.close()
    paths = []
    for kind, requests in (("reads", reads), ("logins", logins)):
        path = folder / f"{name}.{kind}.json"
        await asyncio.to_thread(path.write_text, json.dumps(requests))
        paths.append(str(path))
    return paths[0], paths[1]
