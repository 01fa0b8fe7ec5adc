"""`xuexin staff offices`: which schools and provinces can be told of their work, and when each was last."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from support.client import Client
from support.clock import HandClock
from support.commands import xuexin
from support.corrections import corrected
from support.offices import CONTACT, MAILBOX, set_contact
from support.people import students
from support.records import OTHER, SCHOOL, add_records, province_of, registered_row, registrar_of
from support.staff import staff_accounts
from xuexin_api.dependencies.wiring import Wiring


async def test_each_office_stands_with_whether_it_can_be_told_and_when_it_was(
    client: Client, parts: Wiring, clock: HandClock, database_url: str, tmp_path: Path
) -> None:
    (student,) = students(1)
    (record,) = await add_records(parts, [registered_row(student)])
    own = {"XUEXIN_DATABASE_URL": database_url, "XUEXIN_DATA_DIR": str(tmp_path / "shell")}

    async def offices() -> list[str]:
        done = await asyncio.to_thread(xuexin, "staff", "offices", environment=os.environ | own)
        assert done.returncode == 0, done.stderr
        assert MAILBOX not in done.stdout + done.stderr
        return done.stdout.splitlines()

    async with (
        registrar_of(client) as school,
        registrar_of(client, "registrar.two", OTHER),
        province_of(client) as province,
    ):
        await set_contact(school)
        await set_contact(province, "province@example.edu")
        assert await offices() == [
            f"{SCHOOL}\tproven {clock.now():%Y-%m-%d}\ttold never",
            f"{OTHER}\tnone\ttold never",
            f"99\tproven {clock.now():%Y-%m-%d}\ttold never",
        ]
        proven = clock.now()
        clock.pass_time(days=1)
        await client.register(student)
        await client.verify(student)
        await corrected(client, record, class_name="二班")
        await parts.housekeeping.purge()
        told = clock.now()
        clock.pass_time(hours=1)
        await school.log_in()
        assert (await school.client.delete(CONTACT)).status_code == 204
        await staff_accounts(parts).disable("registrar.two")
        assert await offices() == [
            f"{SCHOOL}\tnone\ttold {told:%Y-%m-%d %H:%M} UTC",
            f"99\tproven {proven:%Y-%m-%d}\ttold never",
        ]
