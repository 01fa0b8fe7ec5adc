"""Strangers' pictures: each is taken clean, or refused for its own reason."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace

import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from support.hostile_pictures import GIF, JPEG, PNG, REFUSED, TAKEN
from support.pictures import (
    SECRET,
    archive,
    drawing,
    encoded,
    exif,
    hand_held,
    noise,
    read_number,
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
