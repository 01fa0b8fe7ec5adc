"""The statement of a login before its password is checked: the account is found and the try is counted, in one trip."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, get_args
from uuid import UUID

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Integer,
    Interval,
    Select,
    and_,
    case,
    exists,
    false,
    func,
    literal,
    literal_column,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import Insert
from sqlalchemy.sql.elements import Grouping

from xuexin_api.core.policies import LoginPolicy
from xuexin_api.models.accounts import Credential, Device
from xuexin_api.models.codes import AttemptCounter
from xuexin_api.repositories.accounts.accounts import ACCOUNT_COLUMNS, AccountRow, Identifier, narrowed
from xuexin_api.repositories.database import Database, HotStatement
from xuexin_api.repositories.login.given import (
    BYTES,
    FAILURES,
    FAILURES_OF_STRANGERS,
    MOMENT,
    NAME_BYTES,
    NOW,
    UUID_TYPE,
    given,
    name_of,
    values_of,
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A login as its counters see it.

    `owner_subject` counts where the device is known to the account of the login name, else `stranger_subject`.
    `open_to_strangers` says whether a stranger may try just now, `challenged` whether a challenge came along.
    """

    kind: Identifier
    key: bytes
    device_account: UUID | None
    device_hash: bytes | None
    owner_subject: bytes
    stranger_subject: bytes
    open_to_strangers: bool
    challenged: bool


@dataclass(frozen=True, slots=True)
class Attempt:
    """A login that may be judged, counted already: the account behind the login name and its password hash, if any."""

    account: AccountRow | None
    password_hash: str | None
    by_owner: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """A login that may not be judged, and was not counted: waiting until then, or for want of a challenge."""

    waits_until: datetime | None


_CHALLENGED: Final = given("challenged", Boolean())
_WAITS: Final = Grouping(given("waits", postgresql.ARRAY(Integer())))
_SECOND: Final = literal_column("interval '1 second'", Interval())


def _waits_until(name: str) -> ColumnElement[Any]:
    """When the wait after the counted failures ends; NULL where there were too few."""
    step = func.least(AttemptCounter.count - given(f"{name}_before_wait", Integer()) + 1, func.cardinality(_WAITS))
    return AttemptCounter.last_at + _WAITS[step] * _SECOND


