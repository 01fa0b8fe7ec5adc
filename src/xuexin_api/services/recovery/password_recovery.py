"""A forgotten password: username, name and document, then a way that only the owner has, then a new password.

Whoever names no account walks the same road: the same steps, statements, hashes and messages written, to no end.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock
from xuexin_api.core.documents import normalise_document_number
from xuexin_api.core.entropy import Entropy
from xuexin_api.core.errors import (
    AddressLimitedError,
    CodeRejectedError,
    DailyLimitReachedError,
    FactorNotSetError,
    FactsDoNotMatchError,
    IdentityCaseNeededError,
    Option,
    PhoneRegisteredError,
    RecoveryObjectedError,
    RecoveryRejectedError,
    RecoveryWaitingError,
    SecondFactorNeededError,
    TooManyOperationsError,
    WayNotOfferedError,
)
from xuexin_api.core.names import name_key
from xuexin_api.core.policies import CodePolicy, RecoveryPolicy
from xuexin_api.core.sealing import EMAIL_CONTEXT, PHONE_CONTEXT, Sealer
from xuexin_api.core.second_factors import PASSKEY
from xuexin_api.core.security_questions import canonical_answer, combined_answers
from xuexin_api.gateways.password_hashing import PasswordHashing
from xuexin_api.gateways.throttle import Throttle
from xuexin_api.repositories.accounts.accounts import AccountRepository, AccountRow
from xuexin_api.repositories.accounts.changes import ChangeRepository
from xuexin_api.repositories.archive.archive import RecordRepository
from xuexin_api.repositories.codes import CodeRepository
from xuexin_api.repositories.counters import Counter, CounterRepository
from xuexin_api.repositories.identity.conflicts import refused_by
from xuexin_api.repositories.login.sessions import SessionRepository
from xuexin_api.repositories.login.third_party import ThirdPartyRepository
from xuexin_api.repositories.messages import AuditRepository
from xuexin_api.repositories.recoveries import RecoveryKey, RecoveryRepository, RecoveryState
from xuexin_api.services.accounts.change_log import PASSWORD
from xuexin_api.services.accounts.new_passwords import judge_new_password
from xuexin_api.services.base import Service, seconds_until
from xuexin_api.services.challenges import ChallengeService, spend
from xuexin_api.services.codes.code_checking import DAY, CodeChecking
from xuexin_api.services.codes.code_sending import count_sending
from xuexin_api.services.codes.phone_binding import NewPhone, PhoneBinding
from xuexin_api.services.codes.phone_proofs import PHONE_OPTIONS
from xuexin_api.services.identity.record_facts import judge_facts
from xuexin_api.services.login.identifiers import classify_identifier
from xuexin_api.services.login.passkey_checking import PasskeyChecking, Use
from xuexin_api.services.login.second_factors import SecondFactor, SecondFactors, options_of
from xuexin_api.services.lookups import Lookups
from xuexin_api.services.messaging.notices import Notices
from xuexin_api.services.messaging.outbox import OutboxDispatcher, Postbox, compose
from xuexin_api.services.recovery.recovery_ways import (
    CHANNELS,
    PHONE,
    QUESTIONS,
    RECORD_FACTS,
    Way,
    invented_ways,
    ways_of,
)
from xuexin_api.services.sessions.session_opening import DeviceTokens

_PURPOSE: Final = "recovery"
_MINUTE: Final = 60
_CODE_DIGITS: Final = 6
_STARTED: Final = "recoveries_started"
_SENT_BY_RECOVERY: Final = "recovery_codes_sent"
_SENT: Final = "codes_sent"
_PERSON_TRIES: Final = "recovery_person"
FACTS: Final = ("candidate_number", "student_number", "admission_year")
"""What the record is asked where no channel is left."""
FACT_WITH_QUESTIONS: Final = ("candidate_number",)
NO_CHANNEL_LEFT: Final = (Option("record_facts"), Option("identity_case"))


@dataclass(frozen=True, slots=True)
class Begun:
    """A recovery under way: its secret is told once."""

    id: UUID
    secret: str
    expires_in: int
    ways: list[Way]


@dataclass(frozen=True, slots=True)
class Proven:
    """The owner is proven; the new password may be set from then on, with a new phone where none is left."""

    complete_from: datetime
    needs_phone: bool


@dataclass(frozen=True, slots=True)
class SecurityProof:
    """The answers to all questions, and the fact of the record without which they do not count."""

    answers: Mapping[str, str]
    candidate_number: str


class PasswordRecoveryService(Service):
    """begin → send → confirm → complete, or confirm by what needs no sending."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        recoveries: RecoveryRepository,
        accounts: AccountRepository,
        changes: ChangeRepository,
        sessions: SessionRepository,
        links: ThirdPartyRepository,
        records: RecordRepository,
        codes: CodeRepository,
        counters: CounterRepository,
        audit: AuditRepository,
        devices: DeviceTokens,
        checking: CodeChecking,
        challenges: ChallengeService,
        factors: SecondFactors,
        passkeys: PasskeyChecking,
        binding: PhoneBinding,
        postbox: Postbox,
        notices: Notices,
        dispatcher: OutboxDispatcher,
        hashing: PasswordHashing,
        throttle: Throttle,
        lookups: Lookups,
        sealer: Sealer,
        policy: RecoveryPolicy,
        codes_policy: CodePolicy,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        super().__init__(session, clock)
        self._recoveries = recoveries
        self._accounts = accounts
        self._changes = changes
        self._sessions = sessions
        self._links = links
        self._records = records
        self._codes = codes
        self._counters = counters
        self._audit = audit
        self._devices = devices
        self._checking = checking
        self._challenges = challenges
        self._factors = factors
        self._passkeys = passkeys
        self._binding = binding
        self._postbox = postbox
        self._notices = notices
        self._dispatcher = dispatcher
        self._hashing = hashing
        self._throttle = throttle
        self._lookups = lookups
        self._sealer = sealer
        self._policy = policy
        self._codes_policy = codes_policy
        self._entropy = entropy

    async def begin(self, *, username: str, name: str, document_number: str, challenge: str, network: str) -> Begun:
        """The ways of the account that all three name; of any other three, ways that look the same."""
        await self._limit_address(network)
        answered = self._challenges.read(challenge, purpose=_PURPOSE)
        async with self._transaction():
            await spend(self._codes, answered)
        await self._challenges.judge(answered)
        await self._challenges.note_activity(network)
        kind, key = classify_identifier(username, self._lookups)
        document_key = self._lookups.document(normalise_document_number(document_number))
        subject = self._lookups.attempt("recovery", kind, key, name_key(name), document_key)
        now = self._clock.now()
        async with self._transaction():
            # By network: a stranger's tries must not keep the owner from recovering.
            asker = self._lookups.attempt("recovery", kind, key, network)
            started = await self._counters.add_one(_STARTED, asker, now=now, window_ends_at=now + DAY)
        if started.count > self._policy.per_identifier_day:
            raise TooManyOperationsError(retry_after=seconds_until(started.window_ends_at, now))

        secret, recovery_id = self._entropy.token().hex(), self._entropy.identifier()
        async with self._transaction():
            found = await self._accounts.get_for_login(kind, key)
            account = None if found is None else found[0]
            asked = await self._accounts.get_security_questions(recovery_id if account is None else account.id)
            if account is not None and not _names(account, name, document_key):
                account = None
            by_questions = self._policy.by_questions
            # Made for everybody, so that the work is the same.
            ways = invented_ways(subject, kind, username, by_questions=by_questions)
            if account is not None:
                questions = () if asked is None else asked.question_ids
                ways = ways_of(account, kind, questions, self._sealer, by_questions=by_questions)
            await self._recoveries.add(
                {
                    "id": recovery_id,
                    "secret_hash": self._lookups.secret("recovery", secret),
                    "account_id": None if account is None else account.id,
                    "subject": subject,
                    "document_key": document_key,
                    "ways": [way.kind for way in ways],
                    "tries": 0,
                    "created_at": now,
                    "expires_at": now + timedelta(seconds=self._policy.lifetime),
                }
            )
        return Begun(recovery_id, secret, self._policy.lifetime, ways)

    async def send(
        self, recovery_id: UUID, secret: str, way: str, *, device_token: str | None, network: str
    ) -> CodePolicy:
        """Send a code by phone or e-mail; the answer is what everybody is told: how long it lives, when again.

        A destination that had its messages of the day gets none, and the answer is the same: only its owner knows.
        What strangers used up does not count for a device of the account.
        """
        await self._limit_address(network)
        key = self._key(recovery_id, secret)
        now = self._clock.now()
        code_id, code = self._entropy.identifier(), self._entropy.digits(_CODE_DIGITS)
        async with self._transaction():
            state = await self._recoveries.get(key, now=now)
            if state is None:
                raise RecoveryRejectedError
            if way not in state.ways or way not in CHANNELS:
                raise WayNotOfferedError
            whose = b"owner" if await self._is_owners(state, device_token) else b""
            await self._count_sending(state, way, whose, now)
            account = await self._account_of(state)
            destination = self._destination(account, way)
            place = self._place(state, way, destination)
            within = await self._counters.add_one_unless(
                _SENT,
                self._lookups.attempt("owner", place) if whose else place,
                limit=self._codes_policy.per_destination_day,
                spaced=now - timedelta(seconds=self._codes_policy.resend),
                now=now,
                window_ends_at=now + DAY,
            )
            await self._codes.add_code(
                {
                    "id": code_id,
                    "purpose": _PURPOSE,
                    "channel": CHANNELS[way],
                    "destination_key": place,
                    "code_hash": self._checking.hash_of(code_id, code),
                    "tries": 0,
                    "created_at": now,
                    "expires_at": now + timedelta(seconds=self._codes_policy.lifetime),
                }
            )
            await self._recoveries.note_code(state.id, code_id)
            minutes = max(1, self._codes_policy.lifetime // 60)
            letter = None
            if destination is not None and within:
                letter = compose(destination, f"body_code_{_PURPOSE}", code, minutes=minutes)
            await self._postbox.post_or_pretend(
                letter,
                channel=CHANNELS[way],
                purpose=_PURPOSE,
                destination_key=place,
                now=now,
                expires_at=now + timedelta(seconds=self._codes_policy.lifetime),
            )
        self._dispatcher.wake()
        return self._codes_policy

    async def confirm_code(
        self, recovery_id: UUID, secret: str, way: str, code: str, *, device_token: str | None, network: str
    ) -> Proven:
        """Proven by the code that was sent last, or CodeRejectedError; the try is counted first."""
        await self._limit_address(network)
        now = self._clock.now()
        async with self._transaction():
            state = await self._count_try(self._key(recovery_id, secret), way, now)
            code_id = state.code_id or state.id
            account = await self._account_of(state)
            place = self._place(state, way, self._destination(account, way))
            closed = await self._is_closed(place, now) and not await self._is_owners(state, device_token)
            tried = await self._checking.count(code_id, now=now)
        right = self._checking.matches(tried, code_id=code_id, code=code, destination_key=place, purpose=_PURPOSE)
        if not right or closed or account is None:
            raise CodeRejectedError
        async with self._transaction():
            await self._checking.consume(code_id, place, now=now)
            return await self._prove(state, way, complete_from=now, now=now)

    async def confirm_questions(self, recovery_id: UUID, secret: str, proof: SecurityProof, *, network: str) -> Proven:
        """Proven by all answers together with a fact of the record; neither says which was wrong."""
        await self._limit_address(network)
        self._hashing.refuse_if_full()
        now = self._clock.now()
        async with self._transaction():
            state = await self._count_try(self._key(recovery_id, secret), QUESTIONS, now)
            tries = await self._count_person(state, now)
        self._refuse_if_person_tried(tries, now)
        async with self._read():
            account = await self._account_of(state)
            asked = await self._accounts.get_security_questions(state.account_id or state.id)
            records = await self._records.list_facts_for_document(state.document_key)
        answers = {question: canonical_answer(answer) for question, answer in proof.answers.items()}
        known = await self._hashing.verify(combined_answers(answers), None if asked is None else asked.answers_hash)
        facts = {"candidate_number": proof.candidate_number}
        name = "" if account is None else account.name
        person = judge_facts(records, name, FACT_WITH_QUESTIONS, facts)
        if account is None or not known or person is None:
            raise FactsDoNotMatchError
        async with self._transaction():
            await self._counters.take_back(_PERSON_TRIES, state.document_key)
            return await self._prove(state, QUESTIONS, complete_from=now, now=now)

    async def confirm_facts(
        self, recovery_id: UUID, secret: str, answers: Mapping[str, str], *, network: str
    ) -> Proven:
        """Proven by facts of the record alone, where no channel is left: told to the old channels before it counts.

        Weak evidence never opens an account that was verified, or one that nobody can be told of: that is a case for
        people.
        """
        await self._limit_address(network)
        now = self._clock.now()
        async with self._transaction():
            state = await self._count_try(self._key(recovery_id, secret), None, now)
            tries = await self._count_person(state, now)
        self._refuse_if_person_tried(tries, now)
        async with self._read():
            account = await self._account_of(state)
            records = await self._records.list_facts_for_document(state.document_key)
        name = "" if account is None else account.name
        person = judge_facts(records, name, FACTS, answers)
        if account is None or person is None:
            raise FactsDoNotMatchError
        told = account.phone_key is not None or account.email_verified_at is not None
        # Notice comes before effect: where nobody can be told, a recycled number and classmates' knowledge would do.
        if account.person_id is not None or account.state == "conflict" or not told:
            raise IdentityCaseNeededError(options=(Option("identity_case"),))
        effect = now + timedelta(seconds=self._policy.objection)
        async with self._transaction():
            await self._counters.take_back(_PERSON_TRIES, state.document_key)
            proven = await self._prove(state, RECORD_FACTS, complete_from=effect, now=now)
            hours = max(1, self._policy.objection // 3600)
            await self._notices.post_everywhere(account, "body_recovery_waiting", now=now, hours=hours)
        self._dispatcher.wake()
        return proven

    async def complete(
        self,
        recovery_id: UUID,
        secret: str,
        *,
        password: str,
        confirmation: str,
        phone: NewPhone,
        second_factor: SecondFactor | None,
        network: str,
    ) -> None:
        """The new password, and the new phone; every session ends, and every old channel is told."""
        await self._limit_address(network)
        key = self._key(recovery_id, secret)
        now = self._clock.now()
        async with self._read():
            state = await self._recoveries.get(key, now=now)
            account = None if state is None else await self._account_of(state)
        if state is None or account is None or state.complete_from is None:
            raise RecoveryRejectedError
        if now < state.complete_from:
            raise RecoveryWaitingError(retry_after=seconds_until(state.complete_from, now))
        if account.second_factors:
            await self._count_factor(account, second_factor, state, now)
            if second_factor is None:
                raise SecondFactorNeededError(options=options_of(account))
        canonical = judge_new_password(password, confirmation, account, self._sealer)
        password_hash = await self._hashing.hash(canonical)
        taken = refused_by({"uq_accounts_phone_key": PhoneRegisteredError(options=PHONE_OPTIONS)})
        with taken:
            async with self._transaction():
                now = self._clock.now()
                locked = await self._accounts.lock(account.id)
                if locked is None or not self._still_proves(state, account, locked):
                    raise RecoveryRejectedError
                if not await self._recoveries.consume(key, now=now):
                    raise RecoveryRejectedError
                if locked.second_factors:
                    await self._take_factor(locked, second_factor, state, now)
                if state.proven_by == RECORD_FACTS:
                    await self._bind_phone(state, locked, phone, now)
                await self._accounts.replace_password(locked.id, password_hash, now=now)
                # An older link must not bring an older password back over the one that is set here.
                await self._changes.settle(locked.id, PASSWORD, now=now)
                await self._recoveries.end_all(locked.id, now=now)
                await self._sessions.revoke_all(locked.id, "recovered", now=now)
                await self._sessions.forget_devices(locked.id)
                # Whoever got in may have linked himself: what its owner could still undo is released.
                await self._links.remove_since(locked.id, now - timedelta(seconds=self._policy.undo))
                await self._sessions.end_flows(locked.id, now=now)
                # Told where it was bound before: whoever holds an old channel hears of it.
                await self._notices.post_everywhere(locked, "body_password_recovered", now=now)
                await self._audit.add(
                    self._entropy.identifier(),
                    "account:password:recover",
                    account_id=locked.id,
                    session_id=None,
                    now=now,
                )
        self._dispatcher.wake()

    async def ask_passkey(self, recovery_id: UUID, secret: str, *, network: str) -> dict[str, Any]:
        """What a browser has a passkey sign so that a proven recovery can be completed."""
        await self._limit_address(network)
        now = self._clock.now()
        async with self._read():
            state = await self._recoveries.get(self._key(recovery_id, secret), now=now)
            account = None if state is None else await self._account_of(state)
            if state is None or account is None or state.complete_from is None:
                raise RecoveryRejectedError
            if PASSKEY not in account.second_factors:
                raise FactorNotSetError
            return await self._passkeys.ask(_use_for(state), account.id, now=now)

    async def _count_factor(
        self, account: AccountRow, given: SecondFactor | None, state: RecoveryState, now: datetime
    ) -> None:
        async with self._transaction():
            tries = await self._factors.count_for(account.id, given, _use_for(state), None, now=now)
        self._factors.refuse_if_often(tries, now=now)

    async def _take_factor(
        self, account: AccountRow, given: SecondFactor | None, state: RecoveryState, now: datetime
    ) -> None:
        """A recovery never skips the second factor: a right answer is used up with the recovery."""
        if given is None or not await self._factors.check(account.id, given, _use_for(state), None, now=now):
            raise CodeRejectedError

    async def _bind_phone(self, state: RecoveryState, account: AccountRow, phone: NewPhone, now: datetime) -> None:
        """A new phone takes the place of the lost one. Its owner objects by logging in: he has all he needs."""
        assert state.proven_at is not None, "only a proven recovery is completed"
        if await self._sessions.opened_since(account.id, state.proven_at):
            raise RecoveryObjectedError
        await self._binding.bind(account, phone, purpose=_PURPOSE, now=now)

    def _still_proves(self, state: RecoveryState, before: AccountRow, locked: AccountRow) -> bool:
        """A code to a channel that has left the account meanwhile proves nothing any more."""
        if state.proven_by not in CHANNELS:
            return True
        return self._destination(before, state.proven_by) == self._destination(locked, state.proven_by) is not None

    async def _prove(self, state: RecoveryState, way: str, *, complete_from: datetime, now: datetime) -> Proven:
        lives_until = complete_from + timedelta(seconds=self._policy.lifetime)
        if complete_from > now:
            # Who had to wait is not asked to be there at the minute.
            lives_until = complete_from + timedelta(seconds=self._policy.objection)
        if not await self._recoveries.note_proof(
            state.id, way, complete_from=complete_from, expires_at=lives_until, now=now
        ):
            raise RecoveryRejectedError
        return Proven(complete_from, needs_phone=way == RECORD_FACTS)

    async def _count_try(self, key: RecoveryKey, way: str | None, now: datetime) -> RecoveryState:
        state = await self._recoveries.count_try(key, most=self._policy.tries, now=now)
        if state is None:
            raise RecoveryRejectedError
        if way is not None and way not in state.ways:
            raise WayNotOfferedError
        return state

    async def _is_owners(self, state: RecoveryState, device_token: str | None) -> bool:
        """Whether the device logged in before to the account that is recovered."""
        device = self._devices.read(device_token)
        if device is None or device.account_id != state.account_id:
            return False
        return await self._sessions.knows_device(device.account_id, device.token_hash)

    async def _count_sending(self, state: RecoveryState, way: str, whose: bytes, now: datetime) -> None:
        """By what was typed, and not by the destination: the refusal must not tell that there is one."""
        subject = self._lookups.attempt("recovery_send", state.subject, way, whose)
        await count_sending(self._counters, _SENT_BY_RECOVERY, subject, policy=self._codes_policy, now=now)

    async def _count_person(self, state: RecoveryState, now: datetime) -> Counter:
        """Counted per document that was typed, apart from the verifications of who claims it: anybody may type it."""
        return await self._counters.add_one(_PERSON_TRIES, state.document_key, now=now, window_ends_at=now + DAY)

    def _refuse_if_person_tried(self, tries: Counter, now: datetime) -> None:
        if tries.count > self._policy.facts_per_person_day:
            raise TooManyOperationsError(retry_after=seconds_until(tries.window_ends_at, now))

    async def _limit_address(self, network: str) -> None:
        wait = await self._throttle.hit("recoveries", network, most=self._policy.per_address_minute, seconds=_MINUTE)
        if wait is not None:
            raise AddressLimitedError(retry_after=wait)

    def _key(self, recovery_id: UUID, secret: str) -> RecoveryKey:
        return RecoveryKey(recovery_id, self._lookups.secret("recovery", secret))

    async def _account_of(self, state: RecoveryState) -> AccountRow | None:
        """Asked also where there is none: an id that no account has."""
        return await self._accounts.get(state.account_id or state.id)

    def _destination(self, account: AccountRow | None, way: str) -> str | None:
        """Where the account's codes go by this way, now."""
        if account is None:
            return None
        if way == PHONE:
            sealed, context = account.phone_ciphertext, PHONE_CONTEXT
        else:
            sealed = account.email_ciphertext if account.email_verified_at is not None else None
            context = EMAIL_CONTEXT
        return None if sealed is None else self._sealer.open(sealed, context).decode()

    def _place(self, state: RecoveryState, way: str, destination: str | None) -> bytes:
        """What stands for the destination; where there is none, something that nobody has."""
        if destination is None:
            return self._lookups.attempt("nowhere", state.subject, way)
        return self._lookups.destination(CHANNELS[way], destination)

    async def _is_closed(self, place: bytes, now: datetime) -> bool:
        """Whether wrong tries closed the destination; told as a wrong code, for only a real one can be closed."""
        try:
            await self._checking.refuse_if_closed(place, now=now)
        except DailyLimitReachedError:
            return True
        return False


def _use_for(state: RecoveryState) -> Use:
    return Use("recovery", state.id.bytes)


def _names(account: AccountRow, name: str, document_key: bytes) -> bool:
    """Whether the account that the username found has this name and this document."""
    same_name = hmac.compare_digest(name_key(account.name).encode(), name_key(name).encode())
    return hmac.compare_digest(account.document_key, document_key) and same_name
