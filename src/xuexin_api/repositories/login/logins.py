"""The two statements of a login, one before the password is checked and one after it.

Each does in one round trip what would take several: a login is to cost little more than its hash.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, get_args
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    Boolean,
    ColumnElement,
    DateTime,
    Integer,
    Interval,
    LargeBinary,
    Select,
    Text,
    Uuid,
    and_,
    bindparam,
    case,
    delete,
    exists,
    false,
    func,
    insert,
    literal,
    literal_column,
    or_,
    select,
    true,
    union_all,
    update,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import Insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import Grouping
from sqlalchemy.types import TypeEngine

from xuexin_api.core.policies import LoginPolicy
from xuexin_api.models.accounts import Account, Credential, Device
from xuexin_api.models.accounts import Session as SessionRow
from xuexin_api.models.codes import AttemptCounter
from xuexin_api.models.messages import AuditEvent, OutboxMessage
from xuexin_api.repositories.accounts.accounts import ACCOUNT_COLUMNS, AccountRow, Identifier, narrowed
from xuexin_api.repositories.database import Database, HotStatement
from xuexin_api.repositories.login.sessions import SessionState

_TOLD_A_DAY: Final = 10
"""New devices of an account and day whose logins are told to the owner."""
_FAILURES: Final = literal("login_failures")
"""Of one login name from one network, or from one device of its owner."""
_STRANGERS: Final = literal("login_failures_of_strangers")
"""Of one login name from everywhere but its owner's devices."""
_NAME_BYTES: Final = 16
"""A stranger's subject begins with that of the login name, which all strangers share."""


def _given(name: str, type_: TypeEngine[Any]) -> BindParameter[Any]:
    """A value of the statement. A parameter with a column's name would be taken for a value of that column."""
    return bindparam(f"given_{name}", type_=type_)


def _values(**values: object) -> dict[str, object]:
    return {f"given_{name}": value for name, value in values.items()}


_UUID: Final = Uuid()
_BYTES: Final = LargeBinary()
_MOMENT: Final = DateTime(timezone=True)
_NOW: Final = _given("now", _MOMENT)


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


_CHALLENGED: Final = _given("challenged", Boolean())
_WAITS: Final = Grouping(_given("waits", postgresql.ARRAY(Integer())))
_SECOND: Final = literal_column("interval '1 second'", Interval())


def _waits_until(name: str) -> ColumnElement[Any]:
    """When the wait after the counted failures ends; NULL where there were too few."""
    step = func.least(AttemptCounter.count - _given(f"{name}_before_wait", Integer()) + 1, func.cardinality(_WAITS))
    return AttemptCounter.last_at + _WAITS[step] * _SECOND


