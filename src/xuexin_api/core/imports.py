"""Imports that schools upload: what they bring, and the states they go through."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class ImportKind(StrEnum):
    """What a file holds."""

    ROSTER = "roster"
    GRADUATES = "graduates"
    ADMISSION_PHOTOS = "admission_photos"
    GRADUATION_PHOTOS = "graduation_photos"


class ImportState(StrEnum):
    """queued → reading → judging → checked (a dry run) or published; or failed, or cancelled."""

    QUEUED = "queued"
    READING = "reading"
    JUDGING = "judging"
    CHECKED = "checked"
    PUBLISHED = "published"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Uploader:
    """Who brings a school's file, and for which school alone. The number is the member's own."""

    institution_code: str
    document_key: bytes


RUNNING: Final = (ImportState.READING, ImportState.JUDGING)
"""A process works on it, under a lease."""
OPEN: Final = (ImportState.QUEUED, *RUNNING, ImportState.CHECKED)
"""Not ended: of one institution and kind the same content is open once."""


class ImportCancelledError(Exception):
    """Somebody asked for the end of the import that is running."""


class LeaseLostError(Exception):
    """Another process has taken the import over: this one must not write to it any more."""
