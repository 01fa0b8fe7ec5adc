"""Idempotency-Key: what was done once is not done again, and its answer is given again unless it holds secrets."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock
from xuexin_api.core.errors import (
    AddressLimitedError,
    AlreadyDoneError,
    IdempotencyKeyReusedError,
    OperationInProgressError,
    OutcomeUnknownError,
    TokenInvalidError,
)
from xuexin_api.core.policies import IdempotencyPolicy
from xuexin_api.core.sealing import Sealer
from xuexin_api.core.tokens import Claims
from xuexin_api.gateways.throttle import Throttle
from xuexin_api.repositories.idempotency import IdempotencyRepository, KnownOperation
from xuexin_api.services.base import Service
from xuexin_api.services.callers import Callers
from xuexin_api.services.lookups import Lookups
from xuexin_api.services.staff.staff_callers import StaffCallers

_MINUTE: Final = 60
_RETRY_AFTER: Final = 1


@dataclass(frozen=True, slots=True)
class Operation:
    """What is asked: where, by whom (the claims of a token, or the phone proof sent along), under which key."""

    route: str
    key: str
    body: bytes
    claims: Claims | None
    staff_claims: Claims | None
    phone_proof: str | None


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it was given."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Begun:
    """This request is the one that does it."""

    key_hash: bytes


class IdempotencyService(Service):
    """Noted before the work begins: a process that dies leaves an unknown outcome, and never a second one."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        operations: IdempotencyRepository,
        callers: Callers,
        staff_callers: StaffCallers,
        throttle: Throttle,
        lookups: Lookups,
        sealer: Sealer,
        policy: IdempotencyPolicy,
        clock: Clock,
    ) -> None:
        super().__init__(session, clock)
        self._operations = operations
        self._callers = callers
        self._staff_callers = staff_callers
        self._throttle = throttle
        self._lookups = lookups
        self._sealer = sealer
        self._policy = policy

    async def begin(self, operation: Operation, *, network: str) -> Begun | Answer:
        """The leave to do it, or the answer that it had; a refusal where there is neither."""
        wait = await self._throttle.hit(
            "keyed_operations", network, most=self._policy.per_address_minute, seconds=_MINUTE
        )
        if wait is not None:
            raise AddressLimitedError(retry_after=wait)
        body_hash = self._lookups.content(operation.body)
        now = self._clock.now()
        async with self._transaction():
            key_hash = self._lookups.attempt(operation.route, operation.key, await self._caller(operation, body_hash))
            begun = await self._operations.begin(
                key_hash, body_hash, now=now, expires_at=now + timedelta(seconds=self._policy.kept)
            )
            known = None if begun else await self._operations.get(key_hash)
        if begun:
            return Begun(key_hash)
        if known is None:
            # Given up between the two statements, because it was refused: it may be asked again.
            raise OperationInProgressError(retry_after=_RETRY_AFTER)
        return self._answer(known, key_hash, body_hash)

    def _answer(self, known: KnownOperation, key_hash: bytes, body_hash: bytes) -> Answer:
        if known.body_hash != body_hash:
            raise IdempotencyKeyReusedError
        if known.answered_at is None:
            if self._clock.now() - known.created_at < timedelta(seconds=self._policy.longest_run):
                raise OperationInProgressError(retry_after=_RETRY_AFTER)
            raise OutcomeUnknownError
        if known.sealed is None or known.status is None:
            raise AlreadyDoneError
        return Answer(known.status, self._sealer.open(known.sealed, key_hash))

    async def knows(self, operation: Operation) -> bool:
        """Whether a caller who is somebody began something under this key: `begin` will compare what."""
        async with self._transaction():
            key_hash = self._lookups.attempt(operation.route, operation.key, await self._caller(operation, b""))
            return await self._operations.get(key_hash) is not None

    async def finish(self, begun: Begun, answer: Answer, *, secret: bool) -> None:
        """Remember the answer; of one that holds secrets only that it was given."""
        sealed = None if secret else self._sealer.seal(answer.body, begun.key_hash)
        async with self._transaction():
            await self._operations.note_answer(
                begun.key_hash, status=answer.status, sealed=sealed, now=self._clock.now()
            )

    async def give_up(self, begun: Begun) -> None:
        """It was refused, and a refusal leaves nothing done: the same key may ask again."""
        async with self._transaction():
            await self._operations.forget(begun.key_hash)

    async def _caller(self, operation: Operation, body_hash: bytes) -> bytes:
        """Whose key it is. Of somebody who is nobody yet, only what he asks for is known."""
        try:
            if operation.claims is not None:
                return b"account:" + (await self._callers.account_of(operation.claims)).id.bytes
            if operation.staff_claims is not None:
                return b"staff:" + (await self._staff_callers.member_of(operation.staff_claims)).id.bytes
        except TokenInvalidError:
            # Whether that matters is for the operation to say; a dead token gets nobody's answers.
            claims = operation.claims or operation.staff_claims
            return b"dead:" + (claims.session_id.bytes if claims else b"") + body_hash
        if operation.phone_proof is not None:
            return b"proof:" + self._lookups.secret("phone_proof", operation.phone_proof)
        return b"anybody:" + body_hash
