"""Facts of one's own record as a proof: weak, for classmates know some of them, and limited per person."""

from __future__ import annotations

import hmac
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from xuexin_api.core.names import name_key
from xuexin_api.repositories.archive.archive import RecordFacts

PERSON_TRIES: Final = "verification_person"
"""The counter of verifications tried per claimed document and day, over all accounts."""
_SHORT_CODE: Final = 5
_INSTEAD: Final = {"candidate_number": "certificate_number"}
"""Who has left school long ago has the certificate, and not the number of an entrance examination."""


def judge_facts(
    records: list[RecordFacts], claimed_name: str, questions: Sequence[str], answers: Mapping[str, str]
) -> UUID | None:
    """The person one of whose records has the claimed name and every fact, or None."""
    for record in records:
        same = [name_key(record.name) == name_key(claimed_name)]
        for question in questions:
            asked = question if question in answers else _INSTEAD.get(question, question)
            same.append(_fact_matches(record, asked, answers.get(asked, "")))
        if all(same):
            return record.person_id
    return None


def _fact_matches(record: RecordFacts, question: str, answer: str) -> bool:
    fact: str | None = getattr(record, question)
    given = _plain(answer)
    if question == "institution_code" and len(given) == _SHORT_CODE and fact is not None:
        fact = fact[-_SHORT_CODE:]
    return fact is not None and hmac.compare_digest(_plain(fact).encode(), given.encode())


def _plain(text: str) -> str:
    """Width, case and spaces do not make a fact wrong."""
    return "".join(unicodedata.normalize("NFKC", text).upper().split())
