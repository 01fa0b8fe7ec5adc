"""What a request costs: statements sent, hashes made, messages written. Two roads that must look alike are compared."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import event

from support.client import Client
from support.tables import count_rows
from xuexin_api.gateways.password_hashing import PasswordHashing
from xuexin_api.repositories.database import Database, HotStatement


@dataclass
class Work:
    """Statements by their verb and tables, hashes, rows in the outbox."""

    statements: Counter[str] = field(default_factory=Counter)
    hashes: int = 0
    messages: int = 0


class _CountedHashing(PasswordHashing):
    """The application's own pool of hashing threads, counted."""

    def __init__(self, inner: PasswordHashing, work: Work) -> None:
        self.__dict__.update(inner.__dict__)
        self._work = work

    async def hash(self, secret: str) -> str:
        self._work.hashes += 1
        return await super().hash(secret)

    async def verify(self, secret: str, stored: str | None) -> bool:
        self._work.hashes += 1
        return await super().verify(secret, stored)


class _CountedDatabase(Database):
    """The application's own database, its hot statements counted."""

    def __init__(self, inner: Database, work: Work) -> None:
        self.__dict__.update(inner.__dict__)
        self._work = work

    async def row(self, statement: HotStatement, **values: Any) -> Mapping[str, Any] | None:
        self._work.statements[_kind(statement.sql)] += 1
        return await super().row(statement, **values)


@asynccontextmanager
async def counted_work(client: Client) -> AsyncIterator[Work]:
    """What the application does meanwhile."""
    work, parts = Work(), client.parts
    before = await count_rows(parts, "outbox")
    client.app.state.wiring = replace(
        parts, hashing=_CountedHashing(parts.hashing, work), database=_CountedDatabase(parts.database, work)
    )
    with _listening(parts.database, work):
        yield work
    client.app.state.wiring = parts
    work.messages = await count_rows(parts, "outbox") - before


class _MeetingHashing(PasswordHashing):
    """The application's own pool of hashing threads, which nobody enters before all have come."""

    def __init__(self, inner: PasswordHashing, callers: int) -> None:
        self.__dict__.update(inner.__dict__)
        self._meeting = asyncio.Barrier(callers)

    async def hash(self, secret: str) -> str:
        async with asyncio.timeout(10):
            await self._meeting.wait()
        return await super().hash(secret)


@contextmanager
def meeting_at_the_hash(client: Client, callers: int) -> Iterator[None]:
    """So many requests stand between what they read and what they write, all at the same time."""
    parts = client.parts
    client.app.state.wiring = replace(parts, hashing=_MeetingHashing(parts.hashing, callers))
    yield
    client.app.state.wiring = parts


@contextmanager
def _listening(database: Database, work: Work) -> Iterator[None]:
    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        work.statements[_kind(statement)] += 1

    engine = database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", note)


def _kind(statement: str) -> str:
    """Enough of a statement to know it again, without its columns."""
    words = statement.split()
    tables = [words[index + 1] for index, word in enumerate(words[:-1]) if word in {"FROM", "INTO", "UPDATE", "JOIN"}]
    return " ".join([words[0], *tables])
