"""What a JPEG, PNG or GIF says of itself, read from its parts; nothing is decoded, and nothing but pixels kept.

Decoders forgive: they read what they can, and what else a file holds stays in it. So the parts are walked before any
decoder sees them, and it is handed only those that draw the picture.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

Kind: TypeAlias = Literal["JPEG", "PNG", "GIF"]
MOST_SCANS: Final = 64
"""Of a JPEG: cameras write one, progressive files about ten; a bomb thousands, each over every pixel."""
LARGEST_UNPACKED: Final = 4 * 1024 * 1024
"""Of all packed texts and colour profiles together: the largest profiles of printers have some two megabytes."""
_SIGNATURES: Final[tuple[tuple[bytes, Kind], ...]] = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
)
_ORIENTATION_TAG: Final = 0x0112
_SHORT: Final = 3
_BY_CHANCE: Final = 4
# What programs find by searching, wherever in a file it lies.
_FOREIGN: Final = (
    (b"%pdf-", "PDF"),
    (b"pk\x03\x04", "ZIP"),
    (b"pk\x05\x06", "ZIP"),
    (b"rar!\x1a\x07", "RAR"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"<!doctype", "HTML"),
    (b"<html", "HTML"),
    (b"<svg", "SVG"),
    (b"<script", "JavaScript"),
    (b"javascript:", "JavaScript"),
    (b"<?php", "PHP"),
    (b"\x7felf", "ELF"),
)


class DamagedFileError(ValueError):
    """The parts do not follow the format."""


class CutOffError(ValueError):
    """The file ends before the picture does."""


@dataclass(slots=True)
class PictureFile:
    """The facts of one file; `essentials` are the parts that draw it."""

    kind: Kind
    width: int = 0
    height: int = 0
    pictures: int = 1
    """How many follow each other; more than one moves."""
    orientation: int = 1
    """As EXIF counts: 1 is upright."""
    coefficient_bytes: int = 0
    """What a JPEG that is not drawn in one go holds in memory besides its pixels."""
    unpacked: int = 0
    """Bytes that packed texts and profiles grew to, so far as they were unpacked."""
    unpacks_too_far: bool = False
    foreign: str = ""
    """What else the file is, or how many bytes follow the picture; empty where it is nothing else."""
    essentials: bytes = field(default=b"", repr=False)


def kind_of(data: bytes) -> Kind | None:
    """By content: what a file is called says nothing."""
    return next((kind for signature, kind in _SIGNATURES if data.startswith(signature)), None)


def read_picture_file(data: bytes, kind: Kind) -> PictureFile:
    """The facts of `data`; CutOffError or DamagedFileError where it is no whole file of this kind."""
    readers: dict[Kind, Callable[[bytes], PictureFile]] = {"JPEG": _read_jpeg, "PNG": _read_png, "GIF": _read_gif}
    try:
        return readers[kind](data)
    except (struct.error, IndexError):
        raise CutOffError from None


def _foreign_in(metadata: bytes) -> str:
    lowered = metadata.lower()
    return next((name for marker, name in _FOREIGN if marker in lowered), "")


def speaks(jpeg: bytes) -> bool:
    """Whether a picture that was drawn anew holds a script or a document all the same.

    Tables are copied, and whoever knows the encoder finds pixels that it writes as the bytes they want. Markers of four
    bytes are left aside: among so many bytes they stand by chance.
    """
    lowered = jpeg.lower()
    return any(marker in lowered for marker, _ in _FOREIGN if len(marker) > _BY_CHANCE)


def _foreign(metadata: list[bytes], behind: bytes) -> str:
    """What a file is besides a picture, by its metadata and by what stands behind its end."""
    found = [_foreign_in(b"\x00".join(metadata)) or _foreign_in(behind)]
    if behind:
        found.append(f"+{len(behind)} B")
    return " ".join(found).strip()


def _orientation_of(exif: bytes) -> int:
    """Tag 0x0112 of the first directory of a TIFF; 1 where there is none."""
    order = {b"II*\x00": "<", b"MM\x00*": ">"}.get(exif[:4])
    if order is None:
        return 1
    try:
        (place,) = struct.unpack_from(order + "I", exif, 4)
        (count,) = struct.unpack_from(order + "H", exif, place)
        for entry in range(place + 2, place + 2 + 12 * count, 12):
            tag, form, _, value = struct.unpack_from(order + "HHIH", exif, entry)
            if tag == _ORIENTATION_TAG and form == _SHORT:
                return value if value in range(1, 9) else 1
    except struct.error:
        return 1
    return 1


# JPEG: ITU T.81, annex B.
_MARK: Final = 0xFF
_EOI, _SOS, _DHT, _DQT, _DRI, _COM = 0xD9, 0xDA, 0xC4, 0xDB, 0xDD, 0xFE
_APP0, _APP1, _APP2, _APP14 = 0xE0, 0xE1, 0xE2, 0xEE
_APPLICATIONS: Final = range(_APP0, _APP0 + 16)
_FRAMES: Final = {0xC0: False, 0xC1: False, 0xC2: True}
"""Baseline, extended and progressive Huffman: what cameras and programs write. Whether progressive."""
_DRAWING_MARKERS: Final = frozenset({*_FRAMES, _SOS, _DHT, _DQT, _DRI})
_DEPTH: Final = 8
_COEFFICIENTS: Final = 64
_ALL_BITS: Final = 16
_COMPONENTS: Final = frozenset({1, 3, 4})
_MOST_SAMPLES: Final = 4
_PLAIN_JFIF: Final = b"\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
_END: Final = b"\xff\xd9"
_NO_END: Final = b"\xff\x00" * 16
"""In the place of the end of a file that is drawn as it is read.

