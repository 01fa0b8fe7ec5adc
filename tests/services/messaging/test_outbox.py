"""Messages: sealed until they leave, sent at least once, never for what rolled back."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import insert

from support.archive import enroll
from support.client import Client, connected_client
from support.clock import HandClock
from support.entropy import CODE
from support.people import students
from support.tables import count_rows, rows_of
from xuexin_api.app import create_app
from xuexin_api.core.policies import OutboxPolicy
from xuexin_api.dependencies.wiring import Wiring
from xuexin_api.gateways.messaging import Letter, NotSentError
from xuexin_api.models.codes import SpentChallenge
from xuexin_api.services.messaging.outbox import OutboxDispatcher


class Gateway:
    """A gateway that fails as often as it is told, and remembers what it sent."""

    name = "test"

    def __init__(
        self, *, failures: int = 0, failure: type[Exception] = NotSentError, keeps: bool = False, hangs: bool = False
    ) -> None:
        self.keeps = keeps
        self.failures = failures
        self.failure = failure
        self.hangs = hangs
        self.sent: list[tuple[str, str]] = []

    async def send(self, letter: Letter) -> None:
        if self.failures:
            self.failures -= 1
            raise self.failure(letter.destination)
        if self.hangs:
            await asyncio.Event().wait()
        self.sent.append((letter.destination, letter.body))

    async def close(self) -> None:
        """Nothing is open."""


def _dispatcher(
    parts: Wiring, gateway: Gateway, tries: int = 3, per_day: int = 1000, lease: int = 30, lost_answers: int = 3
) -> OutboxDispatcher:
    return OutboxDispatcher(
        new_session=parts.database.session,
        gateways={"sms": gateway, "email": gateway},
        sealer=parts.sealer,
        policy=OutboxPolicy(
            poll=0.01,
            lease=lease,
            tries=tries,
            lost_answers=lost_answers,
            per_day={"sms": per_day, "email": per_day},
        ),
        clock=parts.clock,
    )


async def test_a_waiting_message_is_sealed_and_a_sent_one_is_erased(client: Client, parts: Wiring) -> None:
    (student,) = students(1)
    await client.send_code(student.phone)
    (waiting,) = await rows_of(parts, "outbox")
    assert CODE.encode() not in waiting["sealed"]
    assert student.phone.encode() not in waiting["sealed"]
    gateway = Gateway()
    assert await _dispatcher(parts, gateway).send_due() == 1
    assert gateway.sent[0][0] == student.phone
    (sent,) = await rows_of(parts, "outbox")
    assert (sent["state"], sent["sealed"]) == ("sent", None)


async def test_a_gateway_that_fails_is_tried_again_later_with_the_same_code(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    (student,) = students(1)
    await client.send_code(student.phone)
    gateway = Gateway(failures=2)
    dispatcher = _dispatcher(parts, gateway)
    for _ in range(3):
        await dispatcher.send_due()
        assert await dispatcher.send_due() == 0
        clock.pass_time(minutes=1)
    assert len(gateway.sent) == 1
    assert CODE in gateway.sent[0][1]


async def test_after_its_tries_a_message_is_given_up_and_erased(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    (student,) = students(1)
    await client.send_code(student.phone)
    dispatcher = _dispatcher(parts, Gateway(failures=99), tries=2)
    for _ in range(3):
        await dispatcher.send_due()
        clock.pass_time(minutes=1)
    (given_up,) = await rows_of(parts, "outbox")
    assert (given_up["state"], given_up["sealed"], given_up["tries"]) == ("given_up", None, 2)


async def test_what_has_not_left_outlives_hours_in_which_a_provider_fails(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    """A warning to an owner must not be lost because a provider was away for an afternoon."""
    (student,) = students(1)
    await client.register(student)
    async with connected_client(client.app, parts) as elsewhere:
        await elsewhere.log_in(student.phone)
    gateway = Gateway(failures=10_000)
    policy = parts.settings.outbox_policy()
    dispatcher = _dispatcher(parts, gateway, tries=policy.tries, lost_answers=policy.lost_answers)
    for _ in range(18 * 6):
        await dispatcher.send_due()
        clock.pass_time(minutes=10)
    gateway.failures = 0
    clock.pass_time(hours=1)
    await dispatcher.send_due()
    ((destination, body),) = gateway.sent
    assert destination == student.phone
    assert "新设备" in body


async def test_what_may_have_left_is_tried_seldom_and_few_times(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    await client.send_code(students(1)[0].phone)
    await rows_of(parts, "", "UPDATE outbox SET expires_at = NULL RETURNING id")
    gateway = Gateway(failures=10_000, failure=ConnectionError)
    dispatcher = _dispatcher(parts, gateway, tries=40, lost_answers=3)
    taken = []
    for second in range(120):
        if await dispatcher.send_due():
            taken.append(second)
        clock.pass_time(seconds=1)
    assert taken == [0, 10, 70]
    assert (await rows_of(parts, "outbox"))[0]["state"] == "given_up"


async def test_a_gateway_that_hangs_gives_its_message_back_before_the_lease_ends(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    await client.send_code(students(1)[0].phone)
    dispatcher = _dispatcher(parts, Gateway(hangs=True), lease=1)
    async with asyncio.timeout(10):
        assert await dispatcher.send_due() == 1
    (waiting,) = await rows_of(parts, "outbox")
    assert waiting["state"] == "waiting"
    assert waiting["next_try_at"] > clock.now()


async def test_a_message_that_cannot_be_opened_holds_up_no_other(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    one, other = students(2)
    await client.send_code(one.phone)
    await rows_of(parts, "", "UPDATE outbox SET sealed = '\\x0001' || repeat('x', 40)::bytea RETURNING id")
    await client.send_code(other.phone)
    gateway = Gateway()
    assert await _dispatcher(parts, gateway).send_due() == 2
    assert [destination for destination, _ in gateway.sent] == [other.phone]


async def test_a_message_taken_by_a_process_that_died_is_sent_after_its_lease(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    (student,) = students(1)
    await client.send_code(student.phone)
    gateway = Gateway()
    dispatcher = _dispatcher(parts, gateway)
    await rows_of(
        parts, "outbox", "UPDATE outbox SET tries = 1, next_try_at = next_try_at + interval '30 seconds' RETURNING id"
    )
    assert await dispatcher.send_due() == 0
    clock.pass_time(seconds=30)
    assert await dispatcher.send_due() == 1
    assert len(gateway.sent) == 1


async def test_several_processes_send_each_message_once(client: Client, parts: Wiring) -> None:
    for student in students(12):
        await client.send_code(student.phone)
    gateway = Gateway()
    await asyncio.gather(*(_dispatcher(parts, gateway).send_due() for _ in range(5)))
    assert len(gateway.sent) == 12
    assert len({destination for destination, _ in gateway.sent}) == 12


async def test_a_refused_request_posts_nothing(client: Client, parts: Wiring) -> None:
    (student,) = students(1)
    await client.send_code(student.phone)
    assert (await client.ask_for_code(student.phone)).status_code == 429
    assert await count_rows(parts, "outbox") == 1
    assert await count_rows(parts, "one_time_codes") == 1


@pytest.mark.settings(outbox_poll_seconds=30)
async def test_a_started_service_sends_at_once(parts: Wiring) -> None:
    application = create_app(parts)
    async with application.router.lifespan_context(application), connected_client(application, parts) as client:
        (student,) = students(1)
        await client.send_code(student.phone)
        async with asyncio.timeout(10):
            while (await rows_of(parts, "outbox"))[0]["state"] != "sent":
                await asyncio.sleep(0.01)


async def test_what_is_past_its_time_is_deleted_and_nothing_else(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    (student,) = students(1)
    await client.register(student)
    clock.pass_time(days=2)
    await client.send_code(student.phone)
    async with parts.database.session() as session, session.begin():
        # More than are deleted at once.
        await session.execute(
            insert(SpentChallenge), [{"nonce": f"{n:06}", "expires_at": clock.now()} for n in range(5001)]
        )
    assert await parts.housekeeping.purge() > 5001
    assert await parts.housekeeping.purge() == 0
    counts = {table: await count_rows(parts, table) for table in ("one_time_codes", "phone_proofs", "spent_challenges")}
    assert counts == {"one_time_codes": 1, "phone_proofs": 0, "spent_challenges": 1}
    assert await count_rows(parts, "accounts") == 1


async def test_who_logged_in_from_where_is_forgotten_half_a_year_after_the_session_could_live(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    (student,) = students(1)
    await enroll(parts, student)
    await client.register(student)
    await client.verify(student)
    clock.pass_time(days=269)
    await client.log_in(student.phone)
    await parts.housekeeping.purge()
    assert await count_rows(parts, "sessions") == 2
    clock.pass_time(days=1, seconds=1)
    await parts.housekeeping.purge()
    (left,) = await rows_of(parts, "sessions")
    assert left["created_at"] > clock.now() - timedelta(days=2)
    assert await count_rows(parts, "identity_verifications") == 1
    assert (await client.log_in(student.phone))["account"]["verified"] is True


async def test_a_code_that_is_dead_is_not_sent_any_more(client: Client, parts: Wiring, clock: HandClock) -> None:
    await client.send_code(students(1)[0].phone)
    clock.pass_time(minutes=5)
    gateway = Gateway()
    assert await _dispatcher(parts, gateway).send_due() == 0
    (given_up,) = await rows_of(parts, "outbox")
    assert (given_up["state"], given_up["sealed"], gateway.sent) == ("given_up", None, [])


async def test_the_cap_of_the_day_stops_codes_and_leaves_room_for_warnings(
    client: Client, parts: Wiring, clock: HandClock
) -> None:
    gateway = Gateway()
    dispatcher = _dispatcher(parts, gateway, per_day=5)
    owner, *others = students(8)
    await client.register(owner)
    for other in others:
        await client.send_code(other.phone)
    while await dispatcher.send_due():
        pass
    assert len(gateway.sent) == 5
    assert dispatcher.outcomes["sms", "capped"] == 2
    async with connected_client(client.app, parts) as elsewhere:
        await elsewhere.log_in(owner.phone)
    assert await dispatcher.send_due() == 1
    assert gateway.sent[-1][0] == owner.phone
    assert "新设备" in gateway.sent[-1][1]
    clock.pass_time(days=1)
    await client.send_code(owner.phone, purpose="login")
    await dispatcher.send_due()
    assert len(gateway.sent) == 7


async def test_a_message_to_nobody_is_taken_and_marked_like_any_other_and_reaches_no_gateway(
    client: Client, parts: Wiring
) -> None:
    (nobody,) = students(1)
    challenge = await client.answered_challenge("recovery")
    body = {"name": nobody.name, "document_number": nobody.document_number, "challenge": challenge}
    assert (await client.post("/v1/recovery/username", body)).status_code == 202
    gateway = Gateway(keeps=True)
    dispatcher = _dispatcher(parts, gateway, per_day=0)
    assert await dispatcher.send_due() == 2
    assert [(row["state"], row["sealed"]) for row in await rows_of(parts, "outbox")] == [("sent", None)] * 2
    assert (gateway.sent, dispatcher.outcomes.total()) == ([], 0)


async def test_messages_are_counted_for_operators(client: Client, parts: Wiring) -> None:
    await client.send_code(students(1)[0].phone)
    await client.messages()
    async with connected_client(client.app, parts, "127.0.0.1") as operator:
        metrics = (await operator.get("/metrics")).text
    assert 'xuexin_messages_total{channel="sms",outcome="sent"} 1.0' in metrics
    assert 'xuexin_messages_total{channel="sms",outcome="capped"} 0.0' in metrics
