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
    ColumnElement,
    DateTime,
    LargeBinary,
    Select,
    Text,
    Uuid,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    literal,
    select,
    true,
    union_all,
    update,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import TypeEngine

from xuexin_api.models.accounts import Credential, Device
from xuexin_api.models.accounts import Session as SessionRow
from xuexin_api.models.codes import AttemptCounter
from xuexin_api.models.messages import AuditEvent, OutboxMessage
from xuexin_api.repositories.accounts import ACCOUNT_COLUMNS, AccountRow, Identifier, narrowed
from xuexin_api.repositories.database import Database, HotStatement
from xuexin_api.repositories.sessions import SessionState

_TOLD_A_DAY: Final = 10
"""New devices of an account and day whose logins are told to the owner."""
_FAILURES: Final = literal("login_failures")


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
class Attempt:
    """A counted login: the account behind the login name and its password hash, if there is one."""

    account: AccountRow | None
    password_hash: str | None
    by_owner: bool
    count: int
    window_ends_at: datetime


def _attempting(kind: Identifier) -> Select[*tuple[Any, ...]]:
    key = _given("key", _BYTES)
    ends_at = _given("window_ends_at", _MOMENT)
    accounts = select(*ACCOUNT_COLUMNS, Credential.password_hash).outerjoin(Credential)
    found = narrowed(accounts, kind, key).limit(1).cte("found")
    by_owner = exists(select(found.c.id).where(found.c.id == _given("device_account", _UUID)))
    owner, stranger = (_given(name, _BYTES) for name in ("owner_subject", "stranger_subject"))
    new = postgresql.insert(AttemptCounter).from_select(
        ["scope", "subject", "count", "last_at", "window_ends_at"],
        select(_FAILURES, case((by_owner, owner), else_=stranger), literal(1), _NOW, ends_at),
    )
    ended = AttemptCounter.window_ends_at <= _NOW
    counted = (
        new.on_conflict_do_update(
            index_elements=["scope", "subject"],
            set_={
                "count": case((ended, 1), else_=AttemptCounter.count + 1),
                "window_ends_at": case((ended, ends_at), else_=AttemptCounter.window_ends_at),
                "last_at": _NOW,
            },
        )
        .returning(AttemptCounter.count, AttemptCounter.window_ends_at)
        .cte("counted")
    )
    return select(by_owner, counted.c.count, counted.c.window_ends_at, *found.c).outerjoin_from(counted, found, true())


_ATTEMPT: Final = {kind: HotStatement(_attempting(kind)) for kind in get_args(Identifier)}


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


def _opening() -> Select[bool]:
    account_id, session_id = (_given(name, _UUID) for name in ("account_id", "session_id"))
    touched = (
        update(Device)
        .where(Device.account_id == account_id, Device.token_hash == _given("presented_hash", _BYTES))
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
        .from_select(list(device), select(*device.values()).where(~known))
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
    added = insert(SessionRow).from_select(list(values), select(*values.values())).cte("added")
    event: dict[str, ColumnElement[Any]] = {
        "id": _given("event_id", _UUID),
        "action": _given("action", Text()),
        "account_id": account_id,
        "session_id": session_id,
        "at": _NOW,
    }
    audited = insert(AuditEvent).from_select(list(event), select(*event.values())).cte("audited")
    letter = {column.key: _given(f"notice_{column.key}", column.type) for column in OutboxMessage.__table__.c}
    # Whoever logs in without a device token is a new device each time: the owner is told, and not flooded.
    lately = (
        select(literal(1))
        .where(Device.account_id == account_id, Device.created_at > _NOW - timedelta(days=1))
        .limit(_TOLD_A_DAY)
        .subquery("lately")
    )
    few = select(func.count()).select_from(lately).scalar_subquery() < _TOLD_A_DAY
    told = insert(OutboxMessage).from_select(
        list(letter), select(*letter.values()).where(letter["id"].is_not(None), ~known, few)
    )
    forgotten = delete(AttemptCounter).where(
        AttemptCounter.scope == _FAILURES, AttemptCounter.subject == _given("subject", _BYTES)
    )
    return select(known.label("known")).add_cte(added, audited, told.cte("told"), forgotten.cte("forgotten"))


_OPEN: Final = HotStatement(_opening())


class LoginRepository:
    """Counting a login before it is judged, and opening its session."""

    def __init__(self, database: Database, session: AsyncSession) -> None:
        self._database = database
        self._session = session

    async def count(
        self,
        kind: Identifier,
        key: bytes,
        *,
        device_account: UUID | None,
        owner_subject: bytes,
        stranger_subject: bytes,
        now: datetime,
        window_ends_at: datetime,
    ) -> Attempt:
        """Find the account and count the attempt: for its owner where `device_account` is that account.

        The unknown login name is counted like a known one. One statement per count: parallel attempts all count.
        """
        values = _values(
            key=key,
            device_account=device_account,
            owner_subject=owner_subject,
            stranger_subject=stranger_subject,
            now=now,
            window_ends_at=window_ends_at,
        )
        row = await self._database.row(_ATTEMPT[kind], **values)
        assert row is not None, "an attempt is always counted"
        by_owner, count, ends_at, *account, stored = row.values()
        return Attempt(None if account[0] is None else AccountRow(*account), stored, by_owner, count, ends_at)

    async def open(
        self,
        state: SessionState,
        on: OpenedOn,
        audit: AuditedAs,
        *,
        notice: Mapping[str, Any] | None = None,
        forgets: bytes | None = None,
    ) -> bool:
        """Add a session, its device and its audit line; whether the device was known.

        Part of the session's transaction where one is open, else a transaction of its own.
        `notice` is the outbox row that a new device causes. `forgets` is the subject whose failed logins end with
        this success.
        """
        letter = notice or dict.fromkeys(column.key for column in OutboxMessage.__table__.c)
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
            **{f"notice_{name}": value for name, value in letter.items()},
        )
        if self._session.in_transaction():
            row = await _OPEN.row_in(self._session, **values)
        else:
            row = await self._database.row(_OPEN, **values)
        assert row is not None, "the statement tells whether the device was known"
        return bool(row["known"])
