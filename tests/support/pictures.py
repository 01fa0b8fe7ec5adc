"""Pictures made for tests, and files that only look like some; no person is in any of them."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from typing import Any, Final

from PIL import Image, ImageDraw, PngImagePlugin

SECRET: Final = b"taken-at-home-by-nobody"
"""Stands in what must not be kept."""


def drawing(width: int = 480, height: int = 360, mode: str = "RGB") -> Image.Image:
    """Shapes on a gradient, with a red corner at the upper left."""
    image = Image.linear_gradient("L").resize((width, height)).convert("RGB")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, width // 4, height // 4), fill=(200, 20, 20))
    draw.ellipse((width // 2, height // 3, width - 20, height - 20), fill=(40, 90, 160))
    return image.convert(mode)


def deep() -> Image.Image:
    """The drawing in 16 bits of grey."""
    grey = drawing(mode="L")
    return Image.frombytes("I;16", grey.size, bytes(part for value in grey.tobytes() for part in (value, value)))


def encoded(image: Image.Image, form: str = "JPEG", **how: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, form, **how)
    return stream.getvalue()


def noise(width: int, height: int, quality: int) -> bytes:
    """A JPEG as large as a photo of these pixels: light and shade, and the grain of a small sensor."""
    light = Image.effect_noise((max(2, width // 8), max(2, height // 8)), 90).resize((width, height))
    return encoded(Image.blend(light, Image.effect_noise((width, height), 12), 0.5).convert("RGB"), quality=quality)


def exif(orientation: int) -> bytes:
    """With an orientation and a place."""
    made = Image.Exif()
    made[0x0112] = orientation
    made[0x010E] = SECRET.decode()
    return made.tobytes()


def chunk(name: bytes, body: bytes) -> bytes:
    """Of a PNG."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def with_chunk(png: bytes, name: bytes, body: bytes) -> bytes:
    """Behind the header."""
    return png[:33] + chunk(name, body) + png[33:]


def with_segment(jpeg: bytes, marker: int, body: bytes) -> bytes:
    """Behind the start."""
    return jpeg[:2] + struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body + jpeg[2:]


def with_comment(gif: bytes, body: bytes) -> bytes:
    """Before the end."""
    blocks = b"".join(bytes([len(part)]) + part for part in (body[at : at + 255] for at in range(0, len(body), 255)))
    return gif[:-1] + b"\x21\xfe" + blocks + b"\x00;"


def archive() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as made:
        made.writestr("note.txt", SECRET)
    return stream.getvalue()


def claiming(form: str, width: int, height: int) -> bytes:
    """A small file whose header claims so many pixels."""
    if form == "PNG":
        header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    if form == "GIF":
        gif = encoded(drawing(), "GIF")
        return gif[:6] + struct.pack("<HH", width, height) + gif[10:]
    jpeg = encoded(drawing())
    place = jpeg.index(b"\xff\xc0") + 5
    return jpeg[:place] + struct.pack(">HH", height, width) + jpeg[place + 4 :]


def animated(form: str) -> bytes:
    frames = [drawing(), drawing().transpose(Image.Transpose.FLIP_LEFT_RIGHT)]
    return encoded(frames[0], form, save_all=True, append_images=frames[1:])


def text_of(size: int) -> PngImagePlugin.PngInfo:
    """A packed text that unpacks to so many bytes."""
    made = PngImagePlugin.PngInfo()
    made.add_text("note", "\x00" * size, zip=True)
    return made
