"""The statement of a login after its password was right: session, device and audit line, in one trip."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    CTE,
    Boolean,
    ColumnElement,
    Select,
    Text,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    union_all,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.models.accounts import Account, Credential, Device
from xuexin_api.models.accounts import Session as SessionRow
from xuexin_api.models.codes import AttemptCounter
from xuexin_api.models.messages import AuditEvent, OutboxMessage
from xuexin_api.repositories.database import Database, HotStatement
from xuexin_api.repositories.login.given import (
    BYTES,
    FAILURES,
    FAILURES_OF_STRANGERS,
    MOMENT,
    NOW,
    UUID_TYPE,
    given,
    name_of,
    values_of,
)
from xuexin_api.repositories.login.sessions import SessionState

_TOLD_A_DAY: Final = 10
"""New devices of an account and day whose logins are told to the owner."""


@dataclass(frozen=True, slots=True)
class OpenedOn:
    """Where a session opens: the device whose token was presented, if it is one of the account's, else the new one.

    Nowhere if that device was `known` a moment ago, and was forgotten since.
    """

    address: str
    platform: str
    presented_hash: bytes | None
    known: bool
    new_device_id: UUID
    new_device_hash: bytes


@dataclass(frozen=True, slots=True)
class Judged:
    """What a login was judged by, outside of any transaction: its session opens only where all is so still."""

    password_hash: str
    state: str
    second_factors: list[str]
    phone_key: bytes | None


@dataclass(frozen=True, slots=True)
class AuditedAs:
    """The line that the audit gets of it."""

    event_id: UUID
    action: str


_ACCOUNT: Final = given("account_id", UUID_TYPE)
_SUBJECT: Final = given("subject", BYTES)
_JUDGED: Final = given("judged_hash", Text())


def _credential() -> CTE:
    """The password that was judged, where it and what else a login asks still stand, locked until the session is there.

    Whoever changes a password, or closes an account, locks the account, writes, and then ends its sessions: one that
    opens for what was either comes before, and is ended, or waits here and finds it changed.
    """
    as_judged = (
        Account.id == _ACCOUNT,
        Account.state == given("judged_state", Text()),
        Account.second_factors == given("judged_factors", Account.second_factors.type),
        Account.phone_key.is_not_distinct_from(given("judged_phone", BYTES)),
    )
    held = select(Account.id).where(*as_judged).with_for_update(read=True, key_share=True).cte("held")
    return (
        select(Credential.account_id)
        .where(exists(select(held.c.id)), Credential.account_id == _ACCOUNT, Credential.password_hash == _JUDGED)
        .with_for_update(read=True)
        .cte("credential")
    )


def _touched(still_right: ColumnElement[bool]) -> CTE:
    """The device, if it is known."""
    return (
        update(Device)
        .where(Device.account_id == _ACCOUNT, Device.token_hash == given("presented_hash", BYTES), still_right)
        .values(last_seen_at=NOW)
        .returning(Device.id)
        .cte("touched")
    )


def _made(still_right: ColumnElement[bool], known: ColumnElement[bool]) -> CTE:
    """The device, if it is new."""
    values: dict[str, ColumnElement[Any]] = {
        "id": given("device_id", UUID_TYPE),
        "account_id": _ACCOUNT,
        "token_hash": given("device_hash", BYTES),
        "platform": given("platform", Text()),
        "created_at": NOW,
        "last_seen_at": NOW,
    }
    new = select(*values.values()).where(~known, ~given("known", Boolean()), still_right)
    return insert(Device).from_select(list(values), new).returning(Device.id).cte("made")


def _added(device_id: ColumnElement[UUID]) -> CTE:
    """The session, on the device that there is."""
    values: dict[str, ColumnElement[Any]] = {
        "id": given("session_id", UUID_TYPE),
        "account_id": _ACCOUNT,
        "device_id": device_id,
        "generation": literal(0),
        "rotated_at": NOW,
        "epoch": literal(0),
        "methods": given("methods", SessionRow.methods.type),
        "address": given("address", Text()),
        "created_at": NOW,
        "idle_until": given("idle_until", MOMENT),
        "ends_at": given("ends_at", MOMENT),
    }
    return insert(SessionRow).from_select(list(values), select(*values.values())).returning(SessionRow.id).cte("added")


def _audited(opened: ColumnElement[bool]) -> CTE:
    values: dict[str, ColumnElement[Any]] = {
        "id": given("event_id", UUID_TYPE),
        "action": given("action", Text()),
        "account_id": _ACCOUNT,
        "session_id": given("session_id", UUID_TYPE),
        "at": NOW,
    }
    return insert(AuditEvent).from_select(list(values), select(*values.values()).where(opened)).cte("audited")


def _forgotten(opened: ColumnElement[bool]) -> CTE:
    """What was failed under the subject that now succeeded."""
    return (
        delete(AttemptCounter)
        .where(AttemptCounter.scope == FAILURES, AttemptCounter.subject == _SUBJECT, opened)
        .returning(AttemptCounter.count)
        .cte("forgotten")
    )


def _relieved(forgotten: CTE) -> CTE:
    """Of what all strangers failed, only what this one did: the others go on where they were.

    An owner's subject is no stranger's, and finds nothing here.
    """
    return (
        update(AttemptCounter)
        .where(AttemptCounter.scope == FAILURES_OF_STRANGERS, AttemptCounter.subject == name_of(_SUBJECT))
        .values(count=func.greatest(AttemptCounter.count - forgotten.c.count, 0))
        .cte("relieved")
    )


def _told(known: ColumnElement[bool], opened: ColumnElement[bool]) -> CTE:
    """The message to the owner of a new device.

    Whoever logs in without a device token is a new device each time: the owner is told, and not flooded.
    """
    letter = {column.key: given(f"notice_{column.key}", column.type) for column in OutboxMessage.__table__.c}
    lately = (
        select(literal(1))
        .where(Device.account_id == _ACCOUNT, Device.created_at > NOW - timedelta(days=1))
        .limit(_TOLD_A_DAY)
        .subquery("lately")
    )
    few = select(func.count()).select_from(lately).scalar_subquery() < _TOLD_A_DAY
    told = select(*letter.values()).where(~known, few, opened)
    return insert(OutboxMessage).from_select(list(letter), told).cte("told")


def _opening(*, tells: bool) -> Select[*tuple[bool, bool]]:
    """With a message to the owner if the device turns out new, or without: a dozen values less."""
    still_right = or_(_JUDGED.is_(None), exists(select(_credential().c.account_id)))
    touched = _touched(still_right)
    known = exists(select(touched.c.id))
    made = _made(still_right, known)
    added = _added(union_all(select(touched.c.id), select(made.c.id)).subquery("device").c.id)
    opened = exists(select(added.c.id))
    forgotten = _forgotten(opened)
    opening = select(opened.label("opened"), known.label("known"))
    opening = opening.add_cte(added, _audited(opened), forgotten, _relieved(forgotten))
    return opening.add_cte(_told(known, opened)) if tells else opening


def _opening_on_known() -> Select[bool]:
    """On a device that there is, by the password alone: what most logins are, with fewer values and less to look at."""
    touched = _touched(exists(select(_credential().c.account_id)))
    added = _added(touched.c.id)
    opened = exists(select(added.c.id))
    return select(opened.label("opened")).add_cte(added, _audited(opened), _forgotten(opened))


_OPEN: Final = {tells: HotStatement(_opening(tells=tells)) for tells in (False, True)}
_OPEN_ON_KNOWN: Final = HotStatement(_opening_on_known())


class OpeningRepository:
    """Opening a session."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open_on_known(
        self, state: SessionState, audit: AuditedAs, *, address: str, device_hash: bytes, judged: Judged, owner: bytes
    ) -> bool:
        """Add a session on a device of the account, by a password that was judged, and its audit line.

        `owner` is the subject of the device's own failures, which end. False, and nothing done, where the device is not
        known any more or the account is not as it was judged.
        """
        row = await self._database.row(
            _OPEN_ON_KNOWN,
            **values_of(
                **_of_state(state),
                address=address,
                presented_hash=device_hash,
                event_id=audit.event_id,
                action=audit.action,
                subject=owner,
                **_of_judged(judged),
            ),
        )
        assert row is not None, "the statement always tells"
        return bool(row["opened"])

    async def open(
        self,
        state: SessionState,
        on: OpenedOn,
        audit: AuditedAs,
        *,
        judged: Judged | None = None,
        notice: Mapping[str, Any] | None = None,
        forgets: bytes | None = None,
        within: AsyncSession | None = None,
    ) -> bool | None:
        """Add a session, its device and its audit line; whether the device was known.

        None, and nothing added, where the account is not as it was `judged`, or its device is known no longer.
        Part of the transaction of `within`, else one of its own.
        `notice` is the outbox row that a new device causes. `forgets` is the subject whose failed logins end with
        this success.
        """
        statement = _OPEN[notice is not None]
        values = values_of(
            **_of_state(state),
            address=on.address,
            platform=on.platform,
            presented_hash=on.presented_hash,
            known=on.known,
            device_id=on.new_device_id,
            device_hash=on.new_device_hash,
            event_id=audit.event_id,
            action=audit.action,
            subject=forgets,
            **_of_judged(judged),
            **{f"notice_{name}": value for name, value in (notice or {}).items()},
        )
        if within is None:
            row = await self._database.row(statement, **values)
        else:
            row = await statement.row_in(within, **values)
        assert row is not None, "the statement always tells"
        return bool(row["known"]) if row["opened"] else None


def _of_judged(judged: Judged | None) -> dict[str, object]:
    return {
        "judged_hash": None if judged is None else judged.password_hash,
        "judged_state": None if judged is None else judged.state,
        "judged_factors": None if judged is None else judged.second_factors,
        "judged_phone": None if judged is None else judged.phone_key,
    }


def _of_state(state: SessionState) -> dict[str, object]:
    return {
        "now": state.created_at,
        "session_id": state.id,
        "account_id": state.account_id,
        "methods": state.methods,
        "idle_until": state.idle_until,
        "ends_at": state.ends_at,
    }
