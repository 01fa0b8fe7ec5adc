"""The ministry's list comes in: new schools are added, changed ones changed, none is removed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock
from xuexin_api.gateways.institution_file import InstitutionError, ListedInstitution
from xuexin_api.repositories.archive.institutions import InstitutionRepository
from xuexin_api.services.base import Service

_BATCH: Final = 1000


@dataclass(frozen=True, slots=True)
class InstitutionReport:
    """Lines read without error, rows written, lines rejected."""

    read: int
    written: int
    rejected: int


class InstitutionImportService(Service):
    """Run twice, the second run writes nothing."""

    def __init__(self, *, session: AsyncSession, institutions: InstitutionRepository, clock: Clock) -> None:
        super().__init__(session, clock)
        self._institutions = institutions

    async def run(
        self, lines: Iterable[ListedInstitution | InstitutionError], *, rejected: Callable[[InstitutionError], None]
    ) -> InstitutionReport:
        """All good lines in one transaction."""
        now = self._clock.now()
        rows = []
        errors = 0
        for line in lines:
            if isinstance(line, InstitutionError):
                errors += 1
                rejected(line)
            else:
                rows.append(asdict(line) | {"updated_at": now})
        written = 0
        async with self._transaction():
            for start in range(0, len(rows), _BATCH):
                written += await self._institutions.add_or_change(rows[start : start + _BATCH])
        return InstitutionReport(len(rows), written, errors)
