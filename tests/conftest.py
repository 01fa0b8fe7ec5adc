"""Fixtures: a real PostgreSQL with real commits, a clock that ticks by hand, an application, a client."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
from fastapi import FastAPI
from hypothesis import settings as examples

from support.client import Client, connected_client
from support.clock import HandClock
from support.database import KeptLoop, LentDatabase, empty, new_database
from support.entropy import KnownEntropy
from support.keys import keys_for_tests
from support.server import database_server, drop_template, worker_database
from xuexin_api.app import create_app
from xuexin_api.assembly import wire
from xuexin_api.dependencies.wiring import Wiring
from xuexin_api.repositories.database import Database
from xuexin_api.settings import Settings

# The same examples at every run: one that fails fails for everybody, and at the first look.
examples.register_profile("suite", derandomize=True, database=None, deadline=None)
examples.load_profile("suite")

_CHEAP: Final[dict[str, Any]] = {
    "argon2_memory_kib": 8,
    "argon2_passes": 1,
    "challenge_cost": 1,
    "hashing_queue": 1000,
    "hashing_wait_seconds": 60,
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long ones first: one that began last would run when there is nothing left for the other core."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


def pytest_collection_finish() -> None:
    """What was imported and collected stays to the end: looking through it for garbage is work for nothing."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 100)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    with database_server() as url:
        yield url


@pytest.fixture(scope="session")
def database_url(server_url: str, testrun_uid: str, worker_id: str) -> Iterator[str]:
    with worker_database(server_url, testrun_uid[:12], worker_id) as url:
        yield url
    if worker_id == "master":
        asyncio.run(drop_template(server_url, testrun_uid[:12]))


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def entropy(clock: HandClock) -> KnownEntropy:
    return KnownEntropy(clock)


@pytest.fixture
def settings(tmp_path: Path, request: pytest.FixtureRequest) -> Settings:
    """The defaults, with cheap hashes and challenges, and patience: their cost is not what tests are about.

    `@pytest.mark.settings(name=value)` changes some for one test.
    """
    marker = request.node.get_closest_marker("settings")
    if marker is None:
        return _usual_settings().model_copy(update={"data_dir": tmp_path})
    return Settings(data_dir=tmp_path, **(_CHEAP | marker.kwargs))


@cache
def _usual_settings() -> Settings:
    """Read once: that takes longer than all else that a test begins with."""
    return Settings(**_CHEAP)


@pytest.fixture(scope="session")
async def kept_loop(anyio_backend: str) -> AsyncIterator[KeptLoop]:
    yield KeptLoop()  # noqa: PT022 - the loop stays open as long as this stands in the middle


@pytest.fixture(autouse=True)
def _nothing_goes_on(request: pytest.FixtureRequest) -> Iterator[None]:
    if "anyio_backend" not in request.fixturenames:
        yield
        return
    loop: KeptLoop = request.getfixturevalue("kept_loop")
    yield
    loop.end_what_goes_on()


@pytest.fixture(scope="session")
async def kept_database(database_url: str) -> AsyncIterator[Database]:
    database = new_database(database_url)
    await database.open()
    yield database
    await database.close()


@pytest.fixture
def database(
    kept_database: Database, kept_loop: KeptLoop, database_url: str, request: pytest.FixtureRequest
) -> Iterator[Database]:
    """The worker's connections; `@pytest.mark.cuts_connections` gives a test its own, and nobody else has any."""
    if request.node.get_closest_marker("cuts_connections") is None:
        yield LentDatabase(kept_database)
    else:
        kept_loop.run(kept_database.close())
        yield new_database(database_url)
        kept_loop.run(kept_database.open())
    kept_loop.end_what_goes_on()
    kept_loop.run(empty(kept_database))


@pytest.fixture
async def parts(settings: Settings, database: Database, clock: HandClock, entropy: KnownEntropy) -> Wiring:
    return wire(settings, keys=keys_for_tests(), database=database, clock=clock, entropy=entropy)


@pytest.fixture
async def app(parts: Wiring) -> AsyncIterator[FastAPI]:
    """The application, started, without its background tasks: a test sends what is due itself."""
    application = create_app(parts, background=False)
    async with application.router.lifespan_context(application):
        yield application


@pytest.fixture
async def client(app: FastAPI, parts: Wiring) -> AsyncIterator[Client]:
    async with connected_client(app, parts) as connected:
        yield connected
