"""A school's photo, looked at as often as it takes."""

from __future__ import annotations

from xuexin_api.core.archive_photos import ArchivePhoto, PhotoRules, check_archive_photo
from xuexin_api.core.errors import BrokenRuleError, PictureRefusedError
from xuexin_api.core.picture_files import read_picture_file
from xuexin_api.gateways.picture_intake import PictureIntake


class PhotoChecking:
    """By the rules of archive photos; one of several scans also by those who read applicants' pictures.

    Of such a photo the first decoder makes up what a scan lacks, and does not say so.
    """

    def __init__(self, *, rules: PhotoRules, pictures: PictureIntake) -> None:
        self._rules = rules
        self._pictures = pictures

    @property
    def largest(self) -> int:
        """How many bytes of a file are worth reading."""
        return self._rules.largest

    async def check(self, data: bytes) -> ArchivePhoto:
        """The photo's facts, or BrokenRuleError with the first rule it breaks."""
        photo = check_archive_photo(data, self._rules)
        parts = read_picture_file(data, "JPEG")
        if parts.coefficient_bytes:
            try:
                await self._pictures.take(parts.essentials, fit=False)
            except PictureRefusedError:
                raise BrokenRuleError("photo_damaged") from None
        return photo
