"""Opening a session and writing its tokens; used by registration, login, refresh and verification."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.entropy import Entropy
from xuexin_api.core.errors import LoginRejectedError
from xuexin_api.core.policies import SessionPolicy
from xuexin_api.core.refresh_tokens import RefreshToken, RefreshTokens
from xuexin_api.core.sealing import KeyedHash
from xuexin_api.core.tokens import Assurance, TokenMint
from xuexin_api.repositories.login.openings import AuditedAs, Judged, OpenedOn, OpeningRepository
from xuexin_api.repositories.login.sessions import SessionState

_ID_BYTES: Final = 16
_METHODS: Final = {
    "record_facts": "kba",
    "classmates": "vouch",
    "alipay_certify": "face",
    "tencent_faceid": "face",
    "handheld_photo": "photo",
}
"""What each way of verification adds to `amr` (RFC 8176)."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a client gets; `acr` says what the session has proven."""

    access_token: str
    expires_in: int
    refresh_token: str
    refresh_expires_in: int
    acr: str


@dataclass(frozen=True, slots=True)
class KnownDevice:
    """What a device token says of itself, checked without the database."""

    account_id: UUID
    token_hash: bytes


class DeviceTokens:
    """account ‖ random ‖ HMAC: nobody can make one up, and it serves one account."""

    def __init__(self, keyed: KeyedHash, entropy: Entropy) -> None:
        self._keyed = keyed
        self._entropy = entropy

    def make(self, account_id: UUID) -> str:
        head = account_id.bytes + self._entropy.token(_ID_BYTES)
        return base64.urlsafe_b64encode(head + self._keyed.digest(head)[:_ID_BYTES]).decode()

    def read(self, text: str | None) -> KnownDevice | None:
        """The device, or None for a token that is not ours. Another spelling of ours is none: limits go by its hash."""
        try:
            raw = base64.b64decode(text or "", altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        head, tag = raw[: 2 * _ID_BYTES], raw[2 * _ID_BYTES :]
        one_spelling = base64.urlsafe_b64encode(raw).decode()
        if text != one_spelling or not hmac.compare_digest(tag, self._keyed.digest(head)[:_ID_BYTES]):
            return None
        return KnownDevice(UUID(bytes=head[:_ID_BYTES]), self.hash_of(one_spelling))

    def hash_of(self, text: str) -> bytes:
        """What is stored of a device token."""
        return self._keyed.lookup("device", text)


class SessionOpening:
    """Works inside the transaction that it is given, or in one of its own."""

    def __init__(
        self,
        *,
        openings: OpeningRepository,
        mint: TokenMint,
        refresh_tokens: RefreshTokens,
        devices: DeviceTokens,
        policy: SessionPolicy,
        entropy: Entropy,
    ) -> None:
        self._openings = openings
        self._mint = mint
        self._refresh_tokens = refresh_tokens
        self._devices = devices
        self._policy = policy
        self._entropy = entropy

    async def open(
        self,
        account_id: UUID,
        *,
        methods: Sequence[str],
        address: str,
        platform: str,
        device_token: str | None,
        action: str,
        now: datetime,
        known: bool = False,
        judged: Judged | None = None,
        notice: Mapping[str, Any] | None = None,
        forgets: bytes | None = None,
        within: AsyncSession | None = None,
    ) -> tuple[Tokens, str]:
        """A new session on a known or a new device, audited as `action`: tokens, and the device's token.

        LoginRejectedError where the device was `known` and is no longer, or the account is not as it was `judged`.
        `notice` is the outbox row that a new device causes; `forgets` the subject whose failed logins end with this
        success.
        """
        state = self._new(account_id, methods, now)
        new_token = self._devices.make(account_id)
        knows = await self._openings.open(
            state,
            OpenedOn(
                address=address,
                platform=platform,
                presented_hash=None if device_token is None else self._devices.hash_of(device_token),
                known=known,
                new_device_id=self._entropy.identifier(),
                new_device_hash=self._devices.hash_of(new_token),
            ),
            AuditedAs(self._entropy.identifier(), action),
            judged=judged,
            notice=notice,
            forgets=forgets,
            within=within,
        )
        if knows is None:
            raise LoginRejectedError
        return self.tokens_of(state, now=now), device_token if knows and device_token is not None else new_token

    async def open_on_known(
        self,
        account_id: UUID,
        *,
        methods: Sequence[str],
        address: str,
        device_hash: bytes,
        action: str,
        now: datetime,
        judged: Judged,
        forgets: bytes,
    ) -> Tokens | None:
        """A new session on a device that is known, by a password that was right, in a transaction of its own.

        None where the device is not known any more, or the account is not as it was judged.
        """
        state = self._new(account_id, methods, now)
        opened = await self._openings.open_on_known(
            state,
            AuditedAs(self._entropy.identifier(), action),
            address=address,
            device_hash=device_hash,
            judged=judged,
            owner=forgets,
        )
        return self.tokens_of(state, now=now) if opened else None

    def _new(self, account_id: UUID, methods: Sequence[str], now: datetime) -> SessionState:
        return SessionState(
            id=self._entropy.identifier(),
            account_id=account_id,
            generation=0,
            rotated_at=now,
            epoch=0,
            methods=list(methods),
            created_at=now,
            verified_at=None,
            verified_by=None,
            idle_until=now + timedelta(seconds=self._policy.idle),
            ends_at=now + timedelta(seconds=self._policy.absolute),
            ended_at=None,
        )

    def tokens_of(self, state: SessionState, *, now: datetime) -> Tokens:
        """The tokens that this state of a session stands for; a verification counts only within its time."""
        verified_until = (
            None if state.verified_at is None else state.verified_at + timedelta(seconds=self._policy.verified)
        )
        verified = verified_until is not None and now < verified_until
        methods = (
            list(dict.fromkeys([*state.methods, _METHODS[state.verified_by or ""]])) if verified else state.methods
        )
        access = self._mint.issue(
            account_id=state.account_id,
            session_id=state.id,
            epoch=state.epoch,
            assurance=Assurance.VERIFIED if verified else Assurance.LOGIN,
            auth_time=(state.verified_at if verified else None) or state.created_at,
            methods=methods,
        )
        lives_until = min(state.idle_until, state.ends_at)
        return Tokens(
            access_token=access,
            expires_in=self._policy.access_lifetime,
            refresh_token=self._refresh_tokens.write(RefreshToken(state.id, state.generation)),
            refresh_expires_in=max(0, int((lives_until - now).total_seconds())),
            acr=str(Assurance.VERIFIED if verified else Assurance.LOGIN),
        )
