"""Photos that went bad where they lie: nobody has seen them, whoever asks is told so, and operators hear of it."""

from __future__ import annotations

from pathlib import Path

import httpx
from structlog.testing import capture_logs

from support.archive import import_photos
from support.cases import claim, submit
from support.claims import CLAIMS, former, hand_in, row_of
from support.claims import DESK as CLAIM_DESK
from support.client import Client, code_of, connected_client
from support.corrections import look, send_proof, take
from support.corrections import submit as correct
from support.people import students
from support.photos import photo, send_both
from support.records import OFFICE, OTHER, add_records, registered_row, registrar_of
from support.staff import member
from support.tables import rows_of
from support.transfers import agreement
from xuexin_api.demo.photos import draw_archive_photo
from xuexin_api.dependencies.wiring import Wiring
from xuexin_api.gateways.photo_archive import PhotoFile

OWN = "/v1/archive/enrollments"


def _spoil(parts: Wiring, store: str) -> dict[Path, bytes]:
    """Every photo there, cut off or with another bit; what they were."""
    files = sorted(file for file in (parts.settings.data_dir / store).rglob("*") if file.is_file())
    whole = {file: file.read_bytes() for file in files}
    for number, (file, content) in enumerate(whole.items()):
        other = content[:-1] + bytes([content[-1] ^ 1])
        file.write_bytes((other, content[: len(content) // 2], content[:9])[number % 3])
    return whole


def _mend(whole: dict[Path, bytes]) -> None:
    for file, content in whole.items():
        file.write_bytes(content)


def _told(answer: httpx.Response) -> None:
    assert (answer.status_code, code_of(answer)) == (500, "stored_photo_damaged"), answer.text
    assert "retry-after" not in answer.headers


async def _counted(client: Client, store: str) -> float:
    async with connected_client(client.app, client.parts, address="127.0.0.1") as operator:
        text = (await operator.get("/metrics")).text
    (line,) = [
        one for one in text.splitlines() if one.startswith(f'xuexin_stored_photos_damaged_total{{store="{store}"')
    ]
    return float(line.rsplit(" ", 1)[1])


async def test_what_shows_nothing_for_it_is_spoilt_was_not_seen_and_is_told_loudly(
    client: Client, parts: Wiring
) -> None:
    (student,) = students(1)
    await client.register(student)
    async with connected_client(client.app, parts) as claimant, member(client) as one:
        case_id = await claim(claimant, student)
        sent = await send_both(claimant, f"/v1/identity-cases/{case_id}")
        await submit(claimant, case_id)
        await client.log_in(student.phone)
        started = await client.post("/v1/identity-verifications", {"method": "handheld_photo"})
        verification = started.json()["id"]
        held = await send_both(client, f"/v1/identity-verifications/{verification}")
        assert (await client.post(f"/v1/identity-verifications/{verification}/submit", None)).status_code == 200
        whole = _spoil(parts, "handheld")
        with capture_logs() as logged:
            for owner, path, photos in (
                (claimant, f"identity-cases/{case_id}", sent),
                (client, f"identity-verifications/{verification}", held),
            ):
                desk = f"/v1/staff/{path}"
                assert (await one.client.post(f"{desk}/take", None)).status_code == 200
                for each in photos:
                    _told(await owner.get(f"/v1/{path}/photos/{each['id']}"))
                    _told(await one.client.get(f"{desk}/photos/{each['id']}"))
                accepted = {"decision": "accept_photos", "reason": "photos_show_applicant", "note": None}
                assert code_of(await one.client.post(f"{desk}/decision", accepted)) == "photos_not_seen"
        lines = [line for line in logged if line["event"] == "stored_photo_damaged"]
        assert {line["log_level"] for line in lines} == {"error"}
        assert {Path(line["place"]) for line in lines} == set(whole)
        assert await _counted(client, "handheld") == len(lines) == 8
        states = await rows_of(parts, "", "SELECT state FROM uploads")
        assert {row["state"] for row in states} == {"received"}
        _mend(whole)
        await one.look_at_photos(case_id)
        assert (await one.decide(case_id, "accept_photos", "photos_show_applicant")).status_code == 204


async def test_a_spoilt_photo_of_a_record_is_told_to_its_student_and_its_school_and_stops_no_transfer(
    client: Client, parts: Wiring
) -> None:
    (student,) = students(1)
    (record,) = await add_records(parts, [registered_row(student)])
    for seed in range(2):
        picture = draw_archive_photo(seed, "admission")
        await import_photos(parts, [PhotoFile("a.jpg", student.record.candidate_number, picture)])
        parts.clock.pass_time(seconds=1)  # type: ignore[attr-defined]
    await client.register(student)
    await client.verify(student)
    history = (await client.get(f"{OWN}/{record}/history")).json()["items"]
    (replaced,) = [line["id"] for line in history if line.get("photo_until")]
    _spoil(parts, "photos")
    _told(await client.get(f"{OWN}/{record}/photos/admission"))
    _told(await client.get(f"{OWN}/{record}/history/{replaced}/photo"))
    async with registrar_of(client) as here, registrar_of(client, "registrar.two", OTHER) as there:
        _told(await here.client.get(f"{OFFICE}/{record}/changes/{replaced}/photo?purpose=complaint"))
        agreed = await (await agreement(here, there, record))
        assert agreed.status_code == 200, agreed.text
    assert await _counted(client, "photos") == 4
    assert len(await rows_of(parts, "record_photos")) == 1


async def test_a_spoilt_picture_that_proves_something_is_told_to_whoever_sent_it_and_whoever_decides(
    client: Client, parts: Wiring
) -> None:
    (student,) = students(1)
    record, _ = await add_records(parts, [row_of(student), row_of(former(student))])
    await client.register(student)
    await client.verify(student)
    claimed = await hand_in(client, former(student))
    parts.clock.pass_time(seconds=1)  # type: ignore[attr-defined]
    of_claim = await client.request("POST", f"{CLAIMS}/{claimed}/proofs", files={"file": ("证明.jpg", photo())})
    waiting, taken = [(await send_proof(client, record, photo(quality))).json()["id"] for quality in (30, 40)]
    asked = (await correct(client, record, class_name="软件2399班", proofs=[taken])).json()["id"]
    _spoil(parts, "handheld")
    proof = of_claim.json()["id"]
    _told(await client.get(f"{CLAIMS}/{claimed}/proofs/{proof}"))
    _told(await client.get(f"{OWN}/{record}/correction-proofs/{waiting}"))
    _told(await client.get(f"/v1/archive/corrections/{asked}/proofs/{taken}"))
    async with registrar_of(client) as school:
        _told(await school.client.get(f"{CLAIM_DESK}/{claimed}/proofs/{proof}"))
        await take(school, asked)
        await look(school, asked)
        _told(await school.client.get(f"/v1/staff/corrections/{asked}/proofs/{taken}"))
    states = await rows_of(parts, "", "SELECT state FROM uploads")
    assert [row["state"] for row in states] == ["received"] * 3
