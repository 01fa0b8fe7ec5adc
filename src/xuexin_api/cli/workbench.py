"""The parts of the service for one command: opened, used, closed."""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import structlog
from sqlalchemy.exc import ProgrammingError
from structlog.typing import EventDict, Processor

from xuexin_api.assembly import wire
from xuexin_api.cli.migration import is_behind
from xuexin_api.cli.places import Places, connecting, open_places
from xuexin_api.core.clock import SystemClock
from xuexin_api.core.entropy import SystemEntropy
from xuexin_api.dependencies.wiring import Wiring
from xuexin_api.keys import load_keys
from xuexin_api.middleware import failures_of
from xuexin_api.repositories.database import Database
from xuexin_api.repositories.installation import InstallationRepository
from xuexin_api.repositories.readiness import ReadinessRepository
from xuexin_api.services.installation import ForeignKeysError, InstallationService
from xuexin_api.settings import Settings, SettingsError

T = TypeVar("T")


def configure_logs() -> None:
    """JSON lines on standard error; the libraries' and the server's warnings and errors with them."""
    common: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _tell_failures,
    ]
    lines = structlog.processors.JSONRenderer(ensure_ascii=False)
    structlog.configure(
        processors=[*common, lines],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *common],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, lines],
        )
    )
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)


def _tell_failures(_: object, __: str, event: EventDict) -> EventDict:
    """What failed and where in the place of a traceback, whose last line may quote what somebody sent."""
    told = event.pop("exc_info", None)
    error = told[1] if isinstance(told, tuple) else sys.exc_info()[1] if told else None
    return event if error is None else {**event, "failures": failures_of(error)}


def make_wiring(settings: Settings, database_url: str) -> Wiring:
    """The real parts: the machine's clock and chance, the keys of the settings."""
    clock = SystemClock()
    entropy = SystemEntropy(clock)
    database = Database(database_url, write_connections=settings.database_pool, hot_connections=settings.hot_pool)
    return wire(settings, keys=load_keys(settings, entropy), database=database, clock=clock, entropy=entropy)


async def refuse_unfit_database(parts: Wiring) -> None:
    """SettingsError where the database does not answer, is behind this program, or was filled under other keys."""
    session = parts.database.session()
    with connecting():
        await parts.database.ping()
    try:
        async with session.begin():
            revision = await ReadinessRepository(session).get_revision()
    except ProgrammingError:
        revision = None
    if is_behind(revision):
        raise SettingsError("the database is not up to date: run `xuexin migrate`")
    installation = InstallationService(
        session=session,
        installation=InstallationRepository(session),
        lookups=parts.lookups,
        sealer=parts.sealer,
        clock=parts.clock,
    )
    try:
        await installation.check_keys()
    except ForeignKeysError as foreign:
        raise SettingsError(
            f"this database was filled under another {foreign}: under this one nobody in it would be found. "
            f"Bring back the old one (in the demo it was in {parts.settings.data_dir / 'secrets.json'}), "
            "or use another database"
        ) from None


def quiet_collector() -> None:
    """What was made until now stays: the collector need not look at it.

    That keeps a server's slowest answers short, and takes a sixth of what a roster's rows cost.
    """
    gc.freeze()
    gc.set_threshold(50_000, 50, 100)


@asynccontextmanager
async def open_parts(places: Places) -> AsyncIterator[Wiring]:
    """The parts, on a database that they may use."""
    parts = make_wiring(places.settings, places.database_url)
    try:
        await refuse_unfit_database(parts)
        yield parts
    finally:
        parts.pictures.close()
        await parts.database.close()


def with_parts(work: Callable[[Wiring, Places], Coroutine[Any, Any, T]]) -> T:
    """Run one piece of work with the parts open."""
    configure_logs()

    async def run(places: Places) -> T:
        async with open_parts(places) as parts:
            quiet_collector()
            return await work(parts, places)

    with open_places() as places:
        return asyncio.run(run(places))
