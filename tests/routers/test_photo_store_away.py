"""A store that fails half-way: nobody is told of photos that do not exist, and none is forgotten there."""

from __future__ import annotations

import asyncio
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from moto.moto_server.threaded_moto_server import ThreadedMotoServer

from support.archive import enroll
from support.cases import case_of, claim, submit
from support.client import Client, code_of, connected_client
from support.clock import HandClock
from support.keys import keys_for_tests
from support.people import students
from support.photos import photo, send, send_both
from support.staff import member
from support.tables import rows_of
from xuexin_api.app import create_app
from xuexin_api.assembly import wire
from xuexin_api.dependencies.wiring import Wiring
from xuexin_api.gateways.photo_store import in_bucket

pytestmark = pytest.mark.settings(code_resend_seconds=1)
_STORED = "SELECT state, removed_at, erased_at, object_key FROM uploads ORDER BY created_at"


async def _case(client: Client) -> str:
    (student,) = students(1)
    await enroll(client.parts, student)
    async with connected_client(client.app, client.parts) as holder:
        await holder.register(student)
    return await claim(client, student)


class _Folder:
    """The store's folder, which somebody moves away; a file stands in its place."""

    def __init__(self, parts: Wiring) -> None:
        self.place = parts.settings.data_dir / "handheld"
        self.elsewhere = Path(f"{self.place}.elsewhere")

    def go(self) -> None:
        self.place.rename(self.elsewhere)
        self.place.touch()

    def come_back(self) -> None:
        self.place.unlink()
        self.elsewhere.rename(self.place)

    def names(self) -> set[str]:
        return {file.name for file in self.place.iterdir()}


async def test_a_folder_that_is_away_costs_nobody_a_photo_and_forgets_none(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    case_id = await _case(client)
    path, folder = f"/v1/identity-cases/{case_id}", _Folder(parts)
    front, back = await send_both(client, path)
    folder.go()
    # Read, replaced, taken back while it is away.
    unread = await client.get(f"{path}/photos/{front['id']}")
    assert (unread.status_code, code_of(unread)) == (503, "not_ready")
    refused = await send(client, path, "front", photo(40))
    assert (refused.status_code, code_of(refused)) == (503, "not_ready")
    assert (await client.delete(f"{path}/photos/{back['id']}")).status_code == 204
    shown = {one["id"]: one["state"] for one in (await case_of(client, case_id))["photos"]}
    assert shown == {front["id"]: "received", back["id"]: "erased"}
    await parts.housekeeping.purge()
    folder.come_back()
    assert (await client.get(f"{path}/photos/{front['id']}")).status_code == 200
    assert len(folder.names()) == 2
    clock.pass_time(minutes=61)
    await parts.housekeeping.purge()
    kept = {row["object_key"] for row in await rows_of(parts, "", _STORED)} - {None}
    assert len(kept) == 1
    assert folder.names() == kept


async def test_a_reviewer_has_seen_nothing_of_what_the_store_does_not_give(client: Client, parts: Wiring) -> None:
    case_id = await _case(client)
    folder = _Folder(parts)
    await send_both(client, f"/v1/identity-cases/{case_id}")
    await submit(client, case_id)
    async with member(client) as one:
        await one.take(case_id)
        desk = f"/v1/staff/identity-cases/{case_id}"
        photos = (await one.client.get(desk)).json()["photos"]
        folder.go()
        for sent in photos:
            away = await one.client.get(f"{desk}/photos/{sent['id']}")
            assert (away.status_code, code_of(away)) == (503, "not_ready")
        folder.come_back()
        refused = await one.decide(case_id, "accept_photos", "photos_show_applicant")
        assert code_of(refused) == "photos_not_seen"
        await one.look_at_photos(case_id)
        assert (await one.decide(case_id, "accept_photos", "photos_show_applicant")).status_code == 204


@pytest.fixture(scope="module")
def bucket_server() -> Iterator[tuple[str, int]]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    made = urllib.request.Request(f"http://{host}:{port}/sent-photos", method="PUT")
    urllib.request.urlopen(made, timeout=10).close()
    yield host, port
    server.stop()


class _Line:
    """The way to the bucket: it can be cut, or lose what the bucket answers."""

    def __init__(self, bucket: tuple[str, int]) -> None:
        self.cut = False
        self.loses_answers = False
        self._bucket = bucket

    async def carry(self, asks: asyncio.StreamReader, hears: asyncio.StreamWriter) -> None:
        if self.cut:
            hears.close()
            return
        answers, speaks = await asyncio.open_connection(*self._bucket)
        with suppress(OSError):
            await asyncio.gather(self._copy(asks, speaks), self._copy(answers, hears, answers=True))

    async def _copy(self, one: asyncio.StreamReader, to: asyncio.StreamWriter, *, answers: bool = False) -> None:
        while data := await one.read(65536):
            if answers and self.loses_answers:
                continue
            to.write(data)
            await to.drain()
        to.close()


@asynccontextmanager
async def _over(line: _Line, parts: Wiring) -> AsyncIterator[Client]:
    """The application, its photos in the bucket at the other end of the line; no answer is waited for long."""
    server = await asyncio.start_server(line.carry, "127.0.0.1", 0)
    async with server:
        chosen = {
            "photo_store": "s3",
            "s3_endpoint": f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}",
            "s3_bucket": "sent-photos",
            "s3_key_id": "key-of-a-test",
            "s3_key_secret": "secret-of-a-test",
            "gateway_seconds": 0.3,
        }
        settings = type(parts.settings)(**(parts.settings.model_dump() | chosen))
        remote = wire(
            settings, keys=keys_for_tests(), database=parts.database, clock=parts.clock, entropy=parts.entropy
        )
        app = create_app(remote, background=False)
        async with app.router.lifespan_context(app), connected_client(app, remote) as client:
            yield client


async def test_a_bucket_that_is_cut_off_or_loses_its_answers_forgets_no_photo(
    parts: Wiring, clock: HandClock, bucket_server: tuple[str, int]
) -> None:
    line = _Line(bucket_server)
    async with _over(line, parts) as client:
        case_id = await _case(client)
        path = f"/v1/identity-cases/{case_id}"
        bare = in_bucket(client.parts.settings.bucket(), "handheld", seconds=5)

        async def names() -> set[str]:
            return {item["path"] for batch in [await bare.list().collect_async()] for item in batch}

        front = (await send(client, path, "front")).json()
        assert len(await names()) == 1
        # What is put arrives, and nobody hears so: the photo is not the applicant's.
        line.loses_answers = True
        async with asyncio.timeout(20):
            unheard = await send(client, path, "back")
            unread = await client.get(f"{path}/photos/{front['id']}")
        assert (unheard.status_code, code_of(unheard)) == (503, "not_ready")
        assert (unread.status_code, code_of(unread)) == (503, "not_ready")
        line.loses_answers = False
        assert len(await names()) == 2
        assert [one["side"] for one in (await case_of(client, case_id))["photos"]] == ["front"]
        # Taken back while nothing gets through: gone for its owner at once, and from the bucket as soon as it can be.
        line.cut = True
        async with asyncio.timeout(20):
            assert (await client.delete(f"{path}/photos/{front['id']}")).status_code == 204
            assert code_of(await send(client, path, "back")) == "not_ready"
            await client.parts.housekeeping.purge()
        line.cut = False
        assert len(await names()) == 2
        clock.pass_time(minutes=61)
        await client.parts.housekeeping.purge()
        assert await names() == set()
        left = [row["object_key"] for row in await rows_of(parts, "", _STORED)]
        assert left == [None] * len(left)
