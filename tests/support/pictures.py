"""Pictures made for tests, and files that only look like some; no person is in any of them."""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont, PngImagePlugin

from xuexin_api.demo.photos import draw_archive_photo

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


def progressive_archive_photo(seed: int = 1) -> bytes:
    """One that keeps the rules, in several scans."""
    image = Image.open(io.BytesIO(draw_archive_photo(seed, "admission")))
    return encoded(image, quality=90, progressive=True)


def scan_cut(jpeg: bytes, number: int) -> bytes:
    """A progressive file of which one scan lacks its last bytes, and nothing else does."""
    scan = [mark.start() for mark in re.finditer(b"\xff\xda", jpeg)][number]
    end = re.compile(b"\xff[\xc4\xda\xd9]").search(jpeg, scan + 2)
    assert end is not None
    return jpeg[: end.start() - 3] + jpeg[end.start() :]


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


def animated(form: str, count: int = 2) -> bytes:
    frames = [drawing(), drawing().transpose(Image.Transpose.FLIP_LEFT_RIGHT)] * (count // 2)
    return encoded(frames[0], form, save_all=True, append_images=frames[1:])


def text_of(size: int) -> PngImagePlugin.PngInfo:
    """A packed text that unpacks to so many bytes."""
    made = PngImagePlugin.PngInfo()
    made.add_text("note", "\x00" * size, zip=True)
    return made


@dataclass(frozen=True, slots=True)
class Card:
    """A made-up card of 85.6 × 54 mm in a picture, and where its number stands there: pixels of the whole picture."""

    picture: Image.Image
    number: str
    left: float
    top: float
    pitch: float
    height: float


_NUMBER: Final = "990101200402301234"
"""Of a region and a day that do not exist."""


def hand_held(width: int = 1600, *, share: float = 0.3, blur: float = 0.0, grain: float = 0.0) -> Card:
    """A drawn person before a wall who holds a card that takes `share` of the picture's width."""
    height = width * 3 // 4
    wall = Image.linear_gradient("L").resize((width, height)).point(lambda value: 90 + value // 3)
    picture = wall.convert("RGB")
    person = Image.open(io.BytesIO(draw_archive_photo(1, "graduation")))
    picture.paste(person.resize((height * 27 // 40, height * 9 // 10)), (width // 8, height // 10))
    millimetre = share * width / 85.6
    left, top = width * 0.22, height * 0.62
    draw = ImageDraw.Draw(picture)
    draw.rectangle((left, top, left + 85.6 * millimetre, top + 54 * millimetre), fill=(222, 230, 234))
    # OCR-B as on real cards: 2.4 mm high, one digit in 2.54 mm.
    font = ImageFont.load_default(2.4 * millimetre / 0.72)
    at, pitch = (left + 30 * millimetre, top + 44 * millimetre), 2.54 * millimetre
    for place, digit in enumerate(_NUMBER):
        draw.text((at[0] + place * pitch, at[1]), digit, fill=(25, 25, 30), font=font)
    if blur:
        picture = picture.filter(ImageFilter.GaussianBlur(blur))
    if grain:
        picture = Image.blend(picture, Image.effect_noise(picture.size, 60).convert("RGB"), grain)
    return Card(picture, _NUMBER, *at, pitch, 2.4 * millimetre)


def read_number(card: Card, jpeg: bytes) -> tuple[str, float]:
    """The number as it can be read in what became of the card, and how clearly: the likeness of its worst digit."""
    shown = Image.open(io.BytesIO(jpeg)).convert("L")
    scale = shown.width / card.picture.width
    font = ImageFont.load_default(card.height * scale / 0.72)
    size = (round(card.pitch * scale), round(1.6 * card.height * scale))
    templates = []
    for digit in "0123456789":
        template = Image.new("L", size, 228)
        ImageDraw.Draw(template).text((0, 0), digit, fill=25, font=font)
        templates.append(np.asarray(template))
    read, clearly = "", 1.0
    for place in range(len(card.number)):
        left, top = round((card.left + place * card.pitch) * scale), round(card.top * scale)
        cell = np.asarray(shown.crop((left - 3, top - 3, left + size[0] + 3, top + size[1] + 3)))
        likeness = [float(cv2.matchTemplate(cell, template, cv2.TM_CCOEFF_NORMED).max()) for template in templates]
        read += str(int(np.argmax(likeness)))
        clearly = min(clearly, max(likeness))
    return read, clearly
