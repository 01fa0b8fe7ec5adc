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
class Senders:
    """For which school alone a file is, and who brings it: its uploader and who publishes it, by their own numbers."""

    institution_code: str
    document_keys: list[bytes]


SENDER_GONE: Final = "import_sender_gone"
"""Why an import is cancelled that nobody cancelled."""
RUNNING: Final = (ImportState.READING, ImportState.JUDGING)
"""A process works on it, under a lease."""
OPEN: Final = (ImportState.QUEUED, *RUNNING, ImportState.CHECKED)
"""Not ended: of one institution and kind the same content is open once."""


class ImportCancelledError(Exception):
    """The import that is running ends before it is published; without a code, because somebody asked for it."""

    def __init__(self, code: str | None = None) -> None:
        super().__init__(code)
        self.code = code


class LeaseLostError(Exception):
    """Another process has taken the import over: this one must not write to it any more."""
