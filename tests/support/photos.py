"""Hand-held photos as files, and the form that sends them."""

from __future__ import annotations

from functools import cache
from typing import Any

import httpx

from support.client import Client
from support.pictures import drawing, encoded, noise


@cache
def photo(quality: int = 75) -> bytes:
    """A small photo; another quality is another file."""
    return encoded(drawing(), quality=quality)


@cache
def large_photo() -> bytes:
    """More than may be sent as it is."""
    return noise(2000, 1500, 95)


async def send(client: Client, path: str, side: str, data: bytes | None = None, **more: Any) -> httpx.Response:
    """One photo of one side to `<path>/photos`, a moment after the last."""
    client.parts.clock.pass_time(seconds=1)  # type: ignore[attr-defined]
    file = photo() if data is None else data
    return await client.request(
        "POST", f"{path}/photos", data={"side": side}, files={"file": ("我的.jpg", file)}, **more
    )


async def send_both(client: Client, path: str) -> list[dict[str, Any]]:
    """Both sides, and the answers."""
    answers = [await send(client, path, side) for side in ("front", "back")]
    assert [answer.status_code for answer in answers] == [201, 201], [answer.text for answer in answers]
    return [answer.json() for answer in answers]
