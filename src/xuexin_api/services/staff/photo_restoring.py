"""Which photos a record had when a claim gave it: put back, as what came since may show whoever had it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from xuexin_api.core.policies import RecordPolicy
from xuexin_api.repositories.archive.earlier_photos import EarlierPhotoRepository, KeptPhoto
from xuexin_api.repositories.archive.record_photos import PresentPhoto, RecordPhotoRepository
from xuexin_api.services.staff.record_restoring import Period

_MAY_BE_GOING: Final = timedelta(hours=1)
"""What is kept no longer than this may be erased before the transaction ends that puts it back."""


@dataclass(frozen=True, slots=True)
class StrangePhoto:
    """A photo that came while the record was somebody else's, and what is put in its place."""

    present: PresentPhoto
    before: KeptPhoto | None

    def told(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The digests of both, as the history has them."""
        field = f"{self.present.kind}_photo"
        before = None if self.before is None else self.before.photo.sha256.hex()
        return {field: self.present.sha256.hex()}, {field: before}


class PhotoRestoring:
    """Used inside the transaction that takes a record back, which locks photos before the record."""

    def __init__(self, *, photos: RecordPhotoRepository, earlier: EarlierPhotoRepository, policy: RecordPolicy) -> None:
        self._photos = photos
        self._earlier = earlier
        self._policy = policy

    async def lock(self) -> None:
        """No photo comes to any record until this transaction ends."""
        await self._photos.lock()

    async def strange(self, periods: Sequence[Period], *, now: datetime) -> list[StrangePhoto]:
        """Of the record's own period, which comes first: what came in it, unless a certificate bears it.

        The picture that was there before is none, though the school sent it anew, or a transfer brought it along.
        """
        own = periods[0]
        found = []
        for present in await self._photos.list_uncertified(own.enrollment_id, since=own.since):
            had = await self._had(periods, present.kind)
            if had == present.sha256:
                continue
            before = None
            if had is not None:
                before = await self._earlier.get_kept(
                    own.enrollment_id, present.kind, had, longer_than=now + _MAY_BE_GOING
                )
            found.append(StrangePhoto(present, before))
        return found

    async def put_back(self, photo: StrangePhoto, change_id: UUID, *, now: datetime) -> None:
        """What was there before, or none; what came is kept beside this line, as any that is replaced."""
        present = photo.present
        if photo.before is None:
            await self._photos.delete(present.enrollment_id, present.kind)
        else:
            await self._photos.put_back(photo.before.photo)
            await self._earlier.delete([photo.before.change_id])
        kept_until = now + timedelta(seconds=self._policy.earlier_photo_kept)
        await self._earlier.add(change_id, present, kept_until=kept_until)
        await self._earlier.end_beyond(present.enrollment_id, present.kind, self._policy.earlier_photos, now=now)

    async def _had(self, periods: Sequence[Period], kind: str) -> bytes | None:
        """The digest of what was there before: a record that a transfer made since had what it was made of."""
        for period in periods:
            if period.since is None:
                continue
            digest = await self._photos.get_digest_at(period.enrollment_id, kind, period.since)
            if digest is not None:
                return digest
        return None
