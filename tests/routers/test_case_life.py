"""Whatever claimants, holder, classmates, reviewers and the clock do, in whatever order: nobody wins who must not."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from support.archive import enroll
from support.cases import CLAIM, classmates_of, facts_of, give_strong_evidence, link_in, verify_strongly
from support.client import Client, code_of, connected_client
from support.database import KeptLoop
from support.life import PLENTY, Life, machine_settings
from support.people import students
from support.photos import send
from support.staff import Member, invite
from support.tables import rows_of
from xuexin_api.core.case_rules import Holding, Notice, Strength, judge, reviewers_to_undo
from xuexin_api.repositories.database import Database

(PERSON,) = students(1)
MATES = classmates_of(PERSON, 2)
CLAIMANTS = ("+8617199990001", "+8617199990002")
REVIEWERS = ("reviewer.one", "reviewer.two", "reviewer.three", "reviewer.four")
claimant = st.sampled_from(CLAIMANTS)
seldom = st.sampled_from([False, False, False, False, True])
evidence = st.sampled_from(["record_facts", "classmates", "provider", "photos", "one_photo", "nothing"])
_REASONS = {
    "approve": "evidence_convincing",
    "reject": "evidence_unconvincing",
    "undo": "evidence_false",
    "uphold": "objection_unfounded",
    "accept_photos": "photos_show_applicant",
    "refuse_photos": "photos_edited",
}
_DECISIONS = {
    "submitted": ("accept_photos", "refuse_photos"),
    "in_review": ("approve", "reject"),
    "undo_review": ("undo", "uphold"),
}
_STANDING = ("id", "state", "person_id", "verified_strength", "phone_key", "email_key", "document_key", "name")
_STAFF_WHO = "SELECT staff_id FROM staff_events WHERE {}"
Row = Mapping[str, Any]


@dataclass
class _Seen:
    """What the test remembers from one look to the next."""

    accounts: dict[Any, Row] = field(default_factory=dict)
    states: dict[Any, str] = field(default_factory=dict)
    before_grant: dict[Any, dict[Any, Row]] = field(default_factory=dict)


class CaseLife(RuleBasedStateMachine):
    """One person's document, a holder, two claimants, two classmates, four reviewers; a subclass says where."""

    loop: ClassVar[KeptLoop]
    database: ClassVar[Database]
    folder: ClassVar[Path]

    def __init__(self) -> None:
        super().__init__()
        self.life = Life(
            self.loop,
            self.database,
            self.folder,
            cases_per_account=PLENTY,
            case_submissions_per_document_day=PLENTY,
            case_submissions_per_account_day=PLENTY,
            vouchings_per_year=PLENTY,
            photos_per_account_day=PLENTY,
            photos_per_case=PLENTY,
            verification_tries_per_account_day=PLENTY,
            verification_tries_per_person_day=PLENTY,
            session_idle_seconds=400 * 86400,
            session_absolute_seconds=400 * 86400,
            verified_seconds=400 * 86400,
            staff_idle_seconds=400 * 86400,
            staff_session_seconds=400 * 86400,
            access_token_seconds=400 * 86400,
        )
        self.stack = contextlib.AsyncExitStack()
        self.clients: dict[str, Client] = {}
        self.members: dict[str, Member] = {}
        self.seen = _Seen()
        self.life.do(self._begin())

    async def _begin(self) -> None:
        await self.life.start()
        await enroll(self.life.parts, PERSON, *MATES)
        for student in (PERSON, *MATES):
            await (await self._client(student.phone)).register(student)
        for mate in MATES:
            await self.clients[mate.phone].verify(mate)
        for name in REVIEWERS:
            member = Member(await self._client(name), name)
            await member.enrol(await invite(self.life.parts, name))
            await member.log_in()
            self.members[name] = member
        self.records = await rows_of(self.life.parts, "", "SELECT id, person_id, name FROM enrollments ORDER BY id")

    async def _client(self, name: str) -> Client:
        client = await self.stack.enter_async_context(connected_client(self.life.app, self.life.parts))
        self.clients[name] = client
        return client

    def teardown(self) -> None:
        async def end() -> None:
            await self.stack.aclose()
            await self.life.stop()

        self.life.do(end())

    @initialize(level=st.sampled_from(Holding), kind=evidence)
    def a_story_begins(self, level: Holding, kind: str) -> None:
        """With a holder who has proven so much, and a claim to the document."""

        async def work() -> None:
            if level in {Holding.WEAK, Holding.STRONG}:
                await self._verify(strong=level is Holding.STRONG)
            await self._bring(CLAIMANTS[0], kind)
            await self._hand_in(CLAIMANTS[0])

        self._play(work())

    # What people do

    @rule(strong=st.booleans())
    def holder_verifies(self, strong: bool) -> None:
        self._play(self._verify(strong=strong))

    async def _verify(self, *, strong: bool) -> None:
        holder = self.clients[PERSON.phone]
        methods = await holder.get("/v1/identity-verifications/methods")
        if methods.status_code != 200:
            return
        open_now = {one["method"] for one in methods.json()["items"] if one["available"]}
        if "record_facts" in open_now:
            await holder.verify(PERSON)
        (account,) = await self._accounts_of(PERSON.phone)
        if strong and account["person_id"] is not None:
            await verify_strongly(self.life.parts, PERSON)

    @rule(
        phone=st.sampled_from([PERSON.phone, PERSON.phone, PERSON.phone, *CLAIMANTS]),
        one_side=seldom,
        verdict=st.sampled_from(["", "accept_photos", "accept_unseen", "refuse_photos"]),
    )
    def verify_by_photos(self, phone: str, one_side: bool, verdict: str) -> None:
        """Whoever it is open to: before, during and after a case. A verdict may come at once, or much later."""

        async def work() -> None:
            if phone in self.clients:
                await self._send_photos(self.clients[phone], one_side=one_side)
            if verdict:
                await self._judge_photos(verdict)

        self._play(work())

    async def _send_photos(self, client: Client, *, one_side: bool) -> None:
        begun = await client.post("/v1/identity-verifications", {"method": "handheld_photo"})
        if begun.status_code != 201:
            return
        mine = f"/v1/identity-verifications/{begun.json()['id']}"
        for side in ("front",) if one_side else ("front", "back"):
            assert (await send(client, mine, side)).status_code == 201
        handed_in = await client.post(f"{mine}/submit", None)
        assert (handed_in.status_code == 200) is not one_side, handed_in.text

    async def _judge_photos(self, verdict: str) -> None:
        """Of the verification that waits longest. Whoever accepts without having looked is refused."""
        desk, queue = self.members[REVIEWERS[0]].client, "/v1/staff/identity-verifications"
        for waiting in _items(await desk.get(queue))[:1]:
            path = f"{queue}/{waiting['id']}"
            assert (await desk.post(f"{path}/take", None)).status_code == 200
            unseen = verdict == "accept_unseen"
            for photo in () if unseen else (await desk.get(path)).json()["photos"]:
                assert (await desk.get(f"{path}/photos/{photo['id']}")).status_code == 200
            decision = "accept_photos" if unseen else verdict
            body = {"decision": decision, "reason": _REASONS[decision], "note": None}
            answer = await desk.post(f"{path}/decision", body)
            refusals = {"photos_not_seen"} if unseen else {"identity_held", "verification_closed"}
            assert answer.status_code == 204 or code_of(answer) in refusals, answer.text

    @rule(phone=claimant, kind=evidence)
    def bring_evidence(self, phone: str, kind: str) -> None:
        """In a draft, which is opened where there is none."""
        self._play(self._bring(phone, kind))

    @rule(phone=claimant, kind=evidence)
    def contest(self, phone: str, kind: str) -> None:
        async def work() -> None:
            await self._bring(phone, kind)
            await self._hand_in(phone)

        self._play(work())

    @precondition(lambda self: self._any("draft"))
    @rule(phone=claimant)
    def hand_in(self, phone: str) -> None:
        self._play(self._hand_in(phone))

    @precondition(lambda self: self._any("draft"))
    @rule(phone=claimant)
    def take_a_photo_back(self, phone: str) -> None:
        async def work() -> None:
            case = await self._living_case(phone)
            if case is None:
                return
            path = f"/v1/identity-cases/{case['id']}"
            for photo in (await self.clients[phone].get(path)).json()["photos"][-1:]:
                answer = await self.clients[phone].delete(f"{path}/photos/{photo['id']}")
                assert answer.status_code == 204 or code_of(answer) in {"upload_not_found", "case_closed"}

        self._play(work())

    @precondition(lambda self: self._any("submitted", "notice", "in_review"))
    @rule(phone=claimant, really=seldom)
    def withdraw(self, phone: str, really: bool) -> None:
        async def work() -> None:
            case = await self._living_case(phone)
            if case is not None:
                answer = await self.clients[phone].post(f"/v1/identity-cases/{case['id']}/withdraw", None)
                assert answer.status_code == 200

        if really:
            self._play(work())

    @precondition(lambda self: self._any("notice", "in_review", "approved"))
    @rule(newest=st.booleans(), to=st.sampled_from([PERSON.phone, PERSON.phone, *CLAIMANTS]))
    def object_by_link(self, newest: bool, to: str) -> None:
        """Before a grant an objection, after it the wish to undo it; the claimants may be holders by now."""

        async def work() -> None:
            async with connected_client(self.life.app, self.life.parts) as somebody:
                links = [link_in(one.body) for one in await somebody.messages(to) if "/objection#" in one.body]
                if not links:
                    return
                body = {"secret": links[0 if newest else -1], "statement": "不属实"}
                answer = await somebody.post("/v1/identity-cases/objections", body)
                assert answer.status_code == 204 or code_of(answer) == "objection_rejected"

        self._play(work())

    @precondition(lambda self: self._any("submitted", "in_review", "undo_review"))
    @rule(names=st.permutations(REVIEWERS), disagree=seldom, times=st.sampled_from([1, 2]))
    def review(self, names: list[str], disagree: bool, times: int) -> None:
        """So many of those who may, about what waits longest."""

        async def work() -> None:
            decided = 0
            for name in names:
                decided += await self._review(self.members[name], agree=not disagree)
                if decided == times:
                    return

        self._play(work())

    @rule(hours=st.sampled_from([1, 25, 73, 73, 24 * 8]))
    def wait(self, hours: int) -> None:
        async def work() -> None:
            await self.life.parts.housekeeping.purge()
            async with connected_client(self.life.app, self.life.parts) as somebody:
                await somebody.messages()

        self.life.clock.pass_time(hours=hours)
        self._play(work())

    # What must hold, always

    @invariant()
    def nothing_that_must_never_happen_has_happened(self) -> None:
        self.life.do(self._look())

    async def _look(self) -> None:
        parts = self.life.parts
        accounts = {row["id"]: row for row in await rows_of(parts, "accounts")}
        living = [row for row in accounts.values() if row["state"] in {"active", "closing"}]
        persons = Counter(row["person_id"] for row in living if row["person_id"] is not None)
        documents = Counter(bytes(row["document_key"]) for row in living)
        assert max([*persons.values(), *documents.values()], default=1) == 1, "one account for one person"
        assert all(row["person_id"] is None for row in accounts.values() if row["state"] not in {"active", "closing"})
        records = await rows_of(parts, "", "SELECT id, person_id, name FROM enrollments ORDER BY id")
        assert records == self.records, "records never move"
        cases = await rows_of(parts, "identity_cases")
        waiting = Counter(
            row["state"] == "submitted" for row in cases if row["state"] in {"submitted", "notice", "in_review"}
        )
        assert max(waiting.values(), default=1) == 1, "one claim waits, and beside it photos at most"
        for case in cases:
            await self._look_at(case, accounts)
        photos = await rows_of(parts, "uploads")
        self._look_into_the_store(photos)
        await self._look_at_verifications(photos)
        self.seen.accounts = accounts
        self.seen.states = {row["id"]: row["state"] for row in cases}

    async def _look_at_verifications(self, photos: list[Row]) -> None:
        """No account is verified by photos that nobody looked at and accepted, both sides, the same reviewer."""
        by_photos = await rows_of(
            self.life.parts, "", "SELECT * FROM identity_verifications WHERE queued_at IS NOT NULL"
        )
        for row in by_photos:
            mine = [photo for photo in photos if photo["verification_id"] == row["id"]]
            accepted = {photo["side"]: photo["id"] for photo in mine if photo["state"] == "accepted"}
            assert bool(accepted) is (row["person_id"] is not None)
            if row["person_id"] is None:
                continue
            assert set(accepted) == {"front", "back"}, "no verification without its photos"
            said = f"subject_id = '{row['id']}' AND action = 'verification:accept_photos'"
            (decided,) = await rows_of(self.life.parts, "", _STAFF_WHO.format(said))
            looks = "SELECT subject_id FROM staff_events WHERE action = 'verification:photo:view' AND staff_id = "
            seen = await rows_of(self.life.parts, "", f"{looks}'{decided['staff_id']}'")
            assert set(accepted.values()) <= {look["subject_id"] for look in seen}

    def _look_into_the_store(self, photos: list[Row]) -> None:
        folder = self.life.parts.settings.data_dir / "handheld"
        files = {file.name for file in folder.rglob("*") if file.is_file()}
        assert files == {row["object_key"] for row in photos if row["object_key"] is not None}, "no file without a row"
        assert not any(row["object_key"] for row in photos if row["removed_at"] or row["erased_at"])

    async def _look_at(self, case: Row, accounts: dict[Any, Row]) -> None:
        parts, case_id = self.life.parts, case["id"]
        holders = await rows_of(parts, "", f"SELECT * FROM case_holders WHERE case_id = '{case_id}'")
        old, new = self.seen.states.get(case_id), case["state"]
        granted = old not in {"approved", "undo_review", "undone"} and new == "approved"
        if granted:
            involved = {case["account_id"], *(row["account_id"] for row in holders)}
            self.seen.before_grant[case_id] = {one: self.seen.accounts[one] for one in involved}
        if new in {"notice", "in_review"}:
            mine = f"case_id = '{case_id}'"
            assert await rows_of(parts, "", f"SELECT 1 FROM case_evidence WHERE {mine}"), "nobody is told of nothing"
        if new in {"approved", "undo_review", "undone"}:
            await self._look_at_grant(case, holders)
        if new == "undone" and old != "undone":
            for account_id, before in self.seen.before_grant[case_id].items():
                after = accounts[account_id]
                assert {name: after[name] for name in _STANDING} == {name: before[name] for name in _STANDING}
            undos = [row for row in await self._decisions(case_id) if row["decision"] == "undo"]
            assert len({row["staff_id"] for row in undos}) >= reviewers_to_undo(self._reviewers_of(case, holders))
            granters = {row["staff_id"] for row in await self._decisions(case_id) if row["decision"] == "approve"}
            said = f"subject_id = '{case_id}' AND action = 'case:accept_photos'"
            granters |= {row["staff_id"] for row in await rows_of(self.life.parts, "", _STAFF_WHO.format(said))}
            assert granters.isdisjoint(row["staff_id"] for row in undos)
        if new == "rejected" and old != "rejected":
            assert accounts[case["account_id"]]["state"] in {"conflict", "closed"}

    def _reviewers_of(self, case: Row, holders: list[Row]) -> int:
        """What the table asks for, of the holders as they were when the grant was made."""
        superseded = [row for row in holders if row["superseded_at"] is not None]
        strength = Strength(case["strength"])
        return max((judge(_holding(row), strength).reviewers for row in superseded), default=0)

    async def _look_at_grant(self, case: Row, holders: list[Row]) -> None:
        parts = self.life.parts
        evidence = await rows_of(parts, "", f"SELECT * FROM case_evidence WHERE case_id = '{case['id']}'")
        assert evidence, "no grant without evidence"
        strength = Strength("strong" if any(row["strength"] == "strong" for row in evidence) else "weak")
        assert case["strength"] == strength
        if any(row["kind"] == "handheld_photo" for row in evidence):
            photos = await rows_of(parts, "", f"SELECT * FROM uploads WHERE case_id = '{case['id']}'")
            accepted = {row["side"] for row in photos if row["state"] == "accepted"}
            assert accepted == {"front", "back"}, "no photo evidence without the photos"
            said = f"subject_id = '{case['id']}' AND action = 'case:accept_photos'"
            (decided,) = await rows_of(parts, "", _STAFF_WHO.format(said))
            looks = "SELECT subject_id FROM staff_events WHERE action = 'case:photo:view' AND staff_id = "
            seen = {look["subject_id"] for look in await rows_of(parts, "", f"{looks}'{decided['staff_id']}'")}
            assert {row["id"] for row in photos if row["state"] == "accepted"} <= seen, "nor without a look at them"
        approvals = await self._last_approvals(case["id"])
        for row in holders:
            objected = row["objected_at"] is not None
            heard = (approval["at"] >= row["objected_at"] for approval in approvals if objected)
            assert any(heard) is objected, "whoever objects is heard"
            if row["superseded_at"] is None:
                continue
            ruling = judge(_holding(row), strength)
            assert not ruling.refused
            assert len(approvals) >= max(ruling.reviewers, 1 if objected else 0)
            hours = {Notice.NONE: 0, Notice.SHORT: 24, Notice.LONG: 72}[ruling.notice]
            assert row["superseded_at"] - row["told_at"] >= timedelta(hours=hours), "notice before effect"
            told = await rows_of(
                parts,
                "",
                f"SELECT o.id FROM outbox o JOIN accounts a ON a.phone_key = o.destination_key WHERE a.id = "
                f"'{row['account_id']}' AND o.purpose = 'notice' AND o.created_at = '{row['told_at']}'",
            )
            forgotten = self.life.clock.now() - row["told_at"] >= timedelta(days=30)
            assert told or forgotten, "the holder was told"

    async def _last_approvals(self, case_id: Any) -> list[Row]:
        """Of the round that granted it: one of each reviewer, by the primary key."""
        approvals = [row for row in await self._decisions(case_id) if row["decision"] == "approve"]
        last = max((row["round"] for row in approvals), default=0)
        return [row for row in approvals if row["round"] == last]

    async def _decisions(self, case_id: Any) -> list[Row]:
        return await rows_of(self.life.parts, "", f"SELECT * FROM case_decisions WHERE case_id = '{case_id}'")

    # Helpers

    def _any(self, *states: str) -> bool:
        return not set(states).isdisjoint(self.seen.states.values())

    async def _claim(self, phone: str) -> None:
        if phone in self.clients and await self._accounts_of(phone):
            answer = await self.clients[phone].post("/v1/identity-cases", None)
            assert answer.status_code == 201 or code_of(answer) in {"case_exists", "no_conflict", "token_invalid"}
            return
        client = await self._client(phone)
        choices = CLAIM | {"on_document_under_review": "stronger_evidence"}
        answer = await client.try_to_register(replace(PERSON, phone=phone), **choices)
        if answer.status_code == 201:
            client.keep(answer.json())
        else:
            del self.clients[phone]
            assert code_of(answer) == "document_under_review"

    async def _bring(self, phone: str, kind: str) -> None:
        await self._claim(phone)
        case = await self._living_case(phone)
        if case is None or case["state"] != "draft":
            return
        if kind == "nothing":
            return
        if kind == "record_facts":
            answer = await self.clients[phone].post(f"/v1/identity-cases/{case['id']}/record-facts", facts_of(PERSON))
            assert answer.status_code == 200 or code_of(answer) == "case_closed"
        elif kind == "provider":
            mine = f"case_id = '{case['id']}' AND kind = 'alipay_certify'"
            await rows_of(self.life.parts, "", f"DELETE FROM case_evidence WHERE {mine} RETURNING 1")
            await give_strong_evidence(self.life.parts, str(case["id"]))
        elif kind in {"photos", "one_photo"}:
            for side in ("front", "back") if kind == "photos" else ("back",):
                answer = await send(self.clients[phone], f"/v1/identity-cases/{case['id']}", side)
                assert answer.status_code == 201 or code_of(answer) == "case_closed", answer.text
        else:
            await self._ask_mates(phone, str(case["id"]))

    async def _review(self, member: Member, *, agree: bool) -> bool:
        """Whether the member decided about what waits longest."""
        queue = (await member.client.get("/v1/staff/identity-cases")).json()["items"]
        if not queue:
            return True
        case = queue[0]
        taken = await member.take(case["id"])
        if taken.status_code != 200:
            assert code_of(taken) in {"case_taken", "not_yours_to_decide"}
            return False
        yes, no = _DECISIONS[case["state"]]
        decision = yes if agree else no
        await member.look_at_photos(case["id"])
        answer = await member.decide(case["id"], decision, _REASONS[decision])
        if answer.status_code != 204:
            assert code_of(answer) == "case_overtaken", answer.text
            answer = await member.decide(case["id"], "uphold", _REASONS["uphold"])
        assert answer.status_code == 204, answer.text
        return True

    async def _hand_in(self, phone: str) -> None:
        case = await self._living_case(phone)
        if case is None:
            return
        # What is there before a grant is what its undoing must bring back.
        await self._look()
        answer = await self.clients[phone].post(f"/v1/identity-cases/{case['id']}/submit", None)
        assert answer.status_code == 200 or code_of(answer) in {
            "case_closed",
            "evidence_needed",
            "stronger_evidence_needed",
            "document_under_review",
            "photo_side_missing",
        }, answer.text

    def _play(self, work: Any) -> None:
        self.life.clock.pass_time(seconds=31)
        self.life.do(work)

    async def _accounts_of(self, phone: str) -> list[Row]:
        key = self.life.parts.lookups.phone(phone).hex()
        return await rows_of(self.life.parts, "", f"SELECT * FROM accounts WHERE phone_key = '\\x{key}'")

    async def _living_case(self, phone: str) -> Row | None:
        for account in await self._accounts_of(phone):
            living = await rows_of(
                self.life.parts,
                "",
                f"SELECT * FROM identity_cases WHERE account_id = '{account['id']}' "
                "AND state IN ('draft', 'submitted', 'notice', 'in_review')",
            )
            if living and account["state"] == "conflict" and phone in self.clients:
                client = self.clients[phone]
                if (await client.get("/v1/account")).status_code != 200:
                    await client.log_in(phone)
                return living[0]
        return None

    async def _ask_mates(self, phone: str, case_id: str) -> None:
        for mate in MATES:
            asked = await self.clients[phone].post(f"/v1/identity-cases/{case_id}/classmates", {"phone": mate.phone})
            if asked.status_code != 200:
                assert code_of(asked) == "case_closed"
                return
            codes = {one["phone_masked"][-4:]: one["code"] for one in asked.json()["classmates"]}
            requests = await self.clients[mate.phone].get("/v1/vouching-requests")
            for request in _items(requests):
                if request["state"] == "asked":
                    await self.clients[mate.phone].post(
                        f"/v1/vouching-requests/{request['id']}/vouch", {"code": codes[mate.phone[-4:]]}
                    )