def _shut(name: str, excused: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether a counter refuses the next try: it waits, or asks for a challenge, from which `excused` are excused."""
    asks = and_(AttemptCounter.count >= _given(f"{name}_before_challenge", Integer()), ~excused)
    return and_(AttemptCounter.window_ends_at > _NOW, or_(func.coalesce(_waits_until(name) > _NOW, false()), asks))


def _counted(scope: ColumnElement[str], values: Select[*tuple[Any, ...]], unless: ColumnElement[bool]) -> Insert:
    """One more for each subject of `values`, but where the counter refuses; a window that ended begins again."""
    ended = AttemptCounter.window_ends_at <= _NOW
    ends_at = _given("window_ends_at", _MOMENT)
    subject = values.subquery("tried").c.subject
    new = postgresql.insert(AttemptCounter).from_select(
        ["scope", "subject", "count", "last_at", "window_ends_at"], select(scope, subject, literal(1), _NOW, ends_at)
    )
    return new.on_conflict_do_update(
        index_elements=["scope", "subject"],
        set_={"count": case((ended, 1), else_=AttemptCounter.count + 1), "last_at": _NOW, "window_ends_at": ends_at},
        where=~unless,
    )


_OWNER, _STRANGER = (_given(name, _BYTES) for name in ("owner_subject", "stranger_subject"))


def _name_of(subject: ColumnElement[bytes]) -> ColumnElement[bytes]:
    return func.substring(subject, 1, _NAME_BYTES, type_=_BYTES)


_NAME: Final = _name_of(_STRANGER)
# A crash of the whole database server may forget what was counted in its last fraction of a second. Waiting for the
# disk at each try would cost the login a sixth of all that it costs beside its hash.
_UNFLUSHED: Final = func.set_config("synchronous_commit", "off", true()).label("unflushed")


def _attempting(kind: Identifier) -> Select[*tuple[Any, ...]]:
    """Find the account and count the try, unless it is refused: then nothing is counted, and nothing may be judged.

    First the narrow counter, then the one that all strangers share; so does every statement here, and none waits for
    one that waits for it.
    """
    key = _given("key", _BYTES)
    accounts = select(*ACCOUNT_COLUMNS, Credential.password_hash).outerjoin(Credential)
    found = narrowed(accounts, kind, key).limit(1).cte("found")
    by_owner = exists(
        select(Device.id).where(
            found.c.id == _given("device_account", _UUID),
            Device.account_id == found.c.id,
            Device.token_hash == _given("device_hash", _BYTES),
        )
    )
    strangers_shut = exists(
        select(AttemptCounter.count).where(
            AttemptCounter.scope == _STRANGERS, AttemptCounter.subject == _NAME, _shut("strangers", _CHALLENGED)
        )
    )
    open_to_strangers = and_(_given("open_to_strangers", Boolean()), ~strangers_shut)
    tried = select(case((by_owner, _OWNER), else_=_STRANGER).label("subject")).where(or_(by_owner, open_to_strangers))
    counted = (
        _counted(_FAILURES, tried, unless=_shut("one", or_(_CHALLENGED, by_owner)))
        .returning(AttemptCounter.count)
        .cte("counted")
    )
    shared = (
        _counted(
            _STRANGERS,
            select(_NAME.label("subject")).select_from(counted).where(~by_owner),
            unless=_shut("strangers", _CHALLENGED),
        )
        .returning(AttemptCounter.count)
        .cte("shared")
    )
    may_judge = and_(exists(select(counted.c.count)), or_(by_owner, exists(select(shared.c.count))))
    one = select(by_owner.label("by_owner"), may_judge.label("may_judge")).subquery("one")
    return select(_UNFLUSHED, one.c.by_owner, one.c.may_judge, *found.c).outerjoin_from(one, found, true())


_ATTEMPT: Final = {kind: HotStatement(_attempting(kind)) for kind in get_args(Identifier)}
_WAITING: Final = HotStatement(
    select(
        func.max(
            case((AttemptCounter.scope == _FAILURES, _waits_until("one")), else_=_waits_until("strangers")),
            type_=_MOMENT,
        ).label("waits_until")
    ).where(
        AttemptCounter.window_ends_at > _NOW,
        or_(
            and_(AttemptCounter.scope == _FAILURES, AttemptCounter.subject == _given("subject", _BYTES)),
            and_(AttemptCounter.scope == _STRANGERS, AttemptCounter.subject == _given("name", _BYTES)),
        ),
    )
)


@dataclass(frozen=True, slots=True)
class OpenedOn:
    """Where a session opens: the device whose token was presented, if it is one of the account's, else the new one."""

    address: str
    platform: str
    presented_hash: bytes | None
    new_device_id: UUID
    new_device_hash: bytes


@dataclass(frozen=True, slots=True)
class AuditedAs:
    """The line that the audit gets of it."""

    event_id: UUID
    action: str


def _opening(*, tells: bool) -> Select[*tuple[bool, bool]]:
    """With a message to the owner if the device turns out new, or without: a dozen values less."""
    account_id, session_id = (_given(name, _UUID) for name in ("account_id", "session_id"))
    # Whoever changes a password locks the account, writes, and then ends its sessions: one that opens for the old
    # password either comes before, and is ended, or waits here and finds another hash.
    judged = _given("judged_hash", Text())
    held = select(Account.id).where(Account.id == account_id).with_for_update(read=True, key_share=True).cte("held")
    credential = (
        select(Credential.account_id)
        .where(exists(select(held.c.id)), Credential.account_id == account_id, Credential.password_hash == judged)
        .with_for_update(read=True)
        .cte("credential")
    )
    still_right = or_(judged.is_(None), exists(select(credential.c.account_id)))
    touched = (
        update(Device)
        .where(Device.account_id == account_id, Device.token_hash == _given("presented_hash", _BYTES), still_right)
        .values(last_seen_at=_NOW)
        .returning(Device.id)
        .cte("touched")
    )
    device: dict[str, ColumnElement[Any]] = {
        "id": _given("device_id", _UUID),
        "account_id": account_id,
        "token_hash": _given("device_hash", _BYTES),
        "platform": _given("platform", Text()),
        "created_at": _NOW,
        "last_seen_at": _NOW,
    }
    known = exists(select(touched.c.id))
    made = (
        insert(Device)
        .from_select(list(device), select(*device.values()).where(~known, still_right))
        .returning(Device.id)
        .cte("made")
    )
    on = union_all(select(touched.c.id), select(made.c.id)).subquery("device")
    values: dict[str, ColumnElement[Any]] = {
        "id": session_id,
        "account_id": account_id,
        "device_id": on.c.id,
        "generation": literal(0),
        "rotated_at": _NOW,
        "epoch": literal(0),
        "methods": _given("methods", SessionRow.methods.type),
        "address": _given("address", Text()),
        "created_at": _NOW,
        "idle_until": _given("idle_until", _MOMENT),
        "ends_at": _given("ends_at", _MOMENT),
    }
    added = insert(SessionRow).from_select(list(values), select(*values.values())).returning(SessionRow.id).cte("added")
    opened = exists(select(added.c.id))
    event: dict[str, ColumnElement[Any]] = {
        "id": _given("event_id", _UUID),
        "action": _given("action", Text()),
        "account_id": account_id,
        "session_id": session_id,
        "at": _NOW,
    }
    audited = insert(AuditEvent).from_select(list(event), select(*event.values()).where(opened)).cte("audited")
    subject = _given("subject", _BYTES)
    forgotten = (
        delete(AttemptCounter)
        .where(AttemptCounter.scope == _FAILURES, AttemptCounter.subject == subject, opened)
        .returning(AttemptCounter.count)
        .cte("forgotten")
    )
    # Of what all strangers failed, only what this one did: the others go on where they were. An owner's subject is no
    # stranger's, and finds nothing here.
    relieved = (
        update(AttemptCounter)
        .where(
            AttemptCounter.scope == _STRANGERS,
            AttemptCounter.subject == _name_of(subject),
        )
        .values(count=func.greatest(AttemptCounter.count - forgotten.c.count, 0))
    )
    opening = select(opened.label("opened"), known.label("known")).add_cte(
        added, audited, forgotten, relieved.cte("relieved")
    )
    if not tells:
        return opening
    letter = {column.key: _given(f"notice_{column.key}", column.type) for column in OutboxMessage.__table__.c}
    # Whoever logs in without a device token is a new device each time: the owner is told, and not flooded.
    lately = (
        select(literal(1))
        .where(Device.account_id == account_id, Device.created_at > _NOW - timedelta(days=1))
        .limit(_TOLD_A_DAY)
        .subquery("lately")
    )
    few = select(func.count()).select_from(lately).scalar_subquery() < _TOLD_A_DAY
    told = insert(OutboxMessage).from_select(list(letter), select(*letter.values()).where(~known, few, opened))
    return opening.add_cte(told.cte("told"))


def _taking_back() -> Select[int]:
    subject = _given("subject", _BYTES)
    less = {"count": func.greatest(AttemptCounter.count - 1, 0)}
    one = (
        update(AttemptCounter)
        .where(AttemptCounter.scope == _FAILURES, AttemptCounter.subject == subject)
        .values(less)
        .returning(AttemptCounter.subject)
        .cte("one")
    )
    shared = (
        update(AttemptCounter)
        .where(AttemptCounter.scope == _STRANGERS, AttemptCounter.subject == _name_of(one.c.subject))
        .values(less)
    )
    return select(literal(1)).add_cte(one, shared.cte("shared"))


_TAKE_BACK: Final = HotStatement(_taking_back())
_OPEN: Final = {tells: HotStatement(_opening(tells=tells)) for tells in (False, True)}


def _of_waits(policy: LoginPolicy) -> dict[str, object]:
    return {
        "waits": list(policy.waits),
        "one_before_wait": policy.of_one.before_wait,
        "strangers_before_wait": policy.of_strangers.before_wait,
    }


class LoginRepository:
    """Counting a login before it is judged, and opening its session."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def count(self, asked: Asked, policy: LoginPolicy, *, now: datetime) -> Attempt | Refused:
        """Find the account and count the try: for its owner where the device is known, else for strangers.

        The unknown login name is counted like a known one. One statement per count: parallel tries all count, and of
        those that arrive together when a wait begins the first is judged and the others wait.
        """
        values = _values(
            key=asked.key,
            device_account=asked.device_account,
            device_hash=asked.device_hash,
            owner_subject=asked.owner_subject,
            stranger_subject=asked.stranger_subject,
            open_to_strangers=asked.open_to_strangers,
            challenged=asked.challenged,
            window_ends_at=now + timedelta(seconds=policy.remembered),
            one_before_challenge=policy.of_one.before_challenge,
            strangers_before_challenge=policy.of_strangers.before_challenge,
            **_of_waits(policy),
            now=now,
        )
        row = await self._database.row(_ATTEMPT[asked.kind], **values)
        assert row is not None, "whoever asks is answered"
        _, by_owner, may_judge, *account, stored = row.values()
        if not may_judge:
            return await self._refused(asked, policy, by_owner=by_owner, now=now)
        return Attempt(None if account[0] is None else AccountRow(*account), stored, by_owner)

    async def _refused(self, asked: Asked, policy: LoginPolicy, *, by_owner: bool, now: datetime) -> Refused:
        """Read anew: a parallel try may have begun the wait after the statement that was refused."""
        subject = asked.owner_subject if by_owner else asked.stranger_subject
        values = _values(subject=subject, name=subject[:_NAME_BYTES], **_of_waits(policy), now=now)
        row = await self._database.row(_WAITING, **values)
        assert row is not None, "a maximum is always there"
        return Refused(row["waits_until"])

    async def take_back(self, subject: bytes) -> None:
        """One less where the try was counted, and where all strangers share it."""
        await self._database.row(_TAKE_BACK, given_subject=subject)

    async def open(
        self,
        state: SessionState,
        on: OpenedOn,
        audit: AuditedAs,
        *,
        judged_hash: str | None = None,
        notice: Mapping[str, Any] | None = None,
        forgets: bytes | None = None,
        within: AsyncSession | None = None,
    ) -> bool | None:
        """Add a session, its device and its audit line; whether the device was known.

        None, and nothing added, where `judged_hash` was given and is the account's password no longer.
        Part of the transaction of `within`, else one of its own.
        `notice` is the outbox row that a new device causes. `forgets` is the subject whose failed logins end with
        this success.
        """
        statement = _OPEN[notice is not None]
        values = _values(
            now=state.created_at,
            session_id=state.id,
            account_id=state.account_id,
            methods=state.methods,
            idle_until=state.idle_until,
            ends_at=state.ends_at,
            address=on.address,
            platform=on.platform,
            presented_hash=on.presented_hash,
            device_id=on.new_device_id,
            device_hash=on.new_device_hash,
            event_id=audit.event_id,
            action=audit.action,
            subject=forgets,
            judged_hash=judged_hash,
            **{f"notice_{name}": value for name, value in (notice or {}).items()},
        )
        if within is None:
            row = await self._database.row(statement, **values)
        else:
            row = await statement.row_in(within, **values)
        assert row is not None, "the statement always tells"
        return bool(row["known"]) if row["opened"] else None