def _shut(name: str, excused: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether a counter refuses the next try: it waits, or asks for a challenge, from which `excused` are excused."""
    asks = and_(AttemptCounter.count >= given(f"{name}_before_challenge", Integer()), ~excused)
    return and_(AttemptCounter.window_ends_at > NOW, or_(func.coalesce(_waits_until(name) > NOW, false()), asks))


def _counted(scope: ColumnElement[str], values: Select[*tuple[Any, ...]], unless: ColumnElement[bool]) -> Insert:
    """One more for each subject of `values`, but where the counter refuses; a window that ended begins again."""
    ended = AttemptCounter.window_ends_at <= NOW
    ends_at = given("window_ends_at", MOMENT)
    subject = values.subquery("tried").c.subject
    new = postgresql.insert(AttemptCounter).from_select(
        ["scope", "subject", "count", "last_at", "window_ends_at"], select(scope, subject, literal(1), NOW, ends_at)
    )
    return new.on_conflict_do_update(
        index_elements=["scope", "subject"],
        set_={"count": case((ended, 1), else_=AttemptCounter.count + 1), "last_at": NOW, "window_ends_at": ends_at},
        where=~unless,
    )


_OWNER, _STRANGER = (given(name, BYTES) for name in ("owner_subject", "stranger_subject"))


_NAME: Final = name_of(_STRANGER)
# A crash of the whole database server may forget what was counted in its last fraction of a second. Waiting for the
# disk at each try would be a sixth of what a login costs the database.
_UNFLUSHED: Final = func.set_config("synchronous_commit", "off", true()).label("unflushed")


def _attempt_of_owner(kind: Identifier) -> Select[*tuple[Any, ...]]:
    """Find the account by login name and known device, and count the try unless it waits; no row where there is none.

    Its owner is asked for no challenge, and pays for nobody else's failures.
    """
    accounts = select(*ACCOUNT_COLUMNS, Credential.password_hash).outerjoin(Credential)
    # Whose device it is does not say whom the login name stands for: a document number may be two accounts'.
    named = narrowed(accounts, kind, given("key", BYTES)).limit(1).subquery("named")
    of_device = and_(Device.account_id == named.c.id, Device.token_hash == given("device_hash", BYTES))
    found = (
        select(*named.c).join(Device, of_device).where(named.c.id == given("device_account", UUID_TYPE)).cte("found")
    )
    counted = (
        _counted(FAILURES, select(_OWNER.label("subject")).select_from(found), unless=_shut("one", true()))
        .returning(AttemptCounter.count)
        .cte("counted")
    )
    return select(_UNFLUSHED, exists(select(counted.c.count)).label("may_judge"), *found.c)


def _attempt_of_stranger(kind: Identifier) -> Select[*tuple[Any, ...]]:
    """Find the account and count the try, unless it is refused: then nothing is counted, and nothing may be judged.

    First the narrow counter, then the one that all strangers share; so does every statement here, and none waits for
    one that waits for it.
    """
    accounts = select(*ACCOUNT_COLUMNS, Credential.password_hash).outerjoin(Credential)
    found = narrowed(accounts, kind, given("key", BYTES)).limit(1).cte("found")
    strangers_shut = exists(
        select(AttemptCounter.count).where(
            AttemptCounter.scope == FAILURES_OF_STRANGERS,
            AttemptCounter.subject == _NAME,
            _shut("strangers", _CHALLENGED),
        )
    )
    tried = select(_STRANGER.label("subject")).where(given("open_to_strangers", Boolean()), ~strangers_shut)
    counted = _counted(FAILURES, tried, unless=_shut("one", _CHALLENGED)).returning(AttemptCounter.count).cte("counted")
    shared = (
        _counted(
            FAILURES_OF_STRANGERS,
            select(_NAME.label("subject")).select_from(counted),
            unless=_shut("strangers", _CHALLENGED),
        )
        .returning(AttemptCounter.count)
        .cte("shared")
    )
    one = select(exists(select(shared.c.count)).label("may_judge")).subquery("one")
    return select(_UNFLUSHED, one.c.may_judge, *found.c).outerjoin_from(one, found, true())


_OF_OWNER: Final = {kind: HotStatement(_attempt_of_owner(kind)) for kind in get_args(Identifier)}
_OF_STRANGER: Final = {kind: HotStatement(_attempt_of_stranger(kind)) for kind in get_args(Identifier)}
_WAITING: Final = HotStatement(
    select(
        func.max(
            case((AttemptCounter.scope == FAILURES, _waits_until("one")), else_=_waits_until("strangers")),
            type_=MOMENT,
        ).label("waits_until")
    ).where(
        AttemptCounter.window_ends_at > NOW,
        or_(
            and_(AttemptCounter.scope == FAILURES, AttemptCounter.subject == given("subject", BYTES)),
            and_(AttemptCounter.scope == FAILURES_OF_STRANGERS, AttemptCounter.subject == given("name", BYTES)),
        ),
    )
)


def _taking_back() -> Select[int]:
    subject = given("subject", BYTES)
    less = {"count": func.greatest(AttemptCounter.count - 1, 0)}
    one = (
        update(AttemptCounter)
        .where(AttemptCounter.scope == FAILURES, AttemptCounter.subject == subject)
        .values(less)
        .returning(AttemptCounter.subject)
        .cte("one")
    )
    shared = (
        update(AttemptCounter)
        .where(AttemptCounter.scope == FAILURES_OF_STRANGERS, AttemptCounter.subject == name_of(one.c.subject))
        .values(less)
    )
    return select(literal(1)).add_cte(one, shared.cte("shared"))


_TAKE_BACK: Final = HotStatement(_taking_back())


def _of_waits(policy: LoginPolicy) -> dict[str, object]:
    return {
        "waits": list(policy.waits),
        "one_before_wait": policy.of_one.before_wait,
        "strangers_before_wait": policy.of_strangers.before_wait,
    }


class LoginRepository:
    """Counting a login before it is judged."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def count(self, asked: Asked, policy: LoginPolicy, *, now: datetime) -> Attempt | Refused:
        """Find the account and count the try: for its owner where the device is known, else for strangers.

        The unknown login name is counted like a known one. One statement per count: parallel tries all count, and of
        those that arrive together when a wait begins the first is judged and the others wait.
        """
        attempt = None if asked.device_account is None else await self._count_owner(asked, policy, now=now)
        return attempt or await self._count_stranger(asked, policy, now=now)

    async def _count_owner(self, asked: Asked, policy: LoginPolicy, *, now: datetime) -> Attempt | Refused | None:
        """None where the device is not known to the account of the login name."""
        values = values_of(
            key=asked.key,
            device_account=asked.device_account,
            device_hash=asked.device_hash,
            owner_subject=asked.owner_subject,
            window_ends_at=now + timedelta(seconds=policy.remembered),
            one_before_wait=policy.of_one.before_wait,
            waits=list(policy.waits),
            now=now,
        )
        row = await self._database.row(_OF_OWNER[asked.kind], **values)
        if row is None:
            return None
        _, may_judge, *account, stored = row.values()
        if not may_judge:
            return await self._refused(asked.owner_subject, policy, now=now)
        return Attempt(AccountRow(*account), stored, by_owner=True)

    async def _count_stranger(self, asked: Asked, policy: LoginPolicy, *, now: datetime) -> Attempt | Refused:
        values = values_of(
            key=asked.key,
            stranger_subject=asked.stranger_subject,
            open_to_strangers=asked.open_to_strangers,
            challenged=asked.challenged,
            window_ends_at=now + timedelta(seconds=policy.remembered),
            one_before_challenge=policy.of_one.before_challenge,
            strangers_before_challenge=policy.of_strangers.before_challenge,
            **_of_waits(policy),
            now=now,
        )
        row = await self._database.row(_OF_STRANGER[asked.kind], **values)
        assert row is not None, "whoever asks is answered"
        _, may_judge, *account, stored = row.values()
        if not may_judge:
            return await self._refused(asked.stranger_subject, policy, now=now)
        return Attempt(None if account[0] is None else AccountRow(*account), stored, by_owner=False)

    async def _refused(self, subject: bytes, policy: LoginPolicy, *, now: datetime) -> Refused:
        """Read anew: a parallel try may have begun the wait after the statement that was refused."""
        values = values_of(subject=subject, name=subject[:NAME_BYTES], **_of_waits(policy), now=now)
        row = await self._database.row(_WAITING, **values)
        assert row is not None, "a maximum is always there"
        return Refused(row["waits_until"])

    async def take_back(self, subject: bytes) -> None:
        """One less where the try was counted, and where all strangers share it."""
        await self._database.row(_TAKE_BACK, given_subject=subject)