A decoder that meets the end makes up what a scan lacks, and says so to nobody. These are ones, which are no code: a
whole scan never asks for them, and what was cut off has used them up within a few blocks.
"""
_AFTER_SCAN: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")


def _read_jpeg(data: bytes) -> PictureFile:
    facts = PictureFile("JPEG")
    first = _JpegWalk(data, facts)
    end = first.go(0)
    metadata = first.metadata
    # Phones put a small second picture behind the first (a map of brightness), and announce it. It is not kept.
    while first.several and data.startswith(b"\xff\xd8\xff", end):
        further = _JpegWalk(data, PictureFile("JPEG"))
        end = further.go(end)
        metadata += further.metadata
    facts.foreign = _foreign(metadata, data[end:])
    return facts


class _JpegWalk:
    """From the start of a picture to its end, segment by segment."""

    def __init__(self, data: bytes, facts: PictureFile) -> None:
        self.metadata: list[bytes] = []
        self.several = False
        """Whether further pictures are announced."""
        self._data = data
        self._facts = facts
        self._kept: list[bytes] = []
        self._scans = 0
        self._progressive = False
        self._missing: dict[int, list[int]] = {}
        """By component and coefficient, how many bits are still to come."""

    def go(self, place: int) -> int:
        """Fill the facts; where the picture ends."""
        self._kept.append(self._data[place : place + 2])
        place += 2
        while (found := _next_marker(self._data, place))[0] != _EOI:
            marker, start = found
            (length,) = struct.unpack_from(">H", self._data, start)
            place = start + length
            if place > len(self._data):
                raise CutOffError
            if marker == _SOS:
                place = self._end_of_scan(place)
            self._take(marker, self._data[start - 2 : place], self._data[start + 2 : place])
        if not self._scans:
            raise DamagedFileError
        if any(any(bits) for bits in self._missing.values()):
            raise CutOffError
        in_one_go = self._scans == 1 and not self._progressive
        if in_one_go:
            self._facts.coefficient_bytes = 0
        self._facts.unpacks_too_far = self._scans > MOST_SCANS
        self._facts.essentials = b"".join([*self._kept, _NO_END if in_one_go else _END])
        return found[1]

    def _take(self, marker: int, segment: bytes, body: bytes) -> None:
        if marker in _DRAWING_MARKERS:
            self._kept.append(segment)
        elif marker == _COM or marker in _APPLICATIONS:
            self._take_metadata(marker, body)
        else:
            raise DamagedFileError
        if marker in _FRAMES:
            if self._facts.width:
                raise DamagedFileError
            self._progressive = _FRAMES[marker]
            components = _read_frame(body, self._facts)
            self._missing = {component: [_ALL_BITS] * _COEFFICIENTS for component in components}
        if marker == _SOS:
            if not self._facts.width:
                raise DamagedFileError
            self._scans += 1
            self._take_scan(body)

    def _take_scan(self, body: bytes) -> None:
        """Which bits of which coefficients this scan brings; without progression all of them."""
        components = body[1 : 1 + 2 * body[0] : 2]
        first, last, bits = struct.unpack_from("BBB", body, 1 + 2 * body[0])
        for component in components:
            if component not in self._missing:
                raise DamagedFileError
            brought = range(first, min(last + 1, _COEFFICIENTS)) if self._progressive else range(_COEFFICIENTS)
            for coefficient in brought:
                self._missing[component][coefficient] = bits & 0x0F if self._progressive else 0

    def _take_metadata(self, marker: int, body: bytes) -> None:
        self.metadata.append(body)
        if marker == _APP1 and body.startswith(b"Exif\x00\x00"):
            self._facts.orientation = _orientation_of(body[6:])
        if marker == _APP2 and body.startswith(b"MPF\x00"):
            self.several = True
        # These two say how colours are meant.
        if marker == _APP0 and body.startswith(b"JFIF\x00"):
            self._kept.append(_PLAIN_JFIF)
        if marker == _APP14 and body.startswith(b"Adobe"):
            self._kept.append(b"\xff\xee\x00\x0e" + body[:12].ljust(12, b"\x00"))

    def _end_of_scan(self, place: int) -> int:
        end = _AFTER_SCAN.search(self._data, place)
        if end is None:
            raise CutOffError
        return end.start()


def _next_marker(data: bytes, place: int) -> tuple[int, int]:
    """(the marker at `place`, where its segment begins); fill bytes may stand before it."""
    if data[place] != _MARK:
        raise DamagedFileError
    while data[place] == _MARK:
        place += 1
    return data[place], place + 1


def _read_frame(body: bytes, facts: PictureFile) -> list[int]:
    """Fill the facts; which components there are."""
    depth, height, width, components = struct.unpack_from(">BHHB", body)
    sampling = [divmod(body[6 + 3 * number + 1], 16) for number in range(components)]
    fits = all(0 < part <= _MOST_SAMPLES for pair in sampling for part in pair)
    if depth != _DEPTH or components not in _COMPONENTS or not fits:
        raise DamagedFileError
    facts.width, facts.height = width, height
    most = max(across for across, _ in sampling) * max(down for _, down in sampling)
    # Two bytes for each sample, until the last scan was read.
    facts.coefficient_bytes = 2 * width * height * sum(across * down for across, down in sampling) // most
    return [body[6 + 3 * number] for number in range(components)]


# PNG: ISO/IEC 15948; APNG's chunks too.
_SIGNATURE_BYTES: Final = 8
_DRAWING: Final = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})
_PACKED_AFTER: Final = {b"zTXt": 1, b"iCCP": 1, b"iTXt": 3}
"""Zero bytes before what is packed, by chunk."""


def _read_png(data: bytes) -> PictureFile:
    facts = PictureFile("PNG")
    kept = [data[:8]]
    metadata: list[bytes] = []
    place, name = _SIGNATURE_BYTES, b""
    while name != b"IEND":
        (length,) = struct.unpack_from(">I", data, place)
        name = data[place + 4 : place + 8]
        body = data[place + 8 : place + 8 + length]
        (crc,) = struct.unpack_from(">I", data, place + 8 + length)
        if zlib.crc32(body, zlib.crc32(name)) != crc or (place == _SIGNATURE_BYTES) != (name == b"IHDR"):
            raise DamagedFileError
        if name == b"IHDR":
            facts.width, facts.height = struct.unpack_from(">II", body)
        if name in _DRAWING:
            kept.append(data[place : place + 12 + length])
        elif name[0] & 32:
            _read_ancillary(name, body, facts, metadata)
        else:
            # A part without which the picture cannot be drawn, and which nobody knows.
            raise DamagedFileError
        place += 12 + length
    facts.foreign = _foreign(metadata, data[place:])
    facts.essentials = b"".join(kept)
    return facts


def _read_ancillary(name: bytes, body: bytes, facts: PictureFile, metadata: list[bytes]) -> None:
    metadata.append(body)
    if name == b"acTL":
        # Even one of a single picture is for programs that play.
        facts.pictures = 2
    if name == b"eXIf":
        facts.orientation = _orientation_of(body)
    if name in _PACKED_AFTER and not facts.unpacks_too_far:
        unpacked = _unpacked(name, body, LARGEST_UNPACKED - facts.unpacked)
        facts.unpacked += len(unpacked)
        facts.unpacks_too_far = facts.unpacked > LARGEST_UNPACKED
        metadata.append(unpacked)


def _unpacked(name: bytes, body: bytes, most: int) -> bytes:
    """The text or profile of a packed chunk, up to one byte more than it may have; as it is where it is not packed."""
    head, _, rest = body.partition(b"\x00")
    if name == b"iTXt":
        flags, rest = rest[:2], rest[2:]
        text = rest.split(b"\x00", 2)[-1]
        if not flags.startswith(b"\x01"):
            return head + b"\x00" + text
    else:
        text = rest[1:]
    try:
        return zlib.decompressobj().decompress(text, most + 1)
    except zlib.error:
        return body


# GIF: the specification of 1989.
_TRAILER, _EXTENSION, _IMAGE = 0x3B, 0x21, 0x2C
_GRAPHIC_CONTROL: Final = 0xF9


def _read_gif(data: bytes) -> PictureFile:
    facts = PictureFile("GIF", pictures=0)
    facts.width, facts.height, flags = struct.unpack_from("<HHB", data, 6)
    place = 13 + _table_bytes(flags)
    kept = [data[:place]]
    metadata: list[bytes] = []
    while (introducer := data[place]) != _TRAILER:
        start = place
        if introducer == _EXTENSION:
            label = data[place + 1]
            place = _after_blocks(data, place + 2)
            if label == _GRAPHIC_CONTROL:
                kept.append(data[start:place])
            else:
                metadata.append(data[start:place])
        elif introducer == _IMAGE:
            left, top, width, height, flags = struct.unpack_from("<HHHHB", data, place + 1)
            facts.pictures += 1
            facts.width, facts.height = max(facts.width, left + width), max(facts.height, top + height)
            place = _after_blocks(data, place + 11 + _table_bytes(flags))
            kept.append(data[start:place])
        else:
            raise DamagedFileError
    if not facts.pictures:
        raise DamagedFileError
    facts.foreign = _foreign(metadata, data[place + 1 :])
    facts.essentials = b"".join([*kept, b";"])
    return facts


def _table_bytes(flags: int) -> int:
    return 3 * 2 ** ((flags & 7) + 1) if flags & 128 else 0


def _after_blocks(data: bytes, place: int) -> int:
    """Behind a chain of blocks, the last of which is empty."""
    while length := data[place]:
        place += length + 1
    return place + 1
