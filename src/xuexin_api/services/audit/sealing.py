"""Chaining the lines of the logs, and finding what was changed or taken out since."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.chain import BEGINNING, link
from xuexin_api.core.clock import Clock
from xuexin_api.core.sealing import KeyedHash
from xuexin_api.repositories.audit_trails import TRAILS, AuditTrailRepository, Head, Line
from xuexin_api.services.base import Service

_AT_ONCE: Final = 1000
_LOG = structlog.get_logger("audit")
Fault = Literal["changed", "removed", "end_removed", "head_moved", "other_head"]


@dataclass(frozen=True, slots=True)
class Broken:
    """Where a chain does not hold: the first place at which a line was changed or is missing."""

    fault: Fault
    position: int
    line: UUID | None


@dataclass(frozen=True, slots=True)
class Checked:
    """What a trail was found to be: its head is worth keeping elsewhere, for the next check to expect."""

    trail: str
    lines: int
    waiting: int
    head: str
    broken: Broken | None


def written(trail: str, head: Head) -> str:
    """A head as somebody keeps it elsewhere, for a later check to expect."""
    return f"{trail}:{head.position}:{head.link.hex()}"


class AuditSealer(Service):
    """Writers add lines and never wait for one another; one sealer at a time chains what they committed.

    A line counts as safe once it is chained, which is seconds later. Only ids, words of ours and times are chained:
    erasing what identifies somebody leaves the chain whole.
    """

    def __init__(
        self,
        *,
        session: AsyncSession,
        trails: AuditTrailRepository,
        keyed: KeyedHash,
        every_seconds: float,
        clock: Clock,
    ) -> None:
        super().__init__(session, clock)
        self._trails = trails
        self._keyed = keyed
        self._every = every_seconds

    async def seal(self) -> int:
        """Chain every line that is committed; how many there were."""
        sealed = 0
        for trail in TRAILS:
            taken = _AT_ONCE
            while taken == _AT_ONCE:
                async with self._transaction():
                    taken = await self._seal_some(trail)
                sealed += taken
        return sealed

    async def _seal_some(self, trail: str) -> int:
        head = await self._trails.take_head(trail)
        if head is None:
            return 0
        if await self._trails.goes_on_after(trail, head.position):
            # Somebody moved it. Nothing is chained to a wrong end, and the other trails go on.
            _LOG.error("audit_head_moved", trail=trail, position=head.position)
            return 0
        links: list[tuple[UUID, int, bytes]] = []
        before, position = head.link, head.position
        for line in await self._trails.unchained(trail, _AT_ONCE):
            position += 1
            before = link(self._keyed, before, trail, position, line.values)
            links.append((line.id, position, before))
        if links:
            await self._trails.chain(trail, links)
        return len(links)

    async def check(self, expected: Mapping[str, tuple[int, str]]) -> list[Checked]:
        """Every trail from its beginning to its end, and against the heads (place, link) that somebody kept."""
        found = []
        for trail in TRAILS:
            async with self._transaction():
                # Head and lines of one moment: the service goes on chaining meanwhile.
                await self._session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
                found.append(await self._check(trail, expected.get(trail)))
        return found

    async def _check(self, trail: str, expected: tuple[int, str] | None) -> Checked:
        head, waiting = await self._trails.get_head(trail), await self._trails.count_unchained(trail)
        last, broken = await self._follow(trail, self._trails.chained(trail), expected)
        if broken is None and head.position > last.position:
            broken = Broken("end_removed", last.position + 1, None)
        elif broken is None and last != head:
            broken = Broken("head_moved", head.position, None)
        if broken is None and expected is not None and expected[0] > last.position:
            broken = Broken("other_head", expected[0], None)
        return Checked(trail, last.position, waiting, written(trail, head), broken)

    async def _follow(
        self, trail: str, lines: AsyncIterator[Line], expected: tuple[int, str] | None
    ) -> tuple[Head, Broken | None]:
        """The last line that holds, and the fault behind it if there is one."""
        last = Head(0, BEGINNING)
        async for line in lines:
            position = last.position + 1
            if line.position != position:
                return last, Broken("removed", position, None)
            made = link(self._keyed, last.link, trail, position, line.values)
            if made != line.link:
                return last, Broken("changed", position, line.id)
            if expected is not None and expected[0] == position and expected[1] != made.hex():
                return last, Broken("other_head", position, line.id)
            last = Head(position, made)
        return last, None

    async def run(self) -> None:
        """Until cancelled, every few seconds."""
        while True:
            try:
                await self.seal()
            except Exception:  # noqa: BLE001 - the next round tries again
                _LOG.exception("sealing_failed")
            await asyncio.sleep(self._every)
