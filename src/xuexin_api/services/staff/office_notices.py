"""What waits at their desks is told to schools and provinces: gathered, in numbers, once an hour at most."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import CHINA, Clock
from xuexin_api.core.offices import MOST_COUNTED, MOST_NEW, counted
from xuexin_api.core.policies import OfficePolicy
from xuexin_api.core.sealing import EMAIL_CONTEXT, Sealer
from xuexin_api.repositories.staff.office_contacts import ContactRow, OfficeContactRepository
from xuexin_api.repositories.staff.office_work import OfficeWorkRepository
from xuexin_api.services.base import Service
from xuexin_api.services.lookups import Lookups
from xuexin_api.services.messaging.outbox import Postbox, compose

_AT_ONCE: Final = 100
_DAY: Final = 86400
_TOLD: Final = "office_told"
_REMINDED: Final = "office_reminded"
_LOG = structlog.get_logger("office_notices")


class _NothingToTellError(Exception):
    """What was news has left the desk meanwhile: the office's hour does not begin."""


class OfficeNotices(Service):
    """A background step. Several processes may take it at once: each office is told by one of them."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        contacts: OfficeContactRepository,
        work: OfficeWorkRepository,
        postbox: Postbox,
        sealer: Sealer,
        lookups: Lookups,
        policy: OfficePolicy,
        clock: Clock,
    ) -> None:
        super().__init__(session, clock)
        self._contacts = contacts
        self._work = work
        self._postbox = postbox
        self._sealer = sealer
        self._lookups = lookups
        self._policy = policy

    async def run(self) -> None:
        """Every office that has news, and was quiet for long enough, is told."""
        for provinces in (False, True):
            after, more = "", True
            while more:
                now = self._clock.now()
                async with self._read():
                    offices = await self._contacts.list_to_tell(
                        provinces=provinces,
                        told_before=now - timedelta(seconds=self._policy.every),
                        due_before=now + timedelta(seconds=self._policy.near),
                        after=after,
                        most=_AT_ONCE,
                    )
                more = len(offices) == _AT_ONCE
                for contact in offices:
                    after = contact.office
                    await self._tell_or_go_on(contact)

    async def _tell_or_go_on(self, contact: ContactRow) -> None:
        """Each in a transaction of its own: what holds up one office holds up no other."""
        try:
            await self._tell(contact)
        except _NothingToTellError:
            return
        except Exception:  # noqa: BLE001 - the others go on, and the next round tries this one again
            _LOG.exception("office_not_told", office=contact.office)

    async def _tell(self, contact: ContactRow) -> None:
        now, office = self._clock.now(), contact.office
        due_before = now + timedelta(seconds=self._policy.near)
        async with self._transaction():
            sealed = await self._contacts.claim(
                office,
                told_before=now - timedelta(seconds=self._policy.every),
                deadlines_told_until=due_before,
                now=now,
            )
            if sealed is None:
                return
            reminded = await self._work.note_due(
                office, _REMINDED, due_after=contact.deadlines_told_until, due_before=due_before, now=now
            )
            new = await self._work.note_told(office, _TOLD, now=now)
            if not new and not reminded:
                raise _NothingToTellError
            waits = await self._work.get(office, due_before=due_before)
            address = self._sealer.open(sealed, EMAIL_CONTEXT).decode()
            first = "-" if waits.due_first is None else f"{waits.due_first.astimezone(CHINA):%Y-%m-%d %H:%M}"
            words = compose(
                address,
                "mail_office_news",
                new=counted(new, MOST_NEW),
                waiting=counted(waits.waiting, MOST_COUNTED),
                due=counted(waits.due_soon, MOST_COUNTED),
                days=max(1, self._policy.near // _DAY),
                first=first,
                where=f"{self._policy.front_end}/staff",
            )
            await self._postbox.post(
                words, channel="email", purpose="notice", destination_key=self._lookups.email(address), now=now
            )
