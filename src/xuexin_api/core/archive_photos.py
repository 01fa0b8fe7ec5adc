"""Archive photos (图像信息): JPEG, 480 × 640, 24-bit, 20-60 KB, a plain white or light-blue background."""

from __future__ import annotations

import hashlib
import io
import warnings
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageStat, UnidentifiedImageError

from xuexin_api.core.errors import BrokenRuleError

_JPEG: Final = b"\xff\xd8\xff"
_CORNER: Final = (72, 96)
_DARKEST: Final = 150
_ROUGHEST: Final = 22.0
_WARMEST: Final = 12


@dataclass(frozen=True, slots=True)
class PhotoRules:
    """What a photo must be; sizes in pixels and bytes."""

    width: int = 480
    height: int = 640
    smallest: int = 20 * 1024
    largest: int = 60 * 1024


@dataclass(frozen=True, slots=True)
class ArchivePhoto:
    """A photo that keeps the rules, known by its digest."""

    width: int
    height: int
    byte_size: int
    sha256: bytes


def check_archive_photo(data: bytes, rules: PhotoRules) -> ArchivePhoto:
    """The photo's facts, or BrokenRuleError with the first rule it breaks; never anything else, for any bytes."""
    if not data.startswith(_JPEG):
        raise BrokenRuleError("photo_not_jpeg")
    if not rules.smallest <= len(data) <= rules.largest:
        raise BrokenRuleError(
            "photo_size_wrong",
            kilobytes=round(len(data) / 1024, 1),
            smallest=rules.smallest // 1024,
            largest=rules.largest // 1024,
        )
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            image = Image.open(io.BytesIO(data), formats=["JPEG"])
            # Only the header has been read: a picture of other dimensions is never decoded.
            if image.size != (rules.width, rules.height):
                raise BrokenRuleError(
                    "photo_dimensions_wrong",
                    width=image.width,
                    height=image.height,
                    wanted=f"{rules.width}×{rules.height}",
                )
            if image.mode != "RGB":
                raise BrokenRuleError("photo_not_24_bit")
            image.load()
        except BrokenRuleError:
            raise
        except (
            OSError,
            SyntaxError,
            ValueError,
            EOFError,
            OverflowError,
            UnidentifiedImageError,
            Image.DecompressionBombError,
            Image.DecompressionBombWarning,
        ):
            raise BrokenRuleError("photo_damaged") from None
    _check_background(image)
    return ArchivePhoto(image.width, image.height, len(data), hashlib.sha256(data).digest())


def _check_background(image: Image.Image) -> None:
    """Judged at the two upper corners: light, even, and not warmer than white."""
    width, height = _CORNER
    corners = [(0, 0, width, height), (image.width - width, 0, image.width, height)]
    for corner in corners:
        facts = ImageStat.Stat(image.crop(corner))
        red, green, blue = facts.mean
        light = min(red, green, blue) >= _DARKEST * 0.8 and max(red, green, blue) >= _DARKEST
        cool = blue >= red - _WARMEST and blue >= green - _WARMEST
        if not light or not cool or max(facts.stddev) > _ROUGHEST:
            raise BrokenRuleError("photo_background_wrong")
