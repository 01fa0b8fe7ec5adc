"""Photos as those see them who send them in: taken, shown again, replaced, taken back.

Hand-held ones (手持证件照) are of one side of a card, and a new one takes the place of the earlier; pictures that prove
something have no side, and stand beside each other.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final, Protocol
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock
from xuexin_api.core.entropy import Entropy
from xuexin_api.core.errors import (
    PhotoLimitReachedError,
    PictureRefusedError,
    RefusalError,
    TooManyOperationsError,
    UploadNotFoundError,
)
from xuexin_api.core.picture_reading import refuse_unread
from xuexin_api.core.pictures import AcceptedPicture
from xuexin_api.core.policies import PhotoPolicy, PicturePolicy
from xuexin_api.core.tokens import Claims
from xuexin_api.gateways.photo_store import PhotoStore
from xuexin_api.gateways.picture_intake import PictureIntake
from xuexin_api.gateways.upload_slots import UploadSlots
from xuexin_api.repositories.accounts.accounts import AccountRow
from xuexin_api.repositories.counters import CounterRepository
from xuexin_api.repositories.sent_photos import PhotoPlace, PhotoRepository, PhotoRow
from xuexin_api.services.base import Service, seconds_until
from xuexin_api.services.callers import Callers
from xuexin_api.services.codes.code_checking import DAY
from xuexin_api.services.photos.photo_erasure import PhotoErasure
from xuexin_api.services.photos.photo_home import PhotoHome

_UPLOADS: Final = "photo_uploads"
_REPEATS: Final = "photo_repeats"


@dataclass(frozen=True, slots=True)
class SentPhoto:
    """One photo as it was sent: which side of the card, where it is of one, and the file."""

    side: str | None
    data: bytes | bytearray
    """As it was gathered: a copy would be in memory a second time."""


@dataclass(frozen=True, slots=True)
class UnreadablyLarge:
    """More than is read: so many bytes at least, and which side, where that stood before them."""

    side: str | None
    size: int


class UnreadPhoto(Protocol):
    """A form on its way."""

    @property
    def most_bytes(self) -> int:
        """How large it may be, by what the sender says or by what the edge lets through."""
        ...

    async def was_begun(self) -> bool:
        """Whether its Idempotency-Key is known: then an answer is there, and only what was sent is to be compared."""
        ...

    async def read(self) -> SentPhoto | UnreadablyLarge:
        """All of it, or as much as it takes to know that it is too large."""
        ...


@dataclass(frozen=True, slots=True)
class _Addressed:
    """Who sends photos, and where to."""

    home_id: UUID
    place: PhotoPlace
    account: AccountRow
    claims: Claims


@dataclass(frozen=True, slots=True)
class PhotoView:
    """What became of a photo that was sent, as its owner sees it. `decision` outlives the bytes."""

    id: UUID
    side: str | None
    state: str
    decision: str | None
    reason: str | None
    sha256: str | None
    byte_size: int
    width: int | None
    height: int | None
    reduced: bool
    rules: list[Any]
    hints: list[Any]
    created_at: datetime
    erased_at: datetime | None


def photo_view(row: PhotoRow) -> PhotoView:
    """As its owner sees it: what was taken back is gone for them at once."""
    gone = row.erased_at or row.removed_at
    return PhotoView(
        id=row.id,
        side=row.side,
        state="erased" if gone else row.state,
        decision=row.state if row.state in {"accepted", "rejected"} else None,
        reason=row.reason,
        sha256=None if row.sha256 is None else row.sha256.hex(),
        byte_size=row.byte_size,
        width=row.width,
        height=row.height,
        reduced=row.reduced,
        rules=row.rules,
        hints=row.hints,
        created_at=row.created_at,
        erased_at=gone,
    )


class SentPhotoService(Service):
    """Who asks, whether they may, and how often: all of it before a byte of the photo is read."""

    def __init__(
        self,
        *,
        session: AsyncSession,
        photos: PhotoRepository,
        home: PhotoHome,
        counters: CounterRepository,
        callers: Callers,
        erasure: PhotoErasure,
        intake: PictureIntake,
        store: PhotoStore,
        slots: UploadSlots,
        policy: PhotoPolicy,
        pictures: PicturePolicy,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        super().__init__(session, clock)
        self._photos = photos
        self._home = home
        self._counters = counters
        self._callers = callers
        self._erasure = erasure
        self._intake = intake
        self._store = store
        self._slots = slots
        self._policy = policy
        self._pictures = pictures
        self._entropy = entropy

    async def take(self, home_id: UUID, claims: Claims, form: UnreadPhoto, *, fit: bool) -> PhotoView:
        """Keep a photo, in place of an earlier one of its side; one that breaks a rule is refused, and the try kept."""
        # An answer that was given is given again, whatever has become of the home and however many were sent since; but
        # what is read for it is counted, too, and by itself: a lost answer may be the one of the last try.
        again = await form.was_begun()
        to = None if again else await self._admit(home_id, claims)
        if again:
            await self._count(_REPEATS, claims)
        async with self._slots.one_for(claims.account_id, form.most_bytes):
            sent = await form.read()
            to = to or await self._admit(home_id, claims)
            try:
                if isinstance(sent, UnreadablyLarge):
                    refuse_unread(sent.size, self._pictures)
                picture = await self._intake.take(sent.data, fit=fit)
            except PictureRefusedError as refused:
                await self._note_refused(to, sent, refused)
                raise
        return await self._keep(to, sent.side, picture)

    async def get(self, home_id: UUID, photo_id: UUID, claims: Claims) -> bytes:
        """One's own photo again, until it is erased."""
        async with self._read():
            account = await self._callers.account_of(claims)
            row = await self._photos.get_shown(photo_id, self._home.place(home_id))
        photo = None
        if row is not None and row.account_id == account.id and row.object_key is not None:
            photo = await self._store.get(row.object_key)
        if photo is None:
            raise UploadNotFoundError
        return photo

    async def remove(self, home_id: UUID, photo_id: UUID, claims: Claims) -> None:
        """Take one's own photo back, while nobody has looked at it."""
        async with self._transaction():
            to = self._addressed(home_id, await self._callers.account_of(claims), claims)
            async with self._sending(to, "photo_removed") as now:
                if not await self._photos.remove(photo_id, to.place, account_id=to.account.id, now=now):
                    raise UploadNotFoundError
        await self._erasure.erase_removed([photo_id])

    async def _admit(self, home_id: UUID, claims: Claims) -> _Addressed:
        """Counted whatever comes of it, then looked at."""
        account = await self._count(_UPLOADS, claims)
        now = self._clock.now()
        to = self._addressed(home_id, account, claims)
        async with self._read():
            await self._home.sender(home_id, account, claims, now=now, lock=False)
            sent = await self._photos.count_sent(to.place, account_id=account.id)
        if sent >= self._policy.per_case:
            raise PhotoLimitReachedError
        return to

    async def _count(self, scope: str, claims: Claims) -> AccountRow:
        """So many a day of an account; whose it is."""
        now = self._clock.now()
        async with self._transaction():
            account = await self._callers.account_of(claims)
            tries = await self._counters.add_one(scope, account.id.bytes, now=now, window_ends_at=now + DAY)
        if tries.count > self._policy.per_account_day:
            raise TooManyOperationsError(retry_after=seconds_until(tries.window_ends_at, now))
        return account

    async def _keep(self, to: _Addressed, side: str | None, picture: AcceptedPicture) -> PhotoView:
        """The row before the bytes, so that no crash leaves bytes that no row knows."""
        photo_id, key = self._entropy.identifier(), self._entropy.token().hex()
        found = {
            "object_key": key,
            "sha256": picture.received_sha256,
            "byte_size": picture.received_bytes,
            "width": picture.width,
            "height": picture.height,
            "reduced": picture.reduced,
            "rules": [asdict(rule) for rule in picture.rules],
            "hints": [asdict(hint) for hint in picture.hints],
        }
        async with self._transaction(), self._sending(to):
            await self._photos.add(self._row(photo_id, to, side, "storing") | found)
        await self._store.put(key, picture.jpeg)
        try:
            async with self._transaction(), self._sending(to, "photo_received") as now:
                replaced = []
                if side is not None:
                    replaced = await self._photos.remove_side(to.place, side, account_id=to.account.id, now=now)
                if not await self._photos.note_received(photo_id):
                    raise UploadNotFoundError
                row = await self._photos.get_shown(photo_id, to.place)
        except RefusalError:
            # Handed in or given up meanwhile: it belongs to nothing.
            async with self._transaction():
                await self._photos.remove(photo_id, to.place, account_id=to.account.id, now=self._clock.now())
            await self._erasure.erase_removed([photo_id])
            raise
        await self._erasure.erase_removed(replaced)
        assert row is not None, "its home is locked by who adds to it"
        return photo_view(row)

    async def _note_refused(
        self, to: _Addressed, sent: SentPhoto | UnreadablyLarge, refused: PictureRefusedError
    ) -> None:
        """It stays to be seen that it arrived, and why it was refused; its bytes do not stay."""
        photo_id = self._entropy.identifier()
        if isinstance(sent, UnreadablyLarge):
            digest, size = None, sent.size
        else:
            digest, size = hashlib.sha256(sent.data).digest(), len(sent.data)
        found = {
            "reason": refused.code,
            "sha256": digest,
            "byte_size": size,
            "reduced": False,
            "rules": [asdict(rule) for rule in refused.rules],
            "hints": [],
        }
        async with self._transaction(), self._sending(to, "photo_refused"):
            await self._photos.add(self._row(photo_id, to, sent.side, "refused") | found)
        refused.params |= {"photo_id": str(photo_id), "received_bytes": size}
        if digest is not None:
            refused.params["received_sha256"] = digest.hex()

    @asynccontextmanager
    async def _sending(self, to: _Addressed, kind: str | None = None) -> AsyncIterator[datetime]:
        """Where the account may send photos at this moment, which stays so meanwhile; noted afterwards as `kind`."""
        now = self._clock.now()
        sender = await self._home.sender(to.home_id, to.account, to.claims, now=now, lock=True)
        yield now
        if kind is not None:
            await self._home.note(to.home_id, kind, sender, now=now)

    def _addressed(self, home_id: UUID, account: AccountRow, claims: Claims) -> _Addressed:
        return _Addressed(home_id, self._home.place(home_id), account, claims)

    def _row(self, photo_id: UUID, to: _Addressed, side: str | None, state: str) -> dict[str, Any]:
        return to.place.columns | {
            "id": photo_id,
            "account_id": to.account.id,
            "side": side,
            "state": state,
            "created_at": self._clock.now(),
        }
