"""Hand-held photos of a case: sent, judged by rules and people, shown, and erased down to the file."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from support.archive import enroll
from support.cases import CLAIMANTS_PHONE, case_of, claim, give_facts, submit
from support.client import Client, code_of, connected_client
from support.clock import HandClock
from support.people import students
from support.photos import large_photo, photo, send, send_both
from support.staff import member
from support.tables import rows_of
from support.waiting import until
from xuexin_api.dependencies.wiring import Wiring

pytestmark = pytest.mark.settings(code_resend_seconds=1)


def stored(parts: Wiring) -> list[str]:
    """What lies in the folder of the store."""
    folder = parts.settings.data_dir / "handheld"
    return sorted(file.name for file in folder.rglob("*") if file.is_file())


async def _case(client: Client) -> str:
    """A draft of this client, against a holder who verified."""
    (student,) = students(1)
    await enroll(client.parts, student)
    async with connected_client(client.app, client.parts) as holder:
        await holder.register(student)
        await holder.verify(student)
    return await claim(client, student)


async def test_an_upload_says_what_arrived_and_stays_to_be_seen(client: Client, parts: Wiring) -> None:
    case_id = await _case(client)
    path = f"/v1/identity-cases/{case_id}"
    file = photo()
    sent = await send(client, path, "front", file)
    assert sent.status_code == 201, sent.text
    kept = sent.json()
    assert (kept["state"], kept["side"], kept["decision"]) == ("received", "front", None)
    assert kept["received_sha256"] == hashlib.sha256(file).hexdigest()
    assert (kept["received_bytes"], kept["width"], kept["height"]) == (len(file), 480, 360)
    assert all(rule["passed"] and rule["said"] for rule in kept["rules"])
    assert all(hint["said"] for hint in kept["hints"])
    assert {hint["name"] for hint in kept["hints"]} == {"sharpness", "card", "face"}
    assert {"size", "kind", "readable", "stored"} <= {rule["name"] for rule in kept["rules"]}

    # Refused: with the reason, in the answer and afterwards, and without bytes.
    refused = await send(client, path, "back", b"GIF89a, or so it says")
    assert refused.status_code in {415, 422}
    assert refused.json()["rules"][-1]["passed"] is False
    large = await send(client, path, "back", large_photo())
    assert (large.status_code, code_of(large)) == (413, "picture_too_large")
    assert "fit=true" in large.json()["title"]
    assert [option["id"] for option in large.json()["options"]] == ["fit_picture"]
    fitted = (await send(client, path, "back", large_photo(), params={"fit": "true"})).json()
    assert (fitted["state"], fitted["received_bytes"]) == ("received", len(large_photo()))
    assert fitted["rules"][-1]["name"] == "stored"

    shown = (await case_of(client, case_id))["photos"]
    assert [(one["side"], one["state"]) for one in shown] == [
        ("front", "received"),
        ("back", "refused"),
        ("back", "refused"),
        ("back", "received"),
    ]
    assert (shown[2]["reason"]["id"], shown[2]["received_bytes"]) == ("picture_too_large", len(large_photo()))
    assert "fit=true" in shown[2]["reason"]["title"]
    assert len(stored(parts)) == 2
    assert not any(file[:64] in (parts.settings.data_dir / "handheld" / name).read_bytes() for name in stored(parts))

    again = await client.get(f"{path}/photos/{kept['id']}")
    assert (again.content[:3], again.headers["content-type"]) == (b"\xff\xd8\xff", "image/jpeg")
    assert (again.headers["cache-control"], again.headers["x-content-type-options"]) == ("no-store, private", "nosniff")
    assert "content-disposition" not in again.headers

    # Replaced, and taken back: gone from the store at once.
    replaced = (await send(client, path, "front", photo(30))).json()
    assert code_of(await client.get(f"{path}/photos/{kept['id']}")) == "upload_not_found"
    assert len(stored(parts)) == 2
    assert (await client.delete(f"{path}/photos/{replaced['id']}")).status_code == 204
    assert code_of(await client.delete(f"{path}/photos/{replaced['id']}")) == "upload_not_found"
    assert len(stored(parts)) == 1
    states = [one["state"] for one in (await case_of(client, case_id))["photos"]]
    assert states == ["erased", "refused", "refused", "received", "erased"]
    alone = await client.post(f"{path}/submit", None)
    assert code_of(alone) == "photo_side_missing"


_SIDE = b"--b\r\nContent-Disposition: form-data; name=side\r\n\r\n"
_FILE = b"--b\r\nContent-Disposition: form-data; name=file\r\n\r\n"
_BROKEN_FORMS = [
    (_SIDE + b"front\r\n--b--\r\n", "/file", "required"),
    (_SIDE + b"left\r\n" + _FILE + b"1\r\n--b--\r\n", "/side", "not_in_list"),
    (_SIDE + b"x" * 99, "/side", "not_in_list"),
    (_SIDE + b"front\r\n--b", "", "multipart_malformed"),
    (_SIDE.replace(b"--b", b"--x") + b"front\r\n--x--\r\n", "", "multipart_malformed"),
    (_SIDE.replace(b"=side", b"=else") + b"1\r\n--b--\r\n", "", "multipart_part_unknown"),
    (_FILE + b"1\r\n" + _FILE + b"2\r\n--b--\r\n", "/file", "multipart_part_repeated"),
    (b"--b\r\n" + b"X-A: 1\r\n" * 5, "", "multipart_malformed"),
    (b"--b\r\nX-A: " + b"1" * 600, "", "multipart_malformed"),
    (b"", "", "multipart_malformed"),
]


async def test_a_form_that_is_none_says_what_is_wrong(client: Client) -> None:
    path = f"/v1/identity-cases/{await _case(client)}/photos"
    form = {"Content-Type": "multipart/form-data; boundary=b"}
    for content, pointer, code in _BROKEN_FORMS:
        refused = await client.request("POST", path, content=content, headers=form)
        assert refused.status_code == 422, (content, refused.text)
        assert [(error["pointer"], error["code"]) for error in refused.json()["errors"]] == [(pointer, code)], content


async def test_who_may_not_send_is_told_before_a_byte_is_read(client: Client, parts: Wiring) -> None:
    path = f"/v1/identity-cases/{await _case(client)}"

    read: list[str] = []

    async def photo_of_somebody() -> AsyncIterator[bytes]:
        read.append("a part")
        yield b"--b"

    async def ask(asker: Client, **more: Any) -> str:
        headers = {"Content-Type": "multipart/form-data; boundary=b"} | more
        return code_of(await asker.request("POST", f"{path}/photos", content=photo_of_somebody(), headers=headers))

    async with connected_client(client.app, parts) as stranger:
        assert await ask(stranger) == "token_missing"
        await stranger.register(students(2)[1])
        assert await ask(stranger) == "case_not_found"
        for _ in range(19):
            await ask(stranger)
        assert await ask(stranger) == "too_many_operations"
    assert await ask(client, **{"Content-Type": "image/jpeg"}) == "form_needed"
    assert await ask(client, **{"Content-Encoding": "gzip"}) == "content_encoded"
    assert (await client.post(f"{path}/withdraw", None)).status_code == 200
    assert await ask(client) == "case_closed"
    assert read == []


@pytest.mark.settings(code_resend_seconds=1, photos_per_case=1)
async def test_a_store_that_is_away_costs_no_photo_of_the_case(client: Client, parts: Wiring) -> None:
    path = f"/v1/identity-cases/{await _case(client)}"
    folder = parts.settings.data_dir / "handheld"
    folder.rmdir()
    folder.touch()
    away = await send(client, path, "front")
    assert (away.status_code, code_of(away), away.headers["retry-after"]) == (503, "not_ready", "5")
    folder.unlink()
    folder.mkdir()
    assert (await send(client, path, "front")).status_code == 201
    assert code_of(await send(client, path, "back")) == "photo_limit_reached"


async def test_what_is_too_large_to_be_read_is_shown_with_its_reason_all_the_same(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    case_id = await _case(client)
    path = f"/v1/identity-cases/{case_id}"
    file = bytes(9 * 1024 * 1024)
    announced = await send(client, path, "front", file, params={"fit": "true"})
    assert (announced.status_code, code_of(announced)) == (413, "picture_far_too_large")
    size = announced.json()["received_bytes"]
    assert len(file) < size < len(file) + 1024
    assert f"{size - 8 * 1024 * 1024}" in announced.json()["title"]

    read = 0

    async def unannounced() -> AsyncIterator[bytes]:
        nonlocal read
        yield _FILE
        for _ in range(1000):
            read += 1
            yield bytes(64 * 1024)

    form = {"Content-Type": "multipart/form-data; boundary=b"}
    clock.pass_time(seconds=1)
    refused = await client.request("POST", f"{path}/photos", content=unannounced(), headers=form)
    assert (refused.status_code, code_of(refused)) == (413, "picture_far_too_large")
    assert read == 8 * 16 + 1
    # A lie about the length is believed: it is not read to be found out.
    clock.pass_time(seconds=1)
    lie = form | {"Content-Length": str(10**15)}
    assert code_of(await client.request("POST", f"{path}/photos", content=unannounced(), headers=lie)) == (
        "picture_far_too_large"
    )
    assert read == 8 * 16 + 2
    shown = (await case_of(client, case_id))["photos"]
    assert [(one["side"], one["state"], one["received_sha256"]) for one in shown] == [
        ("front", "refused", None),
        (None, "refused", None),
        (None, "refused", None),
    ]
    assert shown[0]["id"] == announced.json()["photo_id"]
    assert shown[0]["reason"] == {"id": "picture_far_too_large", "title": announced.json()["title"]}
    assert shown[2]["received_bytes"] == 2**31 - 1
    assert stored(parts) == []


@pytest.mark.settings(code_resend_seconds=1, photos_per_case=4, photos_per_account_day=5)
async def test_a_photo_that_is_sent_twice_under_one_key_is_kept_once(client: Client, parts: Wiring) -> None:
    path = f"/v1/identity-cases/{await _case(client)}"
    key = {"Idempotency-Key": "8e03978e-40d5-43e8-bc93-6894a57f9324"}
    refused = await send(client, path, "front", b"no picture", headers=key)
    assert refused.status_code == 415
    # A refusal leaves nothing done; another boundary is the same photo.
    first, again = [await send(client, path, "front", headers=key) for _ in range(2)]
    assert (first.status_code, again.json()) == (201, first.json())
    assert again.headers["idempotent-replayed"] == "true"
    assert code_of(await send(client, path, "back", headers=key)) == "idempotency_key_reused"
    assert len(stored(parts)) == 1
    async with asyncio.timeout(20):
        both = await asyncio.gather(*(send(client, path, "back", photo(quality)) for quality in (40, 50)))
    assert [answer.status_code for answer in both] == [201, 201]
    assert len(stored(parts)) == 2
    # The answer that was given is given again, and is no try: also when no more are taken, and nothing is open.
    assert code_of(await send(client, path, "front")) == "photo_limit_reached"
    assert (await client.post(f"{path}/withdraw", None)).status_code == 200
    for _ in range(3):
        assert (await send(client, path, "front", headers=key)).json() == first.json()


@pytest.mark.settings(photos_per_account_day=2)
async def test_what_is_read_to_be_compared_is_counted_by_itself(client: Client) -> None:
    path = f"/v1/identity-cases/{await _case(client)}"
    key = {"Idempotency-Key": "one-photo"}
    answers = [await send(client, path, "front", headers=key) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [201, 201, 201, 429]
    assert (await send(client, path, "back")).status_code == 201


async def test_photos_are_seen_by_who_has_the_case_and_accepted_by_who_looked(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    case_id = await _case(client)
    path = f"/v1/identity-cases/{case_id}"
    front, back = await send_both(client, path)
    assert (await submit(client, case_id))["state"] == "submitted"
    assert code_of(await send(client, path, "front")) == "case_closed"
    assert code_of(await client.delete(f"{path}/photos/{front['id']}")) == "case_closed"
    at_the_desk = f"/v1/staff/identity-cases/{case_id}"
    async with member(client) as one, member(client, "reviewer.two") as two:
        assert code_of(await one.client.get(f"{at_the_desk}/photos/{front['id']}")) == "case_not_assigned"
        await one.take(case_id)
        assert code_of(await two.client.get(f"{at_the_desk}/photos/{front['id']}")) == "case_not_assigned"
        assert code_of(await one.client.get(f"{at_the_desk}/photos/{case_id}")) == "upload_not_found"
        early = await one.decide(case_id, "accept_photos", "photos_show_applicant")
        assert code_of(early) == "photos_not_seen"
        # A look that shows nothing is written down, and is none.
        folder = parts.settings.data_dir / "handheld"
        away = folder.rename(folder.with_name("away"))
        for photo in (front, back):
            assert (await one.client.get(f"{at_the_desk}/photos/{photo['id']}")).status_code == 404
        assert code_of(await one.decide(case_id, "accept_photos", "photos_show_applicant")) == "photos_not_seen"
        away.rename(folder)
        seen = await one.client.get(f"{at_the_desk}/photos/{front['id']}")
        assert (seen.status_code, seen.content[:3]) == (200, b"\xff\xd8\xff")
        assert (seen.headers["cache-control"], seen.headers["content-type"]) == ("no-store, private", "image/jpeg")
        assert code_of(await one.decide(case_id, "accept_photos", "photos_show_applicant")) == "photos_not_seen"
        await one.client.get(f"{at_the_desk}/photos/{back['id']}")
        photos = (await one.client.get(at_the_desk)).json()["photos"]
        assert {(photo["sender"], photo["side"], photo["state"]) for photo in photos} == {
            ("claimant", "front", "seen"),
            ("claimant", "back", "seen"),
        }
        case = await case_of(client, case_id)
        looked = [event for event in case["log"] if event["kind"] == "photo_viewed"]
        assert [(event["actor"], event["reason"]["id"]) for event in looked] == [("staff", "photos_in_review")] * 4
        assert (await one.decide(case_id, "accept_photos", "photos_show_applicant")).status_code == 204
        done = await rows_of(parts, "", "SELECT subject_id FROM staff_events WHERE action = 'case:photo:view'")
        assert sorted(str(row["subject_id"]) for row in done) == sorted((front["id"], back["id"]))
    case = await case_of(client, case_id)
    assert [row["kind"] for row in case["evidence"]] == ["handheld_photo"]
    assert [(photo["state"], photo["decision"]) for photo in case["photos"]] == [("accepted", "accepted")] * 2
    assert case["state"] == "notice"
    # Told, granted, and kept until the grant can be undone no more.
    clock.pass_time(hours=73)
    await parts.housekeeping.purge()
    await client.log_in(CLAIMANTS_PHONE)
    assert (await case_of(client, case_id))["state"] == "approved"
    clock.pass_time(days=29)
    await parts.housekeeping.purge()
    assert len(stored(parts)) == 2
    clock.pass_time(days=2)
    await parts.housekeeping.purge()
    assert stored(parts) == []
    await client.log_in(CLAIMANTS_PHONE)
    shown = (await case_of(client, case_id))["photos"]
    assert [(photo["state"], photo["decision"]) for photo in shown] == [("erased", "accepted")] * 2
    assert code_of(await client.get(f"{path}/photos/{front['id']}")) == "upload_not_found"


async def test_a_holder_who_objects_sends_photos_that_the_claimant_never_sees(client: Client, parts: Wiring) -> None:
    (student,) = students(1)
    await enroll(parts, student)
    await client.register(student)
    await client.verify(student)
    async with connected_client(client.app, parts) as claimant, member(client) as one:
        case_id = await claim(claimant, student)
        path = f"/v1/identity-cases/{case_id}"
        assert code_of(await send(client, path, "front")) == "case_not_found"
        await give_facts(claimant, case_id, student)
        await submit(claimant, case_id)
        front, _ = await send_both(client, path)
        objected = await client.post(f"{path}/objection", {"statement": "这是我的证件。"})
        assert (objected.json()["state"], len(objected.json()["photos"])) == ("in_review", 2)
        assert (await case_of(claimant, case_id))["photos"] == []
        assert code_of(await claimant.get(f"{path}/photos/{front['id']}")) == "upload_not_found"
        await one.take(case_id)
        desk = (await one.client.get(f"/v1/staff/identity-cases/{case_id}")).json()
        assert {photo["sender"] for photo in desk["photos"]} == {"holder"}
        assert (await one.client.get(f"/v1/staff/identity-cases/{case_id}/photos/{front['id']}")).status_code == 200
        assert code_of(await client.delete(f"{path}/photos/{front['id']}")) == "upload_not_found"
        assert "photo_viewed" in [event["kind"] for event in (await case_of(client, case_id))["log"]]
        decided = await one.decide(case_id, "reject", "objection_convincing")
        assert decided.status_code == 204


async def test_no_crash_and_no_erasure_leaves_a_photo_in_the_store(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    case_id = await _case(client)
    path = f"/v1/identity-cases/{case_id}"
    front, _ = await send_both(client, path)
    # As a process that dies leaves it between the row and its last word: stored, and nobody's.
    (half,) = await rows_of(
        parts, "", f"UPDATE uploads SET state = 'storing' WHERE id = '{front['id']}' RETURNING object_key"
    )
    (parts.settings.data_dir / "handheld" / f"{half['object_key']}#1").write_bytes(b"half of it")
    assert [photo["side"] for photo in (await case_of(client, case_id))["photos"]] == ["back"]
    clock.pass_time(minutes=61)
    await parts.housekeeping.purge()
    assert len(stored(parts)) == 1
    # A draft that nobody hands in.
    clock.pass_time(hours=24)
    await parts.housekeeping.purge()
    assert stored(parts) == []
    # Given up while a photo is being stored, which arrives after housekeeping came by.
    await client.log_in(CLAIMANTS_PHONE)
    path = f"/v1/identity-cases/{(await client.post('/v1/identity-cases', None)).json()['id']}"
    late = (await send(client, path, "front")).json()["id"]
    await rows_of(parts, "", f"UPDATE uploads SET state = 'storing' WHERE id = '{late}' RETURNING id")
    (name,) = stored(parts)
    file = (parts.settings.data_dir / "handheld" / name).rename(parts.settings.data_dir / name)
    assert (await client.post(f"{path}/withdraw", None)).status_code == 200
    await parts.housekeeping.purge()
    file.rename(parts.settings.data_dir / "handheld" / name)
    clock.pass_time(minutes=61)
    await parts.housekeeping.purge()
    assert stored(parts) == []
    # An account that is erased, with a photo whose object is gone already.
    await client.log_in(CLAIMANTS_PHONE)
    path = f"/v1/identity-cases/{(await client.post('/v1/identity-cases', None)).json()['id']}"
    await send_both(client, path)
    (parts.settings.data_dir / "handheld" / stored(parts)[0]).unlink()
    clock.pass_time(days=61)
    await parts.housekeeping.purge()
    clock.pass_time(days=61)
    await parts.housekeeping.purge()
    assert stored(parts) == []
    assert await rows_of(parts, "uploads") == []


@pytest.mark.settings(code_resend_seconds=1, photo_bytes_at_once=1000)
async def test_a_photo_for_which_there_is_no_room_may_come_back(client: Client) -> None:
    case_id = await _case(client)
    for _ in range(2):
        refused = await send(client, f"/v1/identity-cases/{case_id}", "front")
        assert (refused.status_code, code_of(refused)) == (503, "service_busy")
        assert int(refused.headers["retry-after"]) > 0


class _Slow:
    """Photos on their way: each stops after its first bytes, until all may go on."""

    def __init__(self, client: Client, case_id: str) -> None:
        self.begun: list[str] = []
        self.go_on = asyncio.Event()
        self._client = client
        self._path = f"/v1/identity-cases/{case_id}/photos"
        self._form = httpx.Request("POST", "http://x", data={"side": "front"}, files={"file": photo()})
        self._bytes = self._form.read()

    def send(self, name: str) -> asyncio.Task[httpx.Response]:
        headers = {key: self._form.headers[key] for key in ("content-type", "content-length")}
        return asyncio.create_task(
            self._client.request("POST", self._path, content=self._content(name), headers=headers)
        )

    async def began(self, name: str) -> None:
        async def has() -> bool:
            return name in self.begun

        await until(has)

    async def _content(self, name: str) -> AsyncIterator[bytes]:
        self.begun.append(name)
        yield self._bytes[:100]
        await self.go_on.wait()
        yield self._bytes[100:]


_TRIES = "SELECT 1 FROM attempt_counters WHERE scope = 'photo_uploads' AND count = 2"


@pytest.mark.settings(photo_bytes_at_once=len(photo()) + 500)
async def test_who_finds_no_room_waits_in_turn_and_unread(client: Client, parts: Wiring) -> None:
    slow = _Slow(client, await _case(client))
    first = slow.send("first")
    await slow.began("first")
    second = slow.send("second")
    await until(lambda: rows_of(parts, "", _TRIES))
    assert slow.begun == ["first"]
    slow.go_on.set()
    async with asyncio.timeout(20):
        answers = await asyncio.gather(first, second)
    assert [answer.status_code for answer in answers] == [201, 201]
    assert slow.begun == ["first", "second"]


@pytest.mark.settings(photo_bytes_at_once=len(photo()) + 500, picture_wait_seconds=0.2)
async def test_who_waits_too_long_for_room_may_come_back(client: Client, parts: Wiring) -> None:
    slow = _Slow(client, await _case(client))
    first = slow.send("first")
    await slow.began("first")
    async with asyncio.timeout(20):
        gone = slow.send("gone")
        await until(lambda: rows_of(parts, "", _TRIES))
        gone.cancel()
        refused = await slow.send("second")
        assert (refused.status_code, code_of(refused), slow.begun) == (503, "service_busy", ["first"])
        slow.go_on.set()
        assert (await first).status_code == 201
        assert (await slow.send("third")).status_code == 201
