"""Archive photos: the rules, the records they belong to, and archives of every kind."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from support.archive import enroll, import_photos
from support.clock import HandClock
from support.people import students
from support.tables import rows_of
from xuexin_api.core.archive_photos import PhotoRules, check_archive_photo
from xuexin_api.core.errors import BrokenRuleError
from xuexin_api.demo.photos import draw_archive_photo
from xuexin_api.dependencies.wiring import Wiring
from xuexin_api.gateways.photo_archive import PhotoFile, open_photos

GOOD = draw_archive_photo(1, "admission")
LIMIT = 60 * 1024


def _jpeg(size: tuple[int, int] = (480, 640), mode: str = "RGB", seed: int = 1) -> bytes:
    """A JPEG of the right weight, whatever else it is."""
    image = Image.open(io.BytesIO(draw_archive_photo(seed, "admission"))).resize(size).convert(mode)
    for quality in range(95, 5, -5):
        stream = io.BytesIO()
        image.save(stream, "JPEG", quality=quality)
        if stream.tell() <= LIMIT:
            break
    return stream.getvalue().ljust(20 * 1024, b"\0")


def _painted(color: tuple[int, int, int]) -> bytes:
    image = Image.open(io.BytesIO(GOOD)).convert("RGB")
    image.paste(color, (0, 0, 480, 110))
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=90)
    return stream.getvalue()


@pytest.mark.parametrize("kind", ["admission", "graduation"])
@pytest.mark.parametrize("seed", range(5))
def test_drawn_photos_keep_the_rules(seed: int, kind: str) -> None:
    photo = check_archive_photo(
        draw_archive_photo(seed, "admission" if kind == "admission" else "graduation"), PhotoRules()
    )
    assert (photo.width, photo.height) == (480, 640)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "photo_not_jpeg"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 30000, "photo_not_jpeg"),
        (GOOD[: 19 * 1024], "photo_size_wrong"),
        (GOOD + b"\0" * LIMIT, "photo_size_wrong"),
        (GOOD[:-9000], "photo_damaged"),
        (GOOD[:3] + b"\0" * 30000, "photo_damaged"),
        (_jpeg((640, 480)), "photo_dimensions_wrong"),
        (_jpeg((479, 640)), "photo_dimensions_wrong"),
        (_jpeg(mode="L"), "photo_not_24_bit"),
        (_jpeg(mode="CMYK"), "photo_not_24_bit"),
        (_painted((40, 60, 160)), "photo_background_wrong"),
        (_painted((230, 60, 60)), "photo_background_wrong"),
        (_painted((250, 240, 190)), "photo_background_wrong"),
    ],
)
def test_a_photo_that_breaks_a_rule_is_told_which(data: bytes, code: str) -> None:
    with pytest.raises(BrokenRuleError, match=code):
        check_archive_photo(data, PhotoRules())


@settings(max_examples=150, deadline=None)
@given(st.integers(3, len(GOOD) - 1), st.binary(min_size=1, max_size=30))
def test_any_damage_is_a_photo_or_a_refusal(place: int, damage: bytes) -> None:
    data = (GOOD[:place] + damage + GOOD[place + len(damage) :])[:LIMIT]
    try:
        check_archive_photo(data, PhotoRules())
    except BrokenRuleError as broken:
        assert broken.code.startswith("photo_")  # noqa: PT017 - either outcome is right


async def test_photos_find_their_record_and_run_twice_nothing_changes(parts: Wiring) -> None:
    first, second = students(2)
    await enroll(parts, first, second)
    files = [
        PhotoFile("a.jpg", first.record.candidate_number, GOOD),
        PhotoFile("b.jpg", second.record.candidate_number, draw_archive_photo(2, "admission")),
        PhotoFile("c.jpg", "99999999", GOOD),
        PhotoFile("d.jpg", first.record.candidate_number, GOOD),
        PhotoFile("e.jpg", "88888888", b"no photo"),
    ]
    report, rejected = await import_photos(parts, files)
    assert (report.added, report.rejected) == (2, 3)
    assert {(photo.name, photo.code) for photo in rejected} == {
        ("c.jpg", "photo_without_record"),
        ("d.jpg", "photo_repeated"),
        ("e.jpg", "photo_not_jpeg"),
    }
    again, _ = await import_photos(parts, files[:2])
    assert (again.added, again.replaced, again.unchanged) == (0, 0, 2)


async def test_the_first_photo_of_a_number_counts_however_many_come_between(parts: Wiring) -> None:
    """More than are taken at a time: run again, the two do not change places."""
    (student,) = students(1)
    await enroll(parts, student)
    number = student.record.candidate_number
    many = [PhotoFile(f"{other}.jpg", f"9{other:07}", GOOD) for other in range(250)]
    files = [PhotoFile("a.jpg", number, GOOD), *many, PhotoFile("b.jpg", number, draw_archive_photo(2, "admission"))]
    for added in (1, 0):
        report, rejected = await import_photos(parts, files)
        assert (report.added, report.replaced) == (added, 0)
        assert ("b.jpg", "photo_repeated") in {(photo.name, photo.code) for photo in rejected}


@pytest.mark.parametrize("number", ["", "1234567", "考生", "\udcff\udcfe", "12345678\0", "1" * 21])
async def test_a_name_that_is_no_candidate_number_is_told(parts: Wiring, number: str) -> None:
    report, rejected = await import_photos(parts, [PhotoFile("x.jpg", number, GOOD)])
    assert report.rejected == 1
    assert rejected[0].code == "photo_name_malformed"


async def test_a_new_photo_replaces_the_old_one_and_later_its_bytes(parts: Wiring, clock: HandClock) -> None:
    (student,) = students(1)
    await enroll(parts, student)
    number = student.record.candidate_number
    await import_photos(parts, [PhotoFile("a.jpg", number, GOOD)])
    report, _ = await import_photos(parts, [PhotoFile("a.jpg", number, draw_archive_photo(5, "admission"))])
    assert (report.added, report.replaced) == (0, 1)
    clock.pass_time(seconds=parts.settings.earlier_photo_kept_seconds)
    await parts.housekeeping.purge()
    (stored,) = await rows_of(parts, "record_photos")
    folder = parts.settings.data_dir / "photos"
    files = [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()]
    assert files == [stored["object_key"]]
    assert await parts.photos.get(stored["object_key"]) == draw_archive_photo(5, "admission")
    # An operator's import is told as nobody's who is known, and where the schools' own are.
    lines = await rows_of(parts, "enrollment_changes")
    brought = {row["id"]: row for row in await rows_of(parts, "roster_imports") if row["photo_kind"]}
    assert [brought[line["roster_import_id"]]["sender_ids"] for line in lines if line["change"] == "photo"] == [[], []]
    assert {tuple(row["institution_codes"]) for row in brought.values()} == {(student.record.institution_code,)}


def test_a_folder_and_a_zip_give_the_same_photos(tmp_path: Path) -> None:
    folder = tmp_path / "photos" / "class 1"
    folder.mkdir(parents=True)
    (folder / "22001.JPG").write_bytes(GOOD)
    (folder / "notes.txt").write_text("no photo")
    (folder / ".22002.jpg").write_bytes(GOOD)
    (folder / "link.jpg").symlink_to(folder / "22001.JPG")
    archive = tmp_path / "photos.zip"
    with zipfile.ZipFile(archive, "w") as target:
        target.write(folder / "22001.JPG", "class 1/22001.JPG")
        target.writestr("__MACOSX/22001.jpg", b"x")
        target.writestr("readme.txt", b"x")
    for source in (tmp_path / "photos", archive):
        with open_photos(source, limit=LIMIT) as photos:
            assert [(photo.candidate_number, photo.data) for photo in photos] == [("22001", GOOD)]


def test_paths_and_bombs_inside_a_zip_lead_nowhere(tmp_path: Path) -> None:
    archive = tmp_path / "hostile.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
        target.writestr("../../../etc/22001.jpg", GOOD)
        target.writestr("22002.jpg", b"\0" * 300_000_000)
    with open_photos(archive, limit=LIMIT) as photos:
        found = list(photos)
    assert [photo.candidate_number for photo in found] == ["22001", "22002"]
    assert len(found[1].data) == LIMIT + 1
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["hostile.zip"]


def test_names_are_shown_without_what_would_speak_to_a_terminal(tmp_path: Path) -> None:
    archive = tmp_path / "photos.zip"
    with zipfile.ZipFile(archive, "w") as target:
        target.writestr("\x1b[31m\n\u202e22001.jpg", GOOD)
        target.writestr("C:\\class\\22002.jpg", GOOD)
    folder = tmp_path / "folder"
    folder.mkdir()
    (Path(os.fsdecode(os.fsencode(folder) + b"/\xff22003.jpg"))).write_bytes(GOOD)
    with open_photos(archive, limit=LIMIT) as photos:
        assert [photo.name for photo in photos] == ["\ufffd[31m\ufffd\ufffd22001.jpg", "C:/class/22002.jpg"]
    with open_photos(folder, limit=LIMIT) as photos:
        assert [photo.name for photo in photos] == ["\ufffd22003.jpg"]


def test_an_archive_that_was_cut_off_is_damaged_and_not_unknown(tmp_path: Path) -> None:
    archive = tmp_path / "photos.zip"
    with zipfile.ZipFile(archive, "w") as target:
        target.writestr("22001.jpg", GOOD)
    archive.write_bytes(archive.read_bytes()[:-100])
    with pytest.raises(BrokenRuleError, match="photo_archive_damaged"), open_photos(archive, limit=LIMIT):
        pass


@pytest.mark.parametrize(
    "data", [b"", b"PK\x03\x04", b"no archive", b"PK\x03\x04" + b"x" * 40 + b"PK\x05\x06" + b"\xff" * 18]
)
def test_what_is_no_archive_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "photos.zip"
    path.write_bytes(data)
    with pytest.raises(BrokenRuleError), open_photos(path, limit=LIMIT) as photos:
        assert list(photos) == [None]
