"""Files as strangers send them for pictures: each is refused for its own reason, or taken."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable

from PIL import Image

from support.pictures import (
    SECRET,
    animated,
    archive,
    chunk,
    claiming,
    deep,
    drawing,
    encoded,
    exif,
    scan_cut,
    text_of,
    with_chunk,
    with_comment,
    with_segment,
)

JPEG, PNG, GIF = (encoded(drawing(), form) for form in ("JPEG", "PNG", "GIF"))


def _many_scans() -> bytes:
    jpeg = encoded(drawing(), progressive=True)
    last = jpeg.rindex(b"\xff\xda")
    return jpeg[:last] + jpeg[last:-2] * 100 + b"\xff\xd9"


def _first_scans() -> bytes:
    jpeg = encoded(drawing(), progressive=True)
    return jpeg[: jpeg.rindex(b"\xff\xda")] + b"\xff\xd9"


def _scan_cut(number: int) -> bytes:
    return scan_cut(encoded(drawing(), progressive=True), number)


def _packed(name: bytes, head: bytes) -> bytes:
    return with_chunk(PNG, name, head + zlib.compress(bytes(200_000_000), 1))


REFUSED: dict[str, tuple[str, Callable[[], bytes]]] = {
    "nothing": ("picture_kind_unknown", lambda: b""),
    "text": ("picture_kind_unknown", lambda: b"GIF is what this is about"),
    "bmp": ("picture_kind_unknown", lambda: encoded(drawing(), "BMP")),
    "tiff": ("picture_kind_unknown", lambda: encoded(drawing(), "TIFF")),
    "webp": ("picture_kind_unknown", lambda: encoded(drawing(), "WEBP")),
    "avif": ("picture_kind_unknown", lambda: b"\x00\x00\x00\x1cftypavif" + bytes(100)),
    "svg": ("picture_kind_unknown", lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
    "pdf": ("picture_kind_unknown", lambda: b"%PDF-1.7\n" + JPEG),
    "zip before the picture": ("picture_kind_unknown", lambda: archive() + JPEG),
    "elf": ("picture_kind_unknown", lambda: b"\x7fELF" + bytes(100)),
    "jpeg header alone": ("picture_truncated", lambda: JPEG[:3]),
    "jpeg cut in its tables": ("picture_truncated", lambda: JPEG[:100]),
    "jpeg cut in half": ("picture_truncated", lambda: JPEG[: len(JPEG) // 2]),
    "jpeg without its end": ("picture_truncated", lambda: JPEG[:-2]),
    "progressive jpeg cut": ("picture_truncated", lambda: encoded(drawing(), progressive=True)[:-300]),
    "jpeg cut in half, with its end put back": ("picture_damaged", lambda: JPEG[: len(JPEG) // 2] + b"\xff\xd9"),
    "jpeg cut in its last line, with its end put back": ("picture_damaged", lambda: JPEG[:-60] + b"\xff\xd9"),
    "large jpeg cut, with its end put back": (
        "picture_damaged",
        lambda: encoded(drawing(5000, 3000), quality=30)[:-9000] + b"\xff\xd9",
    ),
    "progressive jpeg of its first scans, with its end put back": ("picture_truncated", _first_scans),
    "progressive jpeg cut in its first scan": ("picture_damaged", lambda: _scan_cut(0)),
    "progressive jpeg cut in a scan of colour": ("picture_damaged", lambda: _scan_cut(2)),
    "progressive jpeg cut in its last scan, with its end put back": ("picture_damaged", lambda: _scan_cut(-1)),
    "png header alone": ("picture_truncated", lambda: PNG[:8]),
    "png cut in half": ("picture_truncated", lambda: PNG[: len(PNG) // 2]),
    "png without its end": ("picture_truncated", lambda: PNG[:-12]),
    "gif header alone": ("picture_truncated", lambda: GIF[:6]),
    "gif cut in half": ("picture_truncated", lambda: GIF[: len(GIF) // 2]),
    "gif without its end": ("picture_truncated", lambda: GIF[:-1]),
    "gif that moves": ("picture_animated", lambda: animated("GIF")),
    "gif of twenty pictures": ("picture_animated", lambda: animated("GIF", 20)),
    "png that moves": ("picture_animated", lambda: animated("PNG")),
    "jpeg and zip": ("picture_not_alone", lambda: JPEG + archive()),
    "png and zip": ("picture_not_alone", lambda: PNG + archive()),
    "gif and zip": ("picture_not_alone", lambda: GIF + archive()),
    "jpeg and html": ("picture_not_alone", lambda: JPEG + b"<html><script>alert(1)</script></html>"),
    "gif and script": ("picture_not_alone", lambda: GIF + b"/*<script>alert(1)</script>*/"),
    "png and pdf": ("picture_not_alone", lambda: PNG + b"%PDF-1.7 ..."),
    "jpeg and one byte": ("picture_not_alone", lambda: JPEG + b"\x00"),
    "jpeg and jpeg": ("picture_not_alone", lambda: JPEG + JPEG),
    "pdf in a jpeg comment": ("picture_not_alone", lambda: with_segment(JPEG, 0xFE, b"%PDF-1.4 1 0 obj")),
    "zip in a jpeg comment": ("picture_not_alone", lambda: with_segment(JPEG, 0xFE, archive())),
    "php in exif": ("picture_not_alone", lambda: with_segment(JPEG, 0xE1, b"Exif\x00\x00<?PHP echo 1; ?>")),
    "html in a png text": ("picture_not_alone", lambda: with_chunk(PNG, b"tEXt", b"note\x00<!DOCTYPE html><HTML>")),
    "html in a packed png text": (
        "picture_not_alone",
        lambda: with_chunk(PNG, b"zTXt", b"note\x00\x00" + zlib.compress(b"<script>alert(1)</script>")),
    ),
    "script in a gif comment": ("picture_not_alone", lambda: with_comment(GIF, b"<script>alert(1)</script>")),
    "packed text without measure": (
        "picture_bomb",
        lambda: encoded(drawing(), "PNG", pnginfo=text_of(20_000_000)),
    ),
    "colour profile without measure": ("picture_bomb", lambda: _packed(b"iCCP", b"profile\x00\x00")),
    "translated text without measure": ("picture_bomb", lambda: _packed(b"iTXt", b"note\x00\x01\x00\x00\x00")),
    "packed texts without measure together": (
        "picture_bomb",
        lambda: with_chunk(
            encoded(drawing(), "PNG", pnginfo=text_of(3_000_000)),
            b"zTXt",
            b"n\x00\x00" + zlib.compress(bytes(3_000_000)),
        ),
    ),
    "a hundred scans": ("picture_bomb", _many_scans),
    "jpeg of giant claims": ("picture_too_many_pixels", lambda: claiming("JPEG", 60_000, 60_000)),
    "png of giant claims": ("picture_too_many_pixels", lambda: claiming("PNG", 2_000_000_000, 2_000_000_000)),
    "gif of giant claims": ("picture_too_many_pixels", lambda: claiming("GIF", 65_535, 65_535)),
    "a line": ("picture_too_many_pixels", lambda: claiming("PNG", 2_000_000_000, 1)),
    "a line of pixels": ("picture_too_small", lambda: encoded(Image.new("RGB", (60_000, 1)))),
    "one pixel": ("picture_too_small", lambda: encoded(Image.new("RGB", (1, 1)))),
    "a thumbnail": ("picture_too_small", lambda: encoded(drawing(160, 120))),
    "a jpeg of no height": ("picture_too_small", lambda: claiming("JPEG", 480, 0)),
    "png that claims more than it has": ("picture_damaged", lambda: claiming("PNG", 4000, 3000)),
    "png with a wrong sum": ("picture_damaged", lambda: PNG[:60] + bytes([PNG[60] ^ 1]) + PNG[61:]),
    "png with an unknown part that it needs": ("picture_damaged", lambda: with_chunk(PNG, b"ABCD", b"")),
    "png of no data": ("picture_damaged", lambda: PNG[:33] + chunk(b"IEND", b"")),
    "jpeg of no scan": ("picture_damaged", lambda: JPEG[: JPEG.index(b"\xff\xda")] + b"\xff\xd9"),
    "jpeg of two frames": (
        "picture_damaged",
        lambda: with_segment(JPEG, 0xC0, struct.pack(">BHHB", 8, 360, 480, 1) + b"\x01\x11\x00"),
    ),
    "jpeg without tables": ("picture_damaged", lambda: JPEG.replace(b"\xff\xdb", b"\xff\xfe")),
    "jpeg of arithmetic": ("picture_damaged", lambda: JPEG.replace(b"\xff\xc0", b"\xff\xc9")),
    "gif of no picture": ("picture_damaged", lambda: GIF[:6] + struct.pack("<HHBBB", 480, 360, 0, 0, 0) + b";"),
    "gif of nonsense": ("picture_damaged", lambda: GIF[:13] + b"\x00" * 800 + b"nonsense;"),
}

TAKEN: dict[str, Callable[[], bytes]] = {
    "jpeg": lambda: JPEG,
    "progressive": lambda: encoded(drawing(), progressive=True),
    "grey": lambda: encoded(drawing(mode="L")),
    "progressive grey": lambda: encoded(drawing(mode="L"), progressive=True),
    "progressive cmyk": lambda: encoded(drawing(mode="CMYK"), progressive=True),
    "cmyk": lambda: encoded(drawing(mode="CMYK")),
    "other sampling": lambda: encoded(drawing(), subsampling=0, quality=97),
    "marks to start again": lambda: encoded(drawing(), restart_marker_blocks=3, optimize=True),
    "exif": lambda: encoded(drawing(), exif=exif(1), comment=SECRET, icc_profile=b"no profile" + SECRET),
    "exif of nonsense": lambda: with_segment(
        with_segment(JPEG, 0xE1, b"Exif\x00\x00MM\x00*\xff\xff\xff\xf0" + SECRET), 0xE1, b"Exif\x00\x00" + bytes(9)
    ),
    "a colour profile of nonsense": lambda: with_segment(JPEG, 0xE2, b"ICC_PROFILE\x00\x07\x02" + SECRET),
    "fill bytes": lambda: JPEG.replace(b"\xff\xda", b"\xff\xff\xff\xda", 1),
    "a second small picture, announced": lambda: (
        with_segment(JPEG, 0xE2, b"MPF\x00" + bytes(20)) + encoded(drawing(), comment=SECRET)
    ),
    "png": lambda: with_chunk(PNG, b"tEXt", b"note\x00" + SECRET),
    "png of a palette": lambda: encoded(drawing(mode="P"), "PNG"),
    "png of a palette with a transparent colour": lambda: encoded(drawing(mode="P"), "PNG", transparency=255),
    "png of two colours": lambda: encoded(drawing(mode="1"), "PNG"),
    "png of 16 bits": lambda: encoded(deep(), "PNG"),
    "interlaced gif": lambda: with_comment(GIF, SECRET),
    "transparent": lambda: encoded(drawing(mode="RGBA"), "PNG"),
}
