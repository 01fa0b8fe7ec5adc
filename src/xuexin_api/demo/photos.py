"""Archive photos that show nobody: a drawn figure before a plain background."""

from __future__ import annotations

import io
import random  # noqa: TID251 - made-up pictures come from a seed
from typing import Final, Literal

from PIL import Image, ImageDraw

_SIZE: Final = (480, 640)
_BACKGROUNDS: Final = {"admission": (196, 222, 246), "graduation": (250, 250, 250)}
_SKIN: Final = ((236, 208, 184), (222, 190, 160), (240, 214, 196))
_WANTED: Final = (22 * 1024, 56 * 1024)


def draw_archive_photo(seed: int, kind: Literal["admission", "graduation"]) -> bytes:
    """A JPEG of 480 × 640 that keeps the photo rules; the same for the same seed and kind."""
    chance = random.Random(f"{seed}-{kind}")  # noqa: S311 - a picture, not a secret
    image = Image.new("RGB", _SIZE, _BACKGROUNDS[kind])
    draw = ImageDraw.Draw(image)
    coat = tuple(chance.randrange(30, 160) for _ in range(3))
    hair = tuple(chance.randrange(10, 70) for _ in range(3))
    draw.rounded_rectangle((70, 430, 410, 720), 120, fill=coat)
    draw.ellipse((150, 110, 330, 330), fill=hair)
    draw.ellipse((160, 140, 320, 360), fill=chance.choice(_SKIN))
    draw.rectangle((210, 340, 270, 450), fill=chance.choice(_SKIN))
    for left in (195, 260):
        draw.ellipse((left, 225, left + 26, 240), fill=(40, 40, 40))
    draw.arc((205, 275, 275, 315), 20, 160, fill=(150, 70, 70), width=5)
    _weave(image, chance)
    for quality in range(95, 20, -5):
        stream = io.BytesIO()
        image.save(stream, "JPEG", quality=quality, subsampling=0)
        if _WANTED[0] <= stream.tell() <= _WANTED[1]:
            return stream.getvalue()
    raise AssertionError("no quality gives a photo of the wanted size")


def _weave(image: Image.Image, chance: random.Random) -> None:
    """Cloth has a texture, and without one the file would be too small for a photo."""
    cloth = Image.frombytes("L", (300, 190), chance.randbytes(300 * 190)).point(lambda value: value // 5)
    patch = image.crop((90, 450, 390, 640))
    lighter = Image.merge("RGB", [cloth] * 3)
    image.paste(Image.blend(patch, lighter, 0.35), (90, 450))
