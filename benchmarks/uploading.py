"""Phone photos, the people who send them, and the requests that they send."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from PIL import Image

from benchmarks.ground import connect
from xuexin_api.cli.workbench import make_wiring
from xuexin_api.core.tokens import Assurance
from xuexin_api.settings import Settings

CLIENTS: Final = 50
_PHOTOS: Final = 8
_PIXELS: Final = (4000, 3000)
_BYTES: Final = (850_000, 950_000)
_ON_ITS_SIDE: Final = 6
_BOUNDARY: Final = "of-a-benchmark"


def make_photos(folder: Path) -> list[Path]:
    """JPEGs of 12 million pixels and 0.9 MB, each second one held upright, as phones write them; made once and kept."""
    folder.mkdir(exist_ok=True)
    photos = [folder / f"photo{number}.jpg" for number in range(_PHOTOS)]
    for number, photo in enumerate(photos):
        if not photo.exists():
            photo.write_bytes(_photo(on_its_side=number % 2 == 1))
    return photos


def _photo(*, on_its_side: bool) -> bytes:
    """Light and shade, small things, and the grain of a sensor, at the quality that has the wanted size."""
    width, height = _PIXELS
    shades = Image.effect_noise((width // 400, height // 400), 90).resize(_PIXELS, Image.Resampling.BICUBIC)
    things = Image.effect_noise((width // 12, height // 12), 90).resize(_PIXELS, Image.Resampling.BICUBIC)
    grain = Image.effect_noise(_PIXELS, 30)
    parts = [Image.blend(Image.blend(shades, things, share), grain, 0.08) for share in (0.25, 0.3, 0.35)]
    image = Image.merge("RGB", parts)
    exif = Image.Exif()
    exif[0x0112] = _ON_ITS_SIDE if on_its_side else 1
    low, high = 1, 95
    while low <= high:
        quality = (low + high) // 2
        stream = io.BytesIO()
        image.save(stream, "JPEG", quality=quality, exif=exif)
        if stream.tell() > _BYTES[1]:
            high = quality - 1
        elif stream.tell() < _BYTES[0]:
            low = quality + 1
        else:
            break
    return stream.getvalue()


async def write_uploads(url: str, folder: Path, photos: list[Path]) -> None:
    """One request for each client, with a case of its own that waits for photos, as `<number>.http` in `folder`."""
    connection = await connect(url)
    parts = make_wiring(Settings(), url)
    now = datetime.now(UTC)  # noqa: TID251 - the benchmark's own clock
    await connection.execute("TRUNCATE uploads, case_events, identity_cases, attempt_counters CASCADE")
    rows = await connection.fetch(
        "SELECT s.id AS session_id, a.id AS account_id, a.document_key FROM sessions s "
        "JOIN accounts a ON a.id = s.account_id WHERE s.verified_at IS NOT NULL ORDER BY s.id LIMIT $1",
        CLIENTS,
    )
    for number, row in enumerate(rows):
        case_id = parts.entropy.identifier()
        await connection.execute(
            "INSERT INTO identity_cases (id, account_id, document_key, state, reviewers, approvals, round, opened_at, "
            "expires_at) VALUES ($1, $2, $3, 'draft', 0, 0, 1, $4, $5)",
            case_id,
            row["account_id"],
            row["document_key"],
            now,
            now + timedelta(days=1),
        )
        token = parts.mint.issue(
            account_id=row["account_id"],
            session_id=row["session_id"],
            epoch=0,
            assurance=Assurance.LOGIN,
            auth_time=now,
            methods=["pwd"],
        )
        body = _form(photos[number % len(photos)].read_bytes())
        head = (
            f"POST /v1/identity-cases/{case_id}/photos HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {token}\r\n"
            f"content-type: multipart/form-data; boundary={_BOUNDARY}\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        (folder / f"{number:02}.http").write_bytes(head.encode() + body)
    await connection.close()
    await parts.database.close()


def _form(photo: bytes) -> bytes:
    side = f'--{_BOUNDARY}\r\ncontent-disposition: form-data; name="side"\r\n\r\nfront\r\n'
    file = f'--{_BOUNDARY}\r\ncontent-disposition: form-data; name="file"; filename="photo.jpg"\r\n\r\n'
    return f"{side}{file}".encode() + photo + f"\r\n--{_BOUNDARY}--\r\n".encode()
