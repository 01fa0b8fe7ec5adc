"""Whom classmates were asked by is known no longer than it is needed: then only the masked number stays."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock
from xuexin_api.core.phones import mask_phone
from xuexin_api.core.policies import PhotoPolicy
from xuexin_api.core.sealing import PHONE_CONTEXT, Sealer
from xuexin_api.repositories.identity.vouchings import VouchingRepository
from xuexin_api.services.base import Service

_AT_ONCE: Final = 100
_LOG = structlog.get_logger("asked_phone_erasure")


class AskedPhoneErasure(Service):
    """A background step, as photos go: kept for the same time, for the undoing of a grant looks at both."""

    def __init__(
        self, *, session: AsyncSession, vouchings: VouchingRepository, sealer: Sealer, policy: PhotoPolicy, clock: Clock
    ) -> None:
        super().__init__(session, clock)
        self._vouchings = vouchings
        self._sealer = sealer
        self._policy = policy

    async def run(self) -> None:
        """No phone is left of what is over; one that cannot be opened holds up no other."""
        last, more = UUID(int=0), True
        while more:
            now = self._clock.now()
            async with self._read():
                due = await self._vouchings.list_to_forget(
                    decided_before=now - timedelta(seconds=self._policy.kept), now=now, after=last, most=_AT_ONCE
                )
            more = len(due) == _AT_ONCE
            for last, sealed in due:
                try:
                    masked = mask_phone(self._sealer.open(sealed, PHONE_CONTEXT).decode())
                    async with self._transaction():
                        await self._vouchings.forget_phone(last, self._sealer.seal(masked.encode(), PHONE_CONTEXT))
                except Exception:  # noqa: BLE001 - the others go on, and the next round tries this one again
                    _LOG.exception("asked_phone_not_erased", vouching_id=str(last))
