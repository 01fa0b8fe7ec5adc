"""`xuexin serve`."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
import sys
from functools import partial
from typing import Any

import uvicorn
from fastapi import FastAPI

from xuexin_api.app import create_app
from xuexin_api.cli.demo import print_demo_student
from xuexin_api.cli.http_protocol import BoundedProtocol
from xuexin_api.cli.places import Places, open_places, say
from xuexin_api.cli.workbench import configure_logs, make_wiring, open_parts, quiet_collector
from xuexin_api.routers.staff import imports, record_office
from xuexin_api.settings import Settings, SettingsError, read_settings


def app_of_worker() -> FastAPI:
    """The application of one of several server processes; the first process has started the database."""
    configure_logs()
    settings = read_settings()
    assert settings.database_url is not None, "the first process hands its database on"
    return _make_app(settings, settings.database_url.get_secret_value())


def _make_app(settings: Settings, database_url: str) -> FastAPI:
    parts = make_wiring(settings, database_url)
    app = create_app(parts)
    # It stays as long as the process, so it is there before the collector is told what stays, and nothing else is.
    parts.help_library.matcher()
    gc.collect()
    quiet_collector()
    return app


def _refuse_taken_port(settings: Settings) -> None:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        socket.create_server((settings.host, settings.port), family=family).close()
    except OSError as taken:
        raise SettingsError(
            f"nothing can listen on {settings.host}:{settings.port} ({taken.strerror}): "
            "stop what runs there, or choose another XUEXIN_PORT"
        ) from None


async def _refuse_unfit_database(places: Places) -> None:
    async with open_parts(places):
        pass


def server_options(settings: Settings) -> dict[str, Any]:
    """How uvicorn serves."""
    return {
        "host": settings.host,
        "port": settings.port,
        # Forwarded addresses are the edge middleware's business: uvicorn would believe any local peer.
        "proxy_headers": False,
        "server_header": False,
        "access_log": False,
        # Its lines are ours: see configure_logs.
        "log_config": None,
        "log_level": "error",
        "http": partial(
            BoundedProtocol,
            seconds=settings.request_seconds,
            longer={imports.router.prefix.encode(): settings.import_upload_seconds},
            longer_answers={f"{record_office.router.prefix}/export".encode(): settings.record_export_seconds},
        ),
        "ws": "none",
        "backlog": 2048,
        # A worker that answers nothing for so long is replaced. It answers nothing while it starts, and on a busy
        # machine that takes longer than the server's own five seconds: it would be replaced for ever.
        "timeout_worker_healthcheck": 60,
    }


def serve() -> None:
    """Serve until told to stop."""
    configure_logs()
    # Comes to us again after the last request was answered: a stop that was asked for is no failure.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with open_places() as places:
        settings = places.settings
        _refuse_taken_port(settings)
        asyncio.run(_refuse_unfit_database(places))
        say(f"Serving on {settings.address} - documentation at {settings.address}/docs")
        if not settings.production:
            say("Messages are kept, not sent: read them with `xuexin outbox` (in .venv/bin)")
            print_demo_student()
            say("Play the whole journey against this server: `xuexin journey`")
        common = server_options(settings)
        if settings.workers == 1:
            uvicorn.run(_make_app(settings, places.database_url), **common)
            return
        os.environ["XUEXIN_DATABASE_URL"] = places.database_url
        uvicorn.run(
            "xuexin_api.cli.serving:app_of_worker",
            factory=True,
            workers=settings.workers,
            **common,
        )
