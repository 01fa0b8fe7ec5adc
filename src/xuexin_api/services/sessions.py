"""Keeping and ending sessions: refresh rotation, reuse, logout."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock
from xuexin_api.core.entropy import Entropy
from xuexin_api.core.errors import RefreshRejectedError, TokenInvalidError
from xuexin_api.core.messages import message
from xuexin_api.core.policies import SessionPolicy
from xuexin_api.core.refresh_tokens import RefreshToken, RefreshTokens
from xuexin_api.core.sealing import Sealer
from xuexin_api.core.tokens import Claims
from xuexin_api.repositories.accounts import AccountRepository
from xuexin_api.repositories.messages import AuditRepository
from xuexin_api.repositories.sessions import SessionRepository, SessionState
from xuexin_api.services.base import Service
from xuexin_api.services.outbox import Message, OutboxDispatcher, Postbox
from xuexin_api.services.phone_proofs import PHONE_CONTEXT
from xuexin_api.services.session_opening import SessionOpening, Tokens


class SessionService(Service):
    """A refresh token works once; a lost answer may be asked for again; a stolen one ends the family."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        sessions: SessionRepository,
        accounts: AccountRepository,
        audit: AuditRepository,
        opening: SessionOpening,
        refresh_tokens: RefreshTokens,
        postbox: Postbox,
        dispatcher: OutboxDispatcher,
        sealer: Sealer,
        policy: SessionPolicy,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        super().__init__(session, clock)
        self._sessions = sessions
        self._accounts = accounts
        self._audit = audit
        self._opening = opening
        self._refresh_tokens = refresh_tokens
        self._postbox = postbox
        self._dispatcher = dispatcher
        self._sealer = sealer
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
            if not await self._sessions.revoke(state.id, "refresh_reused", now=now):
                return
            await self._audit.add(
                self._entropy.identifier(),
                "session:refresh:reused",
                account_id=state.account_id,
                session_id=state.id,
                now=now,
            )
            account = await self._accounts.get(state.account_id)
            if account is not None and account.phone_ciphertext is not None and account.phone_key is not None:
                phone = self._sealer.open(account.phone_ciphertext, PHONE_CONTEXT).decode()
                await self._postbox.post(
                    Message(phone, message("body_session_ended_reuse"), None),
                    channel="sms",
                    purpose="notice",
                    destination_key=account.phone_key,
                    now=now,
                )
        self._dispatcher.wake()

    async def log_out(self, claims: Claims) -> None:
        """End the session of this token; its access tokens are dead at the next request."""
        now = self._clock.now()
        async with self._transaction():
            state = await self._sessions.get(claims.session_id)
            if state is None or state.epoch != claims.epoch or not state.alive(now):
                raise TokenInvalidError
            await self._sessions.revoke(claims.session_id, "logout", now=now)
            await self._audit.add(
                self._entropy.identifier(),
                "session:logout",
                account_id=claims.account_id,
                session_id=claims.session_id,
                now=now,
            )
