"""Phone, e-mail, password and security questions: each behind a confirmation, each with a way back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock
from xuexin_api.core.emails import parse_email
from xuexin_api.core.errors import (
    BrokenRuleError,
    CodeRejectedError,
    EmailRegisteredError,
    FieldProblem,
    InvalidRequestError,
    OldChannelNeededError,
    PhoneRegisteredError,
)
from xuexin_api.core.passwords import canonical_password
from xuexin_api.core.sealing import EMAIL_CONTEXT, Sealer
from xuexin_api.core.security_questions import combined_answers
from xuexin_api.core.tokens import Claims
from xuexin_api.gateways.password_hashing import PasswordHashing
from xuexin_api.repositories.accounts.accounts import AccountRepository, AccountRow
from xuexin_api.repositories.accounts.changes import ChangeRepository
from xuexin_api.repositories.identity.conflicts import refused_by
from xuexin_api.repositories.login.sessions import SessionRepository
from xuexin_api.services.account_view import AccountView, view_account
from xuexin_api.services.accounts.change_log import EMAIL, PASSWORD, PHONE, QUESTIONS, ChangeLog, to_text
from xuexin_api.services.accounts.confirmations import Confirmations
from xuexin_api.services.accounts.new_passwords import judge_new_password
from xuexin_api.services.base import Service
from xuexin_api.services.callers import Callers
from xuexin_api.services.codes.code_checking import CodeChecking
from xuexin_api.services.codes.phone_binding import NewPhone, PhoneBinding
from xuexin_api.services.codes.phone_proofs import PHONE_OPTIONS
from xuexin_api.services.lookups import Lookups
from xuexin_api.services.messaging.outbox import OutboxDispatcher
from xuexin_api.services.registration.registration_form import judge_answers

_PURPOSE = "contact_change"
_MOST = 100


@dataclass(frozen=True, slots=True)
class SentCode:
    """A code and the request that sent it."""

    code_id: UUID
    code: str


@dataclass(frozen=True, slots=True)
class ChangeView:
    """A change as its owner sees it."""

    id: UUID
    kind: str
    created_at: datetime
    undo_until: datetime


class AccountChangeService(Service):
    """Changes of the caller's own account."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        confirmations: Confirmations,
        callers: Callers,
        accounts: AccountRepository,
        changes: ChangeRepository,
        sessions: SessionRepository,
        log: ChangeLog,
        checking: CodeChecking,
        binding: PhoneBinding,
        hashing: PasswordHashing,
        dispatcher: OutboxDispatcher,
        lookups: Lookups,
        sealer: Sealer,
        clock: Clock,
    ) -> None:
        super().__init__(session, clock)
        self._confirmations = confirmations
        self._callers = callers
        self._accounts = accounts
        self._changes = changes
        self._sessions = sessions
        self._log = log
        self._checking = checking
        self._binding = binding
        self._hashing = hashing
        self._dispatcher = dispatcher
        self._lookups = lookups
        self._sealer = sealer

    async def change_phone(
        self, claims: Claims, *, password: str, phone: NewPhone, old_code: SentCode | None
    ) -> AccountView:
        """Another phone: proven, and confirmed by a code to the old one or, where that is lost, by a verification."""
        account = await self._confirmations.confirm(claims, password)
        if old_code is not None and account.phone_key is not None:
            await self._judge(old_code, account.phone_key)
        elif not self._callers.is_verified(claims):
            raise OldChannelNeededError
        with refused_by({"uq_accounts_phone_key": PhoneRegisteredError(options=PHONE_OPTIONS)}):
            async with self._transaction():
                now = self._clock.now()
                locked = await self._confirmations.hold(account, claims)
                if old_code is not None and locked.phone_key is not None:
                    await self._checking.consume(old_code.code_id, locked.phone_key, now=now)
                await self._binding.bind(locked, phone, purpose=_PURPOSE, now=now)
                changed = await self._accounts.get(locked.id) or locked
                if changed.phone_key != locked.phone_key:
                    await self._log.note(PHONE, locked, self._phone_of(locked), session_id=claims.session_id, now=now)
        self._dispatcher.wake()
        return view_account(changed, self._sealer)

    async def change_email(self, claims: Claims, *, password: str, email: str, code: SentCode) -> AccountView:
        """This recovery e-mail, proven by its own code; also the first one, or the one of the registration."""
        try:
            address = parse_email(email)
        except BrokenRuleError as broken:
            raise InvalidRequestError([FieldProblem("/email", broken.code, broken.params)]) from None
        account = await self._confirmations.confirm(claims, password)
        key = self._lookups.email(address)
        await self._judge(code, key)
        with refused_by({"uq_accounts_email_key": EmailRegisteredError()}):
            async with self._transaction():
                now = self._clock.now()
                locked = await self._confirmations.hold(account, claims)
                await self._checking.consume(code.code_id, key, now=now)
                holder = await self._changes.email_holder(key)
                if holder not in {None, locked.id}:
                    raise EmailRegisteredError
                if holder is None:
                    sealed = self._sealer.seal(address.encode(), EMAIL_CONTEXT)
                    await self._log.note(EMAIL, locked, self._email_of(locked), session_id=claims.session_id, now=now)
                    await self._changes.set_email(locked.id, key=key, ciphertext=sealed, verified_at=now)
                changed = await self._accounts.get(locked.id)
        self._dispatcher.wake()
        return view_account(changed or locked, self._sealer)

    async def remove_email(self, claims: Claims, *, password: str) -> AccountView:
        """No recovery e-mail any more."""
        account = await self._confirmations.confirm(claims, password)
        async with self._transaction():
            now = self._clock.now()
            locked = await self._confirmations.hold(account, claims)
            if locked.email_ciphertext is not None:
                await self._log.note(EMAIL, locked, self._email_of(locked), session_id=claims.session_id, now=now)
                await self._changes.set_email(locked.id, key=None, ciphertext=None, verified_at=None)
            changed = await self._accounts.get(locked.id)
        self._dispatcher.wake()
        return view_account(changed or locked, self._sealer)

    async def change_password(
        self, claims: Claims, *, current_password: str, password: str, password_confirmation: str
    ) -> None:
        """This password; every other session ends. Of the one that it is already nobody is told."""
        account = await self._confirmations.confirm(claims, current_password)
        canonical = judge_new_password(password, password_confirmation, account, self._sealer)
        password_hash = await self._hashing.hash(canonical)
        async with self._transaction():
            now = self._clock.now()
            locked = await self._confirmations.hold(account, claims)
            before = {"hash": await self._accounts.get_password_hash(locked.id)}
            await self._accounts.replace_password(locked.id, password_hash, now=now)
            await self._sessions.revoke_others(claims.session_id, "changed", account_id=locked.id, now=now)
            await self._sessions.forget_devices(locked.id, but_of=claims.session_id)
            await self._sessions.end_flows(locked.id, now=now)
            if canonical != canonical_password(current_password):
                await self._log.note(PASSWORD, locked, before, session_id=claims.session_id, now=now)
        self._dispatcher.wake()

    async def change_questions(self, claims: Claims, *, password: str, questions: list[tuple[str, str]]) -> None:
        """These three security questions and answers, or none at all. Where they are so already, nothing is done."""
        answers = judge_answers(questions)
        account = await self._confirmations.confirm(claims, password)
        if await self._are_set(account, answers):
            return
        answers_hash = await self._hashing.hash(combined_answers(answers)) if answers else None
        async with self._transaction():
            now = self._clock.now()
            locked = await self._confirmations.hold(account, claims)
            old = await self._accounts.get_security_questions(locked.id)
            before = {} if old is None else {"ids": list(old.question_ids), "hash": old.answers_hash}
            await self._changes.remove_security_answers(locked.id)
            if answers_hash is not None:
                await self._accounts.add_security_answers(locked.id, sorted(answers), answers_hash, now=now)
            await self._log.note(QUESTIONS, locked, before, session_id=claims.session_id, now=now)
        self._dispatcher.wake()

    async def _are_set(self, account: AccountRow, answers: Mapping[str, str]) -> bool:
        async with self._read():
            known = await self._accounts.get_security_questions(account.id)
        if known is None or not answers:
            return known is None and not answers
        same = set(known.question_ids) == answers.keys()
        return same and await self._hashing.verify(combined_answers(answers), known.answers_hash)

    async def list_undoable(self, claims: Claims) -> list[ChangeView]:
        """What was changed and can still be undone, newest first."""
        async with self._read():
            account = await self._callers.account_of(claims)
            found = await self._changes.list_undoable(account.id, now=self._clock.now(), most=_MOST)
        return [ChangeView(one.id, one.kind, one.created_at, one.undo_until) for one in found]

    async def _judge(self, sent: SentCode, key: bytes) -> None:
        """Counted before it is judged; used up later, with the change."""
        now = self._clock.now()
        async with self._transaction():
            tried = await self._checking.count(sent.code_id, now=now)
        if not self._checking.matches(
            tried, code_id=sent.code_id, code=sent.code, destination_key=key, purpose=_PURPOSE
        ):
            raise CodeRejectedError

    def _phone_of(self, account: AccountRow) -> dict[str, str | None]:
        bound = account.phone_bound_at
        return {
            "key": to_text(account.phone_key),
            "ciphertext": to_text(account.phone_ciphertext),
            "bound_at": None if bound is None else bound.isoformat(),
        }

    def _email_of(self, account: AccountRow) -> dict[str, str | None]:
        verified = account.email_verified_at
        return {
            "ciphertext": to_text(account.email_ciphertext),
            "verified_at": None if verified is None else verified.isoformat(),
        }
