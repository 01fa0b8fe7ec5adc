"""The ways back into an account, and ways that look like them for those who named no account."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from xuexin_api.core.emails import hint_email, mask_email, parse_email
from xuexin_api.core.phones import hint_phone, mask_phone, parse_phone
from xuexin_api.core.sealing import EMAIL_CONTEXT, PHONE_CONTEXT, Sealer
from xuexin_api.core.security_questions import NEEDED, QUESTION_IDS
from xuexin_api.repositories.accounts.accounts import AccountRow, Identifier

PHONE: Final = "phone"
EMAIL: Final = "email"
QUESTIONS: Final = "security_questions"
RECORD_FACTS: Final = "record_facts"
CHANNELS: Final = {PHONE: "sms", EMAIL: "email"}
_DIGITS: Final = "0123456789"
_FIRST_CHARACTERS: Final = "abcdefghijklmnopqrstuvwxyz" + _DIGITS
_HAVE_PHONE: Final = 248
_HAVE_EMAIL: Final = 96
_HAVE_QUESTIONS: Final = 64
"""Of 256. Who has no phone lost it to whoever holds the number now."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way. A phone and an e-mail show where the code would go, the questions show themselves."""

    kind: str
    destination_masked: str | None = None
    question_ids: tuple[str, ...] = ()


def ways_of(
    account: AccountRow, kind: Identifier, question_ids: Sequence[str], sealer: Sealer, *, by_questions: bool
) -> list[Way]:
    """What the account has set, at most three.

    Whoever asks may be a stranger who knows name and document: of a channel that he did not type he gets a hint, which
    is no better than an invented one. A prefix or a domain that is rare would tell that there is an account.
    """
    ways = []
    if account.phone_ciphertext is not None:
        phone = sealer.open(account.phone_ciphertext, PHONE_CONTEXT).decode()
        ways.append(Way(PHONE, mask_phone(phone) if kind == "phone" else hint_phone(phone)))
    if account.email_ciphertext is not None and account.email_verified_at is not None:
        email = sealer.open(account.email_ciphertext, EMAIL_CONTEXT).decode()
        ways.append(Way(EMAIL, mask_email(email) if kind == "email" else hint_email(email)))
    if question_ids and by_questions:
        ways.append(Way(QUESTIONS, question_ids=tuple(sorted(question_ids))))
    return ways


def invented_ways(subject: bytes, kind: Identifier, typed: str, *, by_questions: bool) -> list[Way]:
    """The ways of an account that does not exist: the same for the same triple, and shaped as real ones are.

    `subject` is a keyed hash, so that nobody else can compute them. What was typed as the username shows itself.
    """
    chance = iter(hashlib.shake_256(subject).digest(64))

    def pick(values: Sequence[str]) -> str:
        return values[next(chance) % len(values)]

    invented = hint_phone("".join(pick(_DIGITS) for _ in range(4)))
    phone = mask_phone(parse_phone(typed)) if kind == "phone" else invented
    address = hint_email(pick(_FIRST_CHARACTERS))
    email = mask_email(parse_email(typed)) if kind == "email" else address
    ways = []
    if kind == "phone" or next(chance) < _HAVE_PHONE:
        ways.append(Way(PHONE, phone))
    if kind == "email" or next(chance) < _HAVE_EMAIL:
        ways.append(Way(EMAIL, email))
    asks = next(chance) < _HAVE_QUESTIONS
    order = sorted(QUESTION_IDS, key=lambda _: next(chance))
    if asks and by_questions:
        ways.append(Way(QUESTIONS, question_ids=tuple(sorted(order[:NEEDED]))))
    return ways
