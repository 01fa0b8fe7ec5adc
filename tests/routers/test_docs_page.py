"""The documentation page, as a person sees it in a browser that reaches nothing else."""

from __future__ import annotations

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from support.browser import see
from support.client import Client
from xuexin_api.core.messages import Language, message

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
_PATIENCE = 45


async def test_everything_the_page_loads_comes_from_us(client: Client) -> None:
    page = await client.http.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert "http" not in page.text.replace("http-equiv", "")
    assert "'unsafe-inline'" not in page.headers["content-security-policy"].partition("style-src")[0]
    for name in ("swagger-ui-bundle.js", "swagger-ui.css", "favicon-32x32.png", "start.js"):
        asset = await client.http.get(f"/docs/assets/{name}")
        assert asset.status_code == 200
        assert "max-age" in asset.headers["cache-control"]


@pytest.mark.parametrize("name", ["main.py", "..%2fmain.py", "%2e%2e", "swagger-ui.js"])
async def test_no_other_file_is_served(client: Client, name: str) -> None:
    assert (await client.http.get(f"/docs/assets/{name}")).status_code == 404


async def test_the_contract_has_an_entity_tag(client: Client) -> None:
    first = await client.http.get("/openapi.json")
    again = await client.http.get("/openapi.json", headers={"If-None-Match": first.headers["etag"]})
    assert (first.status_code, again.status_code) == (200, 304)


@pytest.fixture
async def address(app: FastAPI) -> AsyncIterator[str]:
    """The application on a real port of this machine."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(app, lifespan="off", log_level="warning", ws="none", timeout_graceful_shutdown=5)
    )
    serving = asyncio.create_task(server.serve([listener]))
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    await serving
    listener.close()


async def _seen(address: str, folder: Path) -> str:
    """The page as a browser without any network has it at last; a machine whose browser does not end skips the test."""
    # The contract is written at the first request for it: the browser need not wait for that.
    async with httpx.AsyncClient() as http:
        assert (await http.get(f"{address.partition('/docs')[0]}/openapi.json")).status_code == 200
    for attempt in ("first", "second"):
        page = await _dumped(address, folder, attempt)
        if page is not None:
            return page
    pytest.skip(f"Chromium did not end within {_PATIENCE} s, twice: the page is not looked at")


async def _dumped(address: str, folder: Path, attempt: str) -> str | None:
    """What the browser prints; None where it had to be killed, with whatever it started."""
    assert CHROMIUM is not None
    command = [
        CHROMIUM,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-dev-shm-usage",
        f"--user-data-dir={folder / attempt}",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        # The page makes what is seen: the window is as tall as all of it.
        "--window-size=1200,20000",
        "--virtual-time-budget=60000",
        "--dump-dom",
        address,
    ]
    page = folder / f"{attempt}.html"
    ended = await asyncio.to_thread(see, command, page, _PATIENCE)
    return page.read_text(encoding="utf-8") if ended else None


_LOOKED_AT = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: the page is not looked at")


@pytest.mark.long
@_LOOKED_AT
async def test_a_browser_without_any_network_shows_every_operation(address: str, tmp_path: Path) -> None:
    page = await _seen(f"{address}/docs", tmp_path)
    for operation in ("register_account", "create_session", "get_enrollment_photo", "get_liveness"):
        assert operation in page, page[:2000]


@pytest.mark.long
@_LOOKED_AT
async def test_an_operation_that_is_opened_shows_its_examples_in_both_languages(address: str, tmp_path: Path) -> None:
    page = await _seen(f"{address}/docs#/registration/register_account", tmp_path)
    languages: tuple[Language, ...] = ("zh-CN", "en")
    for language in languages:
        assert message("phone_registered", language) in page, page[:2000]
    assert "Could not resolve reference" not in page
