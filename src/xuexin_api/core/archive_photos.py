"""Archive photos (图像信息): JPEG, 480 × 640, 24-bit, 20-60 KB, a plain white or light-blue background."""

from __future__ import annotations

import hashlib
import io
import warnings
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from PIL import Image, ImageStat

from xuexin_api.core.errors import BrokenRuleError
from xuexin_api.core.picture_files import read_picture_file

_JPEG: Final = b"\xff\xd8\xff"
_CORNER: Final = (72, 96)
_ROUGHEST: Final = 22.0
# White may be a little grey or warm, as scanners make it; light blue is light in every part, and bluer than red.
_DARKEST_WHITE: Final = 200
_WARMEST: Final = 12
_DARKEST_BLUE: Final = (120, 150, 180)
_LEAST_BLUE: Final = 12


def photo_key(enrollment_id: UUID, kind: str, photo_id: UUID) -> str:
    """Where the photo of a record lies: an object of its own each time that one comes, the same picture too."""
    return f"{enrollment_id}/{kind}/{photo_id}"


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
        # What the library only warns of (odd metadata) is no rule of ours; a bomb is.
        warnings.simplefilter("ignore")
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
            # Without its end, which would let the decoder make up what a cut file lacks.
            image = Image.open(io.BytesIO(_drawing_parts(data)), formats=["JPEG"])
            image.load()
        except BrokenRuleError:
            raise
        except Exception:  # noqa: BLE001 - a decoder of strangers' bytes raises what it likes; none of it is our fault
            raise BrokenRuleError("photo_damaged") from None
    _check_background(image)
    return ArchivePhoto(image.width, image.height, len(data), hashlib.sha256(data).digest())


def _drawing_parts(data: bytes) -> bytes:
    """A photo is kept as its school sent it: so nothing may be in it that is a page, and nothing that takes forever."""
    facts = read_picture_file(data, "JPEG")
    # Bytes that are nothing stand behind the photos of some programs.
    if facts.unpacks_too_far or (facts.foreign and not facts.foreign.startswith("+")):
        raise BrokenRuleError("photo_damaged")
    return facts.essentials


def _check_background(image: Image.Image) -> None:
    """Judged at the two upper corners: light, even, and not warmer than white."""
    width, height = _CORNER
    corners = [(0, 0, width, height), (image.width - width, 0, image.width, height)]
    for corner in corners:
        facts = ImageStat.Stat(image.crop(corner))
        red, green, blue = facts.mean
        cool = blue >= red - _WARMEST and blue >= green - _WARMEST
        white = min(red, green, blue) >= _DARKEST_WHITE
        light_blue = (
            blue >= red + _LEAST_BLUE
            and green >= red - _WARMEST
            and all(part >= darkest for part, darkest in zip((red, green, blue), _DARKEST_BLUE, strict=True))
        )
        if not cool or not (white or light_blue) or max(facts.stddev) > _ROUGHEST:
            raise BrokenRuleError("photo_background_wrong")