def _items(answer: httpx.Response) -> list[Any]:
    assert answer.status_code == 200, answer.text
    items: list[Any] = answer.json()["items"]
    return items


def _holding(row: Row) -> Holding:
    return Holding(row["before_strength"]) if row["before_person_id"] is not None else Holding.UNVERIFIED


@pytest.mark.long
def test_cases_survive_whatever_order_life_brings(kept_loop: KeptLoop, database: Database, tmp_path: Path) -> None:
    run_state_machine_as_test(
        type("OfThisTest", (CaseLife,), {"loop": kept_loop, "database": database, "folder": tmp_path}),
        settings=machine_settings(examples=8, steps=20),
    )


def _object(life: CaseLife) -> None:
    life.object_by_link(newest=True, to=PERSON.phone)


def _accept_unseen(life: CaseLife) -> None:
    """By a reviewer who has looked at nothing."""
    member = life.members[REVIEWERS[0]]

    async def work() -> None:
        (case_id,) = life.seen.states
        assert (await member.take(str(case_id))).status_code == 200
        await member.decide(str(case_id), "accept_photos", _REASONS["accept_photos"])

    life.life.do(work())


def _refuse(life: CaseLife) -> None:
    life.review(list(REVIEWERS), disagree=True, times=1)


def _let_notices_end(life: CaseLife) -> None:
    life.wait(73)


