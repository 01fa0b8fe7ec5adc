"""Keeping, showing and ending sessions: refresh rotation, reuse, the list of logins, logout."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock
from xuexin_api.core.entropy import Entropy
from xuexin_api.core.errors import RefreshRejectedError, SessionNotFoundError
from xuexin_api.core.policies import SessionPolicy
from xuexin_api.core.refresh_tokens import RefreshToken, RefreshTokens
from xuexin_api.core.tokens import Claims
from xuexin_api.repositories.accounts.accounts import AccountRepository
from xuexin_api.repositories.login.sessions import Login, SessionRepository, SessionState
from xuexin_api.repositories.messages import AuditRepository
from xuexin_api.services.base import Service
from xuexin_api.services.callers import Callers
from xuexin_api.services.messaging.notices import Notices
from xuexin_api.services.messaging.outbox import OutboxDispatcher
from xuexin_api.services.paging import read_cursor, write_cursor
from xuexin_api.services.sessions.session_opening import SessionOpening, Tokens


@dataclass(frozen=True, slots=True)
class LoginView:
    """One login as its owner sees it; `current` is the one that asks."""

    id: UUID
    current: bool
    state: Literal["living", "expired", "ended"]
    platform: str
    address: str
    methods: list[str]
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    end_reason: str | None


@dataclass(frozen=True, slots=True)
class LoginPage:
    """Some of one's logins, newest first, and where the next ones start."""

    items: list[LoginView]
    next_cursor: str | None


class SessionService(Service):
    """A refresh token works once; a lost answer may be asked for again; a stolen one ends the family."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        sessions: SessionRepository,
        accounts: AccountRepository,
        callers: Callers,
        audit: AuditRepository,
        opening: SessionOpening,
        refresh_tokens: RefreshTokens,
        notices: Notices,
        dispatcher: OutboxDispatcher,
        policy: SessionPolicy,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        super().__init__(session, clock)
        self._sessions = sessions
        self._accounts = accounts
        self._callers = callers
        self._audit = audit
        self._opening = opening
        self._refresh_tokens = refresh_tokens
        self._notices = notices
        self._dispatcher = dispatcher
        self._policy = policy
        self._entropy = entropy

    async def refresh(self, refresh_token: str) -> Tokens:
        """The successor, the same for everybody who asks within the grace; reuse ends the session."""
        presented = self._refresh_tokens.read(refresh_token)
        if presented is None:
            raise RefreshRejectedError
        now = self._clock.now()
        async with self._transaction():
            state = await self._sessions.rotate(
                presented.session_id,
                presented.generation,
                idle_until=now + timedelta(seconds=self._policy.idle),
                now=now,
            )
            if state is None:
                state = await self._sessions.get(presented.session_id)
        if state is None or not state.alive(now):
            raise RefreshRejectedError
        if state.generation == presented.generation + 1 and self._in_grace(state, now):
            return self._opening.tokens_of(state, now=now)
        await self._end_for_reuse(state, presented, now)
        raise RefreshRejectedError

    def _in_grace(self, state: SessionState, now: datetime) -> bool:
        """Also right after our own rotation: then no time has passed."""
        return now - state.rotated_at <= timedelta(seconds=self._policy.refresh_grace)

    async def _end_for_reuse(self, state: SessionState, presented: RefreshToken, now: datetime) -> None:
        """Somebody holds a copy: end the family and tell the owner, in one transaction that commits."""
        if presented.generation >= state.generation:
            return
        async with self._transaction():
            if not await self._sessions.revoke(state.id, "refresh_reused", account_id=state.account_id, now=now):
                return
            await self._sessions.forget_device(state.id)
            await self._note("session:refresh:reused", state.account_id, [state.id], now)
            account = await self._accounts.get(state.account_id)
            if account is not None:
                await self._notices.post(account, "body_session_ended_reuse", now=now)
        self._dispatcher.wake()

    async def list_living(self, claims: Claims, *, cursor: str | None, most: int) -> LoginPage:
        """Where the account is logged in now."""
        return await self._list(claims, cursor, most, living=True)

    async def list_history(self, claims: Claims, *, cursor: str | None, most: int) -> LoginPage:
        """Every login of the account, living or ended."""
        return await self._list(claims, cursor, most, living=False)

    async def _list(self, claims: Claims, cursor: str | None, most: int, *, living: bool) -> LoginPage:
        now = self._clock.now()
        before = None if cursor is None else read_cursor(cursor)
        async with self._read():
            account = await self._callers.account_of(claims)
            found = await self._sessions.list_logins(
                account.id, living_at=now if living else None, before=before, most=most + 1
            )
        page, more = found[:most], len(found) > most
        views = [_view(login, current=login.id == claims.session_id, now=now) for login in page]
        return LoginPage(views, write_cursor(page[-1].id) if more else None)

    async def end(self, session_id: UUID, claims: Claims) -> None:
        """End one session of the account and forget its device; SessionNotFoundError where none living has this id."""
        now = self._clock.now()
        async with self._transaction():
            account = await self._callers.account_of(claims)
            if not await self._sessions.revoke(session_id, "ended_by_owner", account_id=account.id, now=now):
                raise SessionNotFoundError
            await self._sessions.forget_device(session_id)
            await self._note("session:end", account.id, [session_id], now)

    async def end_others(self, claims: Claims) -> None:
        """End every session of the account but the one that asks, and forget every other device."""
        now = self._clock.now()
        async with self._transaction():
            account = await self._callers.account_of(claims)
            ended = await self._sessions.revoke_others(
                claims.session_id, "ended_by_owner", account_id=account.id, now=now
            )
            await self._sessions.forget_devices(account.id, but_of=claims.session_id)
            await self._note("session:end", account.id, ended, now)

    async def log_out(self, claims: Claims) -> None:
        """End the session of this token; its access tokens are dead at the next request."""
        now = self._clock.now()
        async with self._transaction():
            account = await self._callers.account_of(claims)
            await self._sessions.revoke(claims.session_id, "logout", account_id=account.id, now=now)
            await self._note("session:logout", account.id, [claims.session_id], now)

    async def _note(self, action: str, account_id: UUID, session_ids: Sequence[UUID], now: datetime) -> None:
        for session_id in session_ids:
            await self._audit.add(
                self._entropy.identifier(), action, account_id=account_id, session_id=session_id, now=now
            )


def _view(login: Login, *, current: bool, now: datetime) -> LoginView:
    expires_at = min(login.idle_until, login.ends_at)
    over: Literal["living", "expired"] = "living" if now < expires_at else "expired"
    return LoginView(
        id=login.id,
        current=current,
        state=over if login.ended_at is None else "ended",
        platform=login.platform,
        address=login.address,
        methods=login.methods,
        created_at=login.created_at,
        last_used_at=login.last_used_at,
        expires_at=expires_at,
        ended_at=login.ended_at,
        end_reason=login.end_reason,
    )
