"""An application that a state machine plays with: its own clock, and the loop and database of the tests."""

from __future__ import annotations

import shutil
from collections.abc import Awaitable
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, settings

from support.clock import HandClock
from support.database import KeptLoop, LentDatabase, empty
from support.entropy import KnownEntropy
from support.keys import keys_for_tests
from xuexin_api.app import create_app
from xuexin_api.assembly import wire
from xuexin_api.repositories.database import Database
from xuexin_api.settings import Settings

T = TypeVar("T")
PLENTY = 1_000_000


class Life:
    """The application; codes are cheap, and `limits` are those that a test is not about."""

    def __init__(self, loop: KeptLoop, database: Database, folder: Path, **limits: Any) -> None:
        self.loop = loop
        self.database = database
        self.clock = HandClock()
        cheap: dict[str, Any] = {
            "argon2_memory_kib": 8,
            "argon2_passes": 1,
            "challenge_cost": 1,
            "code_resend_seconds": 1,
            "codes_per_destination_day": PLENTY,
        }
        self.settings = Settings(data_dir=folder, **(cheap | limits))

    def do(self, work: Awaitable[T]) -> T:
        async def wait() -> T:
            return await work

        return self.loop.run(wait())

    async def start(self) -> None:
        entropy = KnownEntropy(self.clock)
        database = LentDatabase(self.database)
        self.parts = wire(self.settings, keys=keys_for_tests(), database=database, clock=self.clock, entropy=entropy)
        self.app = create_app(self.parts, background=False)
        self.lifespan = self.app.router.lifespan_context(self.app)
        await self.lifespan.__aenter__()

    async def stop(self) -> None:
        await self.lifespan.__aexit__(None, None, None)
        shutil.rmtree(self.settings.data_dir / "handheld")
        await empty(self.database)


def machine_settings(*, examples: int, steps: int) -> settings:
    """How long a machine is played with; nothing is remembered between runs."""
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
