"""What the code of an institution (学校标识码) says. Pure."""

from __future__ import annotations

from typing import Final

PROVINCE_PLACE: Final = 2
"""Of the ten digits of a code, the third and fourth are the province, as in GB/T 2260."""
PROVINCE_DIGITS: Final = 2


def province_of(institution_code: str) -> str:
    """The province whose education department answers for this institution.

    The code tells it of every school on the ministry's list. `place` does not: it names a city, and several provinces
    may have one of a name. Nor does `authority`: the schools of ministries lie in provinces too.
    """
    return institution_code[PROVINCE_PLACE : PROVINCE_PLACE + PROVINCE_DIGITS]
