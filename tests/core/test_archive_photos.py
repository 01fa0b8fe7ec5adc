"""Backgrounds of archive photos: white and light blue, and their neighbours."""

from __future__ import annotations

import io
import random  # noqa: TID251 - noise for a picture, from a fixed seed
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from xuexin_api.core.archive_photos import PhotoRules, check_archive_photo
from xuexin_api.core.errors import BrokenRuleError
from xuexin_api.demo.photos import draw_archive_photo

DRAWN = draw_archive_photo(1, "admission")


def _before(colour: tuple[int, int, int]) -> bytes:
    image = Image.new("RGB", (480, 640), colour)
    image.paste(Image.frombytes("RGB", (300, 250), random.Random(1).randbytes(300 * 250 * 3)), (90, 390))
    for quality in range(95, 10, -5):
        stream = io.BytesIO()
        image.save(stream, "JPEG", quality=quality)
        if 20 * 1024 <= stream.tell() <= 60 * 1024:
            return stream.getvalue()
    raise AssertionError("no quality fits")


@pytest.mark.parametrize(
    "colour", [(255, 255, 255), (235, 235, 235), (210, 210, 205), (173, 216, 230), (196, 222, 246)]
)
def test_white_and_light_blue_are_taken(colour: tuple[int, int, int]) -> None:
    assert check_archive_photo(_before(colour), PhotoRules()).width == 480


@pytest.mark.parametrize(
    "colour",
    [(165, 165, 165), (190, 190, 190), (220, 40, 40), (67, 142, 219), (0, 0, 139), (200, 170, 230), (255, 240, 200)],
)
def test_other_backgrounds_are_refused(colour: tuple[int, int, int]) -> None:
    with pytest.raises(BrokenRuleError, match="photo_background_wrong"):
        check_archive_photo(_before(colour), PhotoRules())


def test_what_is_cut_or_a_page_too_or_takes_forever_is_refused() -> None:
    progressive = io.BytesIO()
    Image.new("RGB", (480, 640), "white").save(progressive, "JPEG", progressive=True)
    slow = progressive.getvalue()
    scan = slow[slow.rindex(b"\xff\xda") : -2]
    slow = slow[:-2] + scan * (50 * 1024 // len(scan)) + b"\xff\xd9"
    cut = DRAWN[: len(DRAWN) * 2 // 3] + b"\xff\xd9"
    for data in (slow, cut, DRAWN + b"<html><script>alert(1)</script></html>"):
        with pytest.raises(BrokenRuleError, match="photo_damaged"):
            check_archive_photo(data, PhotoRules())
    assert check_archive_photo(DRAWN + bytes(16), PhotoRules()).width == 480


@given(st.integers(0, len(DRAWN)), st.binary(max_size=64))
def test_any_bytes_are_a_photo_or_a_refusal_even_when_warnings_are_errors(place: int, damage: bytes) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            check_archive_photo(DRAWN[:place] + damage + DRAWN[place + len(damage) :], PhotoRules())
        except BrokenRuleError:
            return
