"""An uploaded picture, from a stranger's bytes to a JPEG of our own, or a refusal that says which rule it breaks.

**What is done to a picture.** EXIF orientation is applied; every other part that draws nothing (EXIF, colour profiles,
XMP, comments, thumbnails) is gone. Grey stays grey; transparency is laid on white; CMYK, palettes and 16 bits become
8-bit RGB. A JPEG keeps its own quantisation tables, so that drawing it anew loses next to nothing; everything else is
written at the best quality.

**How far it is reduced.** Nothing larger than the limit is stored. First the quality goes down, to `lowest_quality`
and no further; then the pixels, until the long side has `long_side`, and no further; what is too large even then is
refused. At 2,400 pixels the text of a card stays readable that takes a quarter of the long side, as a hand-held one
does: 600 pixels for 85.6 mm are 7 a millimetre, so that the digits of a document number (OCR-B, 2.4 mm high, strokes of
0.35 mm, 18 of them in 46 mm) are 17 pixels high, 18 apart, with strokes of 2.4. Two pixels a stroke are what sampling
needs. Pictures of twice that long side or more are halved while they are decoded, for the memory that it saves.
"""

from __future__ import annotations

import hashlib
import io
import math
import warnings
from collections.abc import Callable, Iterator
from typing import Any, Final, NoReturn, TypeAlias

from PIL import Image
from PIL.Image import Transpose
from PIL.JpegImagePlugin import get_sampling

from xuexin_api.core.errors import (
    Option,
    PictureAnimatedError,
    PictureBombError,
    PictureDamagedError,
    PictureDoesNotFitError,
    PictureFarTooLargeError,
    PictureKindUnknownError,
    PictureNotAloneError,
    PictureRefusedError,
    PictureTooLargeError,
    PictureTooManyPixelsError,
    PictureTooSmallError,
    PictureTruncatedError,
)
from xuexin_api.core.picture_files import CutOffError, DamagedFileError, PictureFile, kind_of, read_picture_file, speaks
from xuexin_api.core.pictures import AcceptedPicture, PictureHint, PictureRule, RuleName
from xuexin_api.core.policies import PicturePolicy

FIT_OPTION: Final = Option("fit_picture")
_TURNS: Final = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}
_BAND: Final = 256
_DEEP: Final = ("I", "I;16", "I;16B", "I;16L")
_BYTES_A_PIXEL: Final = 4
"""What the library holds for one pixel of any colour."""
Look: TypeAlias = Callable[[Image.Image, PicturePolicy], tuple[PictureHint, ...]]
Doubt: TypeAlias = Callable[[bytes], bool]
"""Whether a JPEG of several scans was made up where it ended early."""
_LEAST_STEP: Final = 0.95
_LARGEST_TABLE_ENTRY: Final = 255


class _Rules:
    """Those that were looked at."""

    def __init__(self) -> None:
        self.kept: list[PictureRule] = []

    def keep(self, name: RuleName, **params: object) -> None:
        self.kept.append(PictureRule(name, passed=True, code=f"picture_rule_{name}", params=params))

    def refuse(self, refusal: type[PictureRefusedError], *options: Option, **params: object) -> NoReturn:
        broken = PictureRule(refusal.rule, passed=False, code=refusal.code, params=params)
        raise refusal(rules=(*self.kept, broken), params=params, options=options)


def _look_away(_: Image.Image, __: PicturePolicy) -> tuple[PictureHint, ...]:
    return ()


def _doubt_nothing(_: bytes) -> bool:
    return False


def check_size(size: int, *, fit: bool, policy: PicturePolicy) -> None:
    """PictureTooLargeError where so many bytes are not taken: known before any of them is looked at."""
    _check_size(_Rules(), size, fit=fit, policy=policy)


def refuse_unread(size: int, policy: PicturePolicy) -> NoReturn:
    """PictureFarTooLargeError for an upload of which more was announced, or came, than is read."""
    limit = policy.fit_bytes
    _Rules().refuse(PictureFarTooLargeError, size=size, over=size - limit, fit_limit=limit)


