"""The two sides of the read: the real application, and a bare ASGI function that does the same work.

python -m benchmarks.servers (app|bare) PORT (warm|cold) CORE
"""

from __future__ import annotations

import gc
import sys
from typing import Any
from uuid import UUID

import asyncpg
import uvicorn
from pydantic_core import to_json
from sqlalchemy.engine import make_url
from starlette.types import ASGIApp, Receive, Scope, Send

from benchmarks.ground import peak_mib, pin
from xuexin_api.cli.serving import app_of_worker
from xuexin_api.cli.workbench import configure_logs, make_wiring
from xuexin_api.core.tokens import TokenMint
from xuexin_api.repositories.archive.archive import _ONE
from xuexin_api.settings import Settings


class Forgetting:
    """Every request finds the memory of verified tokens empty."""

    def __init__(self, app: ASGIApp, mint: TokenMint) -> None:
        self._app = app
        self._mint = mint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            self._mint.forget_verified()
        await self._app(scope, receive, send)


async def _nothing_to_reset(_: asyncpg.Connection) -> None:
    """The bare side is spared the usual round trip, too."""


class BareRead:
    """Token, statement, JSON: no routing, no validation, no checks, no headers."""

    def __init__(self, settings: Settings, url: str) -> None:
        self.mint = make_wiring(settings, url).mint
        self._url = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        self._connections = settings.hot_pool
        self._pool: Any = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        token = next(value for name, value in scope["headers"] if name == b"authorization")[7:].decode()
        claims = self.mint.read(token)
        asked = {
            "session_id": claims.session_id,
            "account_id": claims.account_id,
            "enrollment_id": UUID(scope["path"][-36:]),
        }
        row = await self._pool.fetchrow(_ONE.sql, *_ONE.arguments(asked))
        body = to_json(dict(row), bytes_mode="base64", fallback=str)
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        self._pool = await asyncpg.create_pool(
            self._url,
            min_size=1,
            max_size=self._connections,
            reset=_nothing_to_reset,
            server_settings={"statement_timeout": "15000", "jit": "off"},
        )
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._pool.close()
        await send({"type": "lifespan.shutdown.complete"})


def _make_app(kind: str, *, cold: bool) -> ASGIApp:
    if kind == "app":
        real = app_of_worker()
        return Forgetting(real, real.state.wiring.mint) if cold else real
    configure_logs()
    settings = Settings()
    assert settings.database_url is not None, "given by the benchmark"
    bare = BareRead(settings, settings.database_url.get_secret_value())
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 100)
    return Forgetting(bare, bare.mint) if cold else bare


def main(kind: str, port: str, memory: str, core: str) -> None:
    """Serve until interrupted, then tell the peak memory."""
    pin(core)
    uvicorn.run(
        _make_app(kind, cold=memory == "cold"),
        host="127.0.0.1",
        port=int(port),
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_level="warning",
        http="httptools",
        ws="none",
        backlog=2048,
    )
    print(peak_mib(), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