def _agree(life: CaseLife) -> None:
    life.review(list(REVIEWERS), disagree=False, times=2)


@pytest.mark.long
@pytest.mark.parametrize(
    ("level", "kind", "steps", "ends"),
    [
        (Holding.UNVERIFIED, "nothing", (_let_notices_end,), "expired"),
        (Holding.UNVERIFIED, "provider", (_object, _agree), "undone"),
        (Holding.UNVERIFIED, "record_facts", (_object, _let_notices_end), "in_review"),
        (Holding.UNVERIFIED, "record_facts", (_let_notices_end, _object, _agree), "undone"),
        (Holding.WEAK, "record_facts", (_let_notices_end, _agree, _object, _agree), "undone"),
        (Holding.WEAK, "provider", (_let_notices_end, _object, _agree), "undone"),
        (Holding.WEAK, "photos", (_let_notices_end, _agree), "notice"),
        (Holding.WEAK, "photos", (_let_notices_end, _agree, _let_notices_end, _object, _agree), "undone"),
        (Holding.WEAK, "record_facts", (_let_notices_end, _refuse, _let_notices_end), "rejected"),
        (Holding.UNVERIFIED, "one_photo", (_agree,), "draft"),
        (Holding.UNVERIFIED, "photos", (_accept_unseen,), "submitted"),
        (Holding.UNVERIFIED, "photos", (_refuse, _let_notices_end), "rejected"),
        (Holding.STRONG, "record_facts", (_let_notices_end,), "expired"),
        (Holding.STRONG, "provider", (_let_notices_end, _agree, _object, _agree), "undone"),
    ],
)
def test_a_case_goes_its_whole_road_and_back(
    kept_loop: KeptLoop,
    database: Database,
    tmp_path: Path,
    level: Holding,
    kind: str,
    steps: tuple[Callable[[CaseLife], None], ...],
    ends: str,
) -> None:
    """Those roads that chance walks too seldom, with the same looks after every step."""
    of_this_test = type("OfThisTest", (CaseLife,), {"loop": kept_loop, "database": database, "folder": tmp_path})
    life = of_this_test()
    try:
        life.a_story_begins(level, kind)
        life.nothing_that_must_never_happen_has_happened()
        for step in steps:
            step(life)
            life.nothing_that_must_never_happen_has_happened()
        assert list(life.seen.states.values()) == [ends]
    finally:
        life.teardown()