def read_picture(
    data: bytes, *, fit: bool, policy: PicturePolicy, look: Look = _look_away, doubt: Doubt = _doubt_nothing
) -> AcceptedPicture:
    """The picture as it is stored, or PictureRefusedError; never anything else, for any bytes. `look` gives hints."""
    rules = _Rules()
    _check_size(rules, len(data), fit=fit, policy=policy)
    facts = _check_parts(rules, data)
    halved = max(facts.width, facts.height) >= 2 * policy.long_side
    _check_pixels(rules, facts, policy, halved=halved)
    if facts.coefficient_bytes and doubt(facts.essentials):
        rules.refuse(PictureDamagedError)
    try:
        image, own = _draw(facts, halved=halved, most_pixels=policy.most_pixels)
    except Exception:  # noqa: BLE001 - a decoder of strangers' bytes raises what it likes; none of it is our fault
        rules.refuse(PictureDamagedError)
    rules.keep("readable")
    if halved or len(data) > policy.largest_bytes:
        # Tables of a larger file make a file that is too large, and those of other pixels are for other pixels.
        own = {}
    found = _write(image, own, policy)
    if found is None:
        limits = {"limit": policy.largest_bytes, "long_side": policy.long_side, "quality": policy.lowest_quality}
        rules.refuse(PictureDoesNotFitError, **limits)
    jpeg, (width, height) = found
    rules.keep("stored", size=len(jpeg), width=width, height=height)
    return AcceptedPicture(
        jpeg=jpeg,
        received_sha256=hashlib.sha256(data).digest(),
        received_bytes=len(data),
        stored_sha256=hashlib.sha256(jpeg).digest(),
        width=width,
        height=height,
        reduced=width * height < facts.width * facts.height,
        rules=tuple(rules.kept),
        hints=look(image, policy),
    )


def _check_size(rules: _Rules, size: int, *, fit: bool, policy: PicturePolicy) -> None:
    limit = policy.fit_bytes if fit else policy.largest_bytes
    if size > limit:
        offered = (FIT_OPTION,) if not fit and size <= policy.fit_bytes else ()
        rules.refuse(
            PictureTooLargeError, *offered, size=size, limit=limit, over=size - limit, fit_limit=policy.fit_bytes
        )
    rules.keep("size", size=size, limit=limit)


def _check_parts(rules: _Rules, data: bytes) -> PictureFile:
    """What can be known without drawing the picture."""
    kind = kind_of(data)
    if kind is None:
        rules.refuse(PictureKindUnknownError)
    rules.keep("kind", kind=kind)
    try:
        facts = read_picture_file(data, kind)
    except CutOffError:
        rules.refuse(PictureTruncatedError)
    except DamagedFileError:
        rules.refuse(PictureDamagedError)
    rules.keep("whole")
    if facts.foreign:
        rules.refuse(PictureNotAloneError, found=facts.foreign)
    rules.keep("alone")
    if facts.pictures > 1:
        rules.refuse(PictureAnimatedError)
    rules.keep("single")
    if facts.unpacks_too_far:
        rules.refuse(PictureBombError)
    rules.keep("unpacking")
    return facts


def _check_pixels(rules: _Rules, facts: PictureFile, policy: PicturePolicy, *, halved: bool) -> None:
    """By what the file says of itself, before any of it is decoded."""
    pixels = facts.width * facts.height
    drawn = pixels // 4 if halved and facts.kind == "JPEG" else pixels
    too_heavy = facts.coefficient_bytes + _BYTES_A_PIXEL * drawn > 2 * _BYTES_A_PIXEL * policy.most_pixels
    dimensions = {"width": facts.width, "height": facts.height}
    if pixels > policy.most_pixels or too_heavy:
        rules.refuse(PictureTooManyPixelsError, **dimensions, most=policy.most_pixels)
    if min(facts.width, facts.height) < policy.smallest_side:
        rules.refuse(PictureTooSmallError, **dimensions, least=policy.smallest_side)
    rules.keep("pixels", **dimensions)


