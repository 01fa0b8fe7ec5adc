"""Whether this process can serve: the database answers and is migrated."""

from __future__ import annotations

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock
from xuexin_api.core.errors import NotReadyError
from xuexin_api.repositories.readiness import ReadinessRepository
from xuexin_api.services.base import Service

_LOG = structlog.get_logger("readiness")


class ReadinessService(Service):
    """For load balancers."""

    def __init__(self, *, session: AsyncSession, readiness: ReadinessRepository, clock: Clock) -> None:
        super().__init__(session, clock)
        self._readiness = readiness

    async def check(self) -> None:
        """Returns when a migrated database answered; NotReadyError otherwise."""
        try:
            async with self._read():
                revision = await self._readiness.get_revision()
        except (SQLAlchemyError, OSError, TimeoutError):
            _LOG.warning("database_unreachable")
            raise NotReadyError(retry_after=5) from None
        if revision is None:
            raise NotReadyError(retry_after=5)
