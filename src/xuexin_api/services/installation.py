"""Whether database and keys belong together: under other keys nobody would be found, and everybody would come twice."""

from __future__ import annotations

from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock
from xuexin_api.core.sealing import SealBrokenError, Sealer
from xuexin_api.repositories.installation import InstallationRepository
from xuexin_api.services.base import Service
from xuexin_api.services.lookups import Lookups

_WORD: Final = b"xuexin"
_CONTEXT: Final = b"installation"


class ForeignKeysError(Exception):
    """The database was filled under other keys; the message names the setting."""


class InstallationService(Service):
    """For each start, before anything is written."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        installation: InstallationRepository,
        lookups: Lookups,
        sealer: Sealer,
        clock: Clock,
    ) -> None:
        super().__init__(session, clock)
        self._installation = installation
        self._lookups = lookups
        self._sealer = sealer

    async def check_keys(self) -> None:
        """The first start marks the database with its keys; ForeignKeysError where later ones bring others."""
        mark = self._lookups.secret("installation", _WORD.decode())
        async with self._transaction():
            kept = await self._installation.get()
            if kept is None:
                await self._installation.add(mark, self._sealer.seal(_WORD, _CONTEXT))
                kept = await self._installation.get()
        assert kept is not None
        if kept[0] != mark:
            raise ForeignKeysError("XUEXIN_LOOKUP_KEY")
        try:
            self._sealer.open(kept[1], _CONTEXT)
        except SealBrokenError:
            raise ForeignKeysError("XUEXIN_SEALING_KEYS") from None