def _draw(facts: PictureFile, *, halved: bool, most_pixels: int) -> tuple[Image.Image, dict[str, Any]]:
    """The picture upright, in RGB or grey, and how the file itself writes it.

    At no time more than two pictures of full size are in memory.
    """
    own: dict[str, Any] = {}
    with warnings.catch_warnings():
        # What the library only warns of is no rule of ours.
        warnings.simplefilter("ignore")
        image: Image.Image = Image.open(io.BytesIO(facts.essentials), formats=[facts.kind])
        if image.width * image.height > most_pixels:
            raise ValueError("the decoder sees a larger picture")
        if halved:
            image.draft(None, (image.width // 2, image.height // 2))
        image.load()
        if facts.kind == "JPEG" and image.mode != "CMYK":
            own = _own_writing(image)
        # Two steps, for who calls holds what is given until it has what is made of it.
        image = _opaque(image)
        image = _plain(image)
    if halved and facts.kind != "JPEG":
        image = image.reduce(2)
    turn = _TURNS.get(facts.orientation)
    return image if turn is None else image.transpose(turn), own


def _own_writing(image: Any) -> dict[str, Any]:
    tables = [image.quantization[number] for number in sorted(image.quantization)]
    if not all(0 < entry <= _LARGEST_TABLE_ENTRY for table in tables for entry in table):
        return {}
    return {"qtables": tables, "subsampling": get_sampling(image)}


def _opaque(image: Image.Image) -> Image.Image:
    """In eight bits, on white."""
    if image.mode in _DEEP:
        return _in_eight_bits(image)
    if image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info:
        image = _in_mode(image, "RGBA")
        for box in _bands(image):
            band = image.crop(box)
            image.paste(Image.alpha_composite(Image.new("RGBA", band.size, "white"), band), box)
    return image


def _plain(image: Image.Image) -> Image.Image:
    """Grey or RGB."""
    return _in_mode(image, "L" if image.mode in {"1", "L"} else "RGB")


def _in_eight_bits(image: Image.Image) -> Image.Image:
    """The library would clip what is above 255."""
    grey = Image.new("L", image.size)
    for box in _bands(image):
        grey.paste(image.crop(box).convert("I").point(lambda value: value * (1 / 256)).convert("L"), box)
    return grey


def _bands(image: Image.Image) -> Iterator[tuple[int, int, int, int]]:
    """Strips of the picture: what is made of one is small."""
    for top in range(0, image.height, _BAND):
        yield 0, top, image.width, min(top + _BAND, image.height)


def _in_mode(image: Image.Image, mode: str) -> Image.Image:
    """The library copies what is in this mode already."""
    return image if image.mode == mode else image.convert(mode)


def _write(image: Image.Image, own: dict[str, Any], policy: PicturePolicy) -> tuple[bytes, tuple[int, int]] | None:
    """(the JPEG, its pixels), not larger than the limit; None where the rule does not allow one so small."""
    size = 0
    for how in _ways(own, policy):
        jpeg = _encode(image, **how)
        size = len(jpeg)
        if size <= policy.largest_bytes and not speaks(jpeg):
            return jpeg, image.size
    long = max(image.size)
    while long > policy.long_side:
        # A file grows with its pixels; aiming a little below the limit mostly meets it at once.
        step = min(_LEAST_STEP, math.sqrt(0.95 * policy.largest_bytes / size))
        wanted = max(policy.long_side, int(long * step))
        scale = wanted / max(image.size)
        smaller = image.resize(
            (max(1, round(image.width * scale)), max(1, round(image.height * scale))), Image.Resampling.LANCZOS
        )
        jpeg = _encode(smaller, quality=policy.lowest_quality)
        if len(jpeg) <= policy.largest_bytes and not speaks(jpeg):
            return jpeg, smaller.size
        long, size = wanted, len(jpeg)
    return None


def _ways(own: dict[str, Any], policy: PicturePolicy) -> Iterator[dict[str, Any]]:
    """How the picture may be written, the best first."""
    if own:
        yield own
    else:
        yield {"quality": policy.best_quality}
    yield {"quality": policy.lowest_quality}


def _encode(image: Image.Image, **how: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "JPEG", **how)
    return stream.getvalue()
