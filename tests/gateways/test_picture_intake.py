"""Strangers' pictures: each is taken clean, or refused for its own reason."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import signal
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace

import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
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
    hand_held,
    noise,
    read_number,
    scan_cut,
    text_of,
    with_chunk,
    with_comment,
    with_segment,
)
from xuexin_api.core.errors import PICTURE_REFUSALS, PictureRefusedError
from xuexin_api.core.picture_hints import look
from xuexin_api.core.picture_reading import read_picture
from xuexin_api.gateways import picture_worker
from xuexin_api.gateways.picture_answers import ASK
from xuexin_api.gateways.picture_doubts import leaves_doubts
from xuexin_api.gateways.picture_intake import PictureIntake
from xuexin_api.settings import Settings

POLICY = Settings().picture_policy()
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


@pytest.mark.parametrize("name", REFUSED)
def test_a_hostile_file_is_refused_for_its_own_reason(name: str) -> None:
    code, make = REFUSED[name]
    with pytest.raises(PictureRefusedError) as refused:
        read_picture(make(), fit=False, policy=POLICY, doubt=leaves_doubts)
    assert refused.value.code == code
    *kept, broken = refused.value.rules
    assert all(rule.passed for rule in kept)
    assert (broken.passed, broken.code) == (False, code)
    assert broken.said("en") != broken.said("zh-CN")


def test_every_reason_has_a_file() -> None:
    others = {"picture_too_large", "picture_far_too_large", "picture_does_not_fit"}
    assert {code for code, _ in REFUSED.values()} | others == {refusal.code for refusal in PICTURE_REFUSALS}


def _pixel(jpeg: bytes, across: float, down: float) -> tuple[int, ...]:
    image = Image.open(io.BytesIO(jpeg)).convert("RGB")
    pixel = image.getpixel((int(across * image.width), int(down * image.height)))
    assert isinstance(pixel, tuple)
    return pixel


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
    "fill bytes": lambda: JPEG.replace(b"\xff\xda", b"\xff\xff\xff\xda", 1),
    "a second small picture, announced": lambda: (
        with_segment(JPEG, 0xE2, b"MPF\x00" + bytes(20)) + encoded(drawing(), comment=SECRET)
    ),
    "png": lambda: with_chunk(PNG, b"tEXt", b"note\x00" + SECRET),
    "png of a palette": lambda: encoded(drawing(mode="P"), "PNG"),
    "png of two colours": lambda: encoded(drawing(mode="1"), "PNG"),
    "png of 16 bits": lambda: encoded(deep(), "PNG"),
    "interlaced gif": lambda: with_comment(GIF, SECRET),
    "transparent": lambda: encoded(drawing(mode="RGBA"), "PNG"),
}


@pytest.mark.parametrize("name", TAKEN)
def test_a_picture_is_drawn_anew_and_nothing_else_of_it_is_kept(name: str) -> None:
    data = TAKEN[name]()
    picture = read_picture(data, fit=False, policy=POLICY, doubt=leaves_doubts)
    assert (picture.width, picture.height, picture.reduced) == (480, 360, False)
    assert all(rule.passed for rule in picture.rules)
    assert SECRET not in picture.jpeg
    again = Image.open(io.BytesIO(picture.jpeg))
    again.load()
    assert (again.format, again.mode in {"RGB", "L"}, dict(again.getexif())) == ("JPEG", True, {})
    assert not {"exif", "icc_profile", "comment", "xmp"} & again.info.keys()
    assert max(_pixel(picture.jpeg, 0.6, 0.05)) < 60
    assert min(_pixel(picture.jpeg, 0.3, 0.97)) > 190


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_stands_upright(orientation: int) -> None:
    """The red corner is where a viewer shows it."""
    picture = read_picture(encoded(drawing(), exif=exif(orientation)), fit=False, policy=POLICY)
    assert (picture.width, picture.height) == ((480, 360) if orientation < 5 else (360, 480))
    places = {(0.1, 0.1): (1, 5), (0.9, 0.1): (2, 6), (0.9, 0.9): (3, 7), (0.1, 0.9): (4, 8)}
    for (across, down), orientations in places.items():
        red, green, _ = _pixel(picture.jpeg, across, down)
        assert (red > green + 100) == (orientation in orientations)


def test_transparency_is_laid_on_white() -> None:
    clear = Image.new("RGBA", (400, 400), (0, 0, 0, 0))
    assert min(_pixel(read_picture(encoded(clear, "PNG"), fit=False, policy=POLICY).jpeg, 0.5, 0.5)) > 250


def test_a_picture_over_the_limit_is_told_by_how_much_and_is_reduced_when_asked_and_stays_readable() -> None:
    """The card takes as little of the picture as the rule speaks of, and the sensor is a bad one."""
    card = hand_held(3400, share=0.25, grain=0.15)
    data = encoded(card.picture, quality=92)
    with pytest.raises(PictureRefusedError) as refused:
        read_picture(data, fit=False, policy=POLICY)
    assert refused.value.code == "picture_too_large"
    assert str(len(data) - POLICY.largest_bytes) in refused.value.rules[0].said("en")
    assert [option.id for option in refused.value.options] == ["fit_picture"]

    picture = read_picture(data, fit=True, policy=POLICY)
    assert len(picture.jpeg) <= POLICY.largest_bytes
    assert (picture.reduced, picture.width >= POLICY.long_side) == (True, True)

    # As far as it may ever be reduced, and then as the rule forbids.
    least = encoded(card.picture.resize((2400, 1800), Image.Resampling.LANCZOS), quality=POLICY.lowest_quality)
    furthest = read_picture(data, fit=True, policy=replace(POLICY, largest_bytes=int(1.05 * len(least))))
    assert POLICY.long_side <= furthest.width < 1.1 * POLICY.long_side
    for jpeg in (picture.jpeg, furthest.jpeg):
        read, clearly = read_number(card, jpeg)
        assert (read, clearly > 0.8) == (card.number, True)
    assert read_number(card, encoded(card.picture.resize((800, 600)), quality=50))[0] != card.number


def test_a_picture_that_would_not_stay_readable_is_not_reduced_further() -> None:
    with pytest.raises(PictureRefusedError) as refused:
        read_picture(noise(2600, 1950, 80), fit=True, policy=replace(POLICY, largest_bytes=50_000))
    assert refused.value.code == "picture_does_not_fit"


@pytest.mark.parametrize(
    ("made", "good"),
    [
        ({}, (True, True, True)),
        ({"blur": 3.0}, (False, True, True)),
        ({"share": 0.15}, (True, False, True)),
        ({"grain": 0.2}, (True, True, True)),
    ],
)
def test_hints_help_before_a_human_looks(made: dict[str, float], good: tuple[bool, ...]) -> None:
    """The faces are drawn ones; how the cascade does on people, only people can tell."""
    data = encoded(hand_held(1600, **made).picture)
    hints = read_picture(data, fit=True, policy=POLICY, look=look).hints
    assert tuple(hint.good for hint in hints) == good
    card = hints[1].measured
    assert card == pytest.approx(made.get("share", 0.3), abs=0.02)


def test_hints_say_that_they_do_not_know_and_are_not_kept_busy() -> None:
    for picture in (Image.new("RGB", (400, 400), "grey"), Image.new("L", (80_000, 300)), drawing()):
        assert look(picture, POLICY)[1].good is None
    noisy = look(Image.effect_noise((1600, 1200), 120), POLICY)
    assert (noisy[1].good, noisy[2].good) == (None, False)
    for hint in noisy:
        assert hint.said("en") != hint.said("zh-CN")


@given(st.sampled_from([JPEG, PNG, GIF]), st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=8)), max_size=4))
@settings(max_examples=150, deadline=None, derandomize=True, database=None)
def test_any_damage_is_a_refusal_or_a_clean_picture(data: bytes, damages: list[tuple[float, bytes]]) -> None:
    for where, damage in damages:
        place = int(where * len(data))
        data = data[:place] + damage + data[place + len(damage) :]
    try:
        picture = read_picture(data, fit=False, policy=POLICY)
    except PictureRefusedError:
        return
    image = Image.open(io.BytesIO(picture.jpeg))
    image.load()
    assert image.size == (picture.width, picture.height)


def _readers() -> list[psutil.Process]:
    """Those that began to read: until then one is a picture of the process that started it."""
    found = []
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.NoSuchProcess):
            if picture_worker.__name__ in child.cmdline():
                found.append(child)
    return found


@pytest.fixture
def intake() -> Iterator[PictureIntake]:
    made = PictureIntake(POLICY, Settings(picture_processes=1).picture_bounds())
    yield made
    made.close()


async def test_a_process_of_its_own_answers_and_refuses(intake: PictureIntake) -> None:
    for _ in range(2):
        picture = await intake.take(JPEG, fit=False)
        assert picture == read_picture(JPEG, fit=False, policy=POLICY, look=look)
        with pytest.raises(PictureRefusedError) as refused:
            await intake.take(JPEG + archive(), fit=False)
        assert refused.value.rules[-1].params["found"] == f"ZIP +{len(archive())} B"
    readers = _readers()
    assert len(readers) == 1
    assert not any(name.startswith("XUEXIN_") for name in readers[0].environ())
    # What ends it between two pictures is no fault of the next.
    readers[0].kill()
    readers[0].wait(5)
    assert (await intake.take(JPEG, fit=False)).width == 480


async def test_a_picture_that_ends_its_process_is_refused_and_takes_no_other_with_it() -> None:
    slow = encoded(Image.new("RGB", (4700, 4700), "teal"), progressive=True)
    impatient = PictureIntake(replace(POLICY, longest_seconds=0.15), Settings(picture_processes=1).picture_bounds())
    with pytest.raises(PictureRefusedError, match="picture_bomb"):
        await impatient.take(slow, fit=True)
    assert (await impatient.take(JPEG, fit=False)).width == 480
    impatient.close()
    # Nobody asks any more, and nobody is there to end it.
    left = subprocess.run(  # noqa: ASYNC221 - our own program, for a moment
        [sys.executable, "-m", picture_worker.__name__, json.dumps(asdict(replace(POLICY, longest_seconds=0.05)))],
        input=ASK.pack(True, len(slow)) + slow,
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        timeout=10,
        check=False,
    )
    assert (left.returncode, left.stdout) == (-signal.SIGPROF, b"")


def test_words_in_the_tables_of_a_jpeg_do_not_live_on() -> None:
    words = b"<?php system($_GET[0]);?><script>alert(1)</script>".ljust(64, b"A")
    table = JPEG.index(b"\xff\xdb") + 5
    data = JPEG[:table] + words + JPEG[table + 64 :]
    picture = read_picture(data, fit=False, policy=POLICY)
    assert (words[:5] in picture.jpeg, b"<script" in picture.jpeg, picture.width) == (False, False, 480)


async def test_no_picture_makes_a_process_large() -> None:
    """The largest that is decoded, transparent and lying on its side; and one that a decoder holds twice."""
    lying = exif(6)
    files = [
        encoded(Image.new("LA", (4900, 4900), (100, 90)), "PNG", compress_level=1, exif=lying),
        encoded(Image.new("RGB", (4700, 4700), "teal"), progressive=True, exif=lying),
    ]
    intake = PictureIntake(POLICY, Settings(picture_processes=2).picture_bounds())
    largest = 0
    async with asyncio.timeout(20):
        taking = asyncio.gather(*(intake.take(file, fit=True) for file in files))
        while not taking.done():
            for reader in _readers():
                with contextlib.suppress(psutil.NoSuchProcess):
                    largest = max(largest, reader.memory_info().rss)
            await asyncio.sleep(0.005)
        pictures = await taking
        # One that has grown is ended, and another one reads on.
        assert (await intake.take(JPEG, fit=False)).width == 480
    intake.close()
    assert [(picture.width, picture.height) for picture in pictures] == [(2450, 2450), (4700, 4700)]
    assert 150_000_000 < largest < 300_000_000
