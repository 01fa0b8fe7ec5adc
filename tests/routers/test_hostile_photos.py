"""Every hostile file there is, sent as a hand-held photo: an answer with a reason, a still picture, and no growth."""

from __future__ import annotations

import asyncio
import contextlib

import psutil
import pytest

from support.archive import enroll
from support.cases import case_of, claim
from support.client import Client, code_of, connected_client
from support.hostile_pictures import REFUSED, TAKEN
from support.people import students
from support.photos import send

pytestmark = pytest.mark.settings(
    code_resend_seconds=1, photos_per_account_day=1000, photos_per_case=1000, picture_processes=2
)


async def _weigh(largest: dict[str, int]) -> None:
    """This process, and the heaviest of those that read pictures for it, until somebody stops the weighing."""
    service = psutil.Process()
    while True:
        with contextlib.suppress(psutil.NoSuchProcess):
            for reader in service.children(recursive=True):
                if "picture_worker" in " ".join(reader.cmdline()):
                    largest["reader"] = max(largest["reader"], reader.memory_info().rss)
        largest["service"] = max(largest["service"], service.memory_info().rss)
        await asyncio.sleep(0.01)


async def test_every_hostile_file_has_its_answer_and_two_at_a_time_make_nothing_grow(client: Client) -> None:
    (student,) = students(1)
    await enroll(client.parts, student)
    async with connected_client(client.app, client.parts) as holder:
        await holder.register(student)
    case_id = await claim(client, student)
    path = f"/v1/identity-cases/{case_id}"
    expected = {name: code for name, (code, _) in REFUSED.items()} | dict.fromkeys(TAKEN, "")
    expected["nothing"] = "invalid_request"  # a form without a file
    files = {name: make() for name, (_, make) in REFUSED.items()} | {name: make() for name, make in TAKEN.items()}
    before = psutil.Process().memory_info().rss
    largest = {"service": 0, "reader": 0}
    weighing = asyncio.create_task(_weigh(largest))
    names = list(files)
    for pair in zip(names[::2], [*names[1::2], names[0]], strict=False):
        answers = await asyncio.gather(
            *(send(client, path, side, files[name]) for name, side in zip(pair, ("front", "back"), strict=True))
        )
        for name, answer in zip(pair, answers, strict=True):
            said = "" if answer.status_code == 201 else code_of(answer)
            assert (said, answer.status_code < 500) == (expected[name], True), name
    weighing.cancel()
    shown = (await case_of(client, case_id))["photos"]
    assert {photo["state"] for photo in shown} <= {"received", "refused", "erased"}
    assert largest["service"] - before < 100_000_000
    assert 0 < largest["reader"] < 300_000_000
