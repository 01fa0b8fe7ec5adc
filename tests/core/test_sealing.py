"""Sealing, keyed hashes, derived tokens."""

from __future__ import annotations

import os
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.clock import HandClock
from support.entropy import KnownEntropy
from xuexin_api.core.entropy import SystemEntropy
from xuexin_api.core.refresh_tokens import RefreshToken, RefreshTokens
from xuexin_api.core.sealing import KeyedHash, SealBrokenError, Sealer

ENTROPY = KnownEntropy(HandClock())
OLD, NEW = {1: b"1" * 32}, {1: b"1" * 32, 2: b"2" * 32}


@given(st.binary(max_size=200), st.binary(max_size=20))
def test_what_was_sealed_opens_in_its_own_context_only(plain: bytes, context: bytes) -> None:
    sealer = Sealer(OLD, ENTROPY)
    sealed = sealer.seal(plain, context)
    assert sealer.open(sealed, context) == plain
    with pytest.raises(SealBrokenError):
        sealer.open(sealed, context + b"x")


def test_a_new_key_seals_and_the_old_one_still_opens() -> None:
    sealed = Sealer(OLD, ENTROPY).seal(b"4301", b"document")
    both = Sealer(NEW, ENTROPY)
    assert both.open(sealed, b"document") == b"4301"
    assert both.seal(b"4301", b"document")[:2] == b"\x00\x02"
    with pytest.raises(SealBrokenError):
        Sealer({2: b"2" * 32}, ENTROPY).open(sealed, b"document")


def test_one_changed_bit_breaks_a_seal() -> None:
    sealer = Sealer(OLD, ENTROPY)
    sealed = bytearray(sealer.seal(b"4301", b"document"))
    for place in range(2, len(sealed)):
        sealed[place] ^= 1
        with pytest.raises(SealBrokenError):
            sealer.open(bytes(sealed), b"document")
        sealed[place] ^= 1


def test_kinds_never_collide() -> None:
    keyed = KeyedHash(b"k" * 32)
    assert keyed.lookup("phone", "1") != keyed.lookup("email", "1")
    assert len(keyed.lookup("phone", "1")) == 16


@given(st.uuids(), st.integers(0, 2**32 - 1))
def test_a_refresh_token_says_what_it_was_written_for(session: UUID, generation: int) -> None:
    tokens = RefreshTokens(b"r" * 32)
    text = tokens.write(RefreshToken(session, generation))
    assert tokens.read(text) == RefreshToken(session, generation)
    assert RefreshTokens(b"q" * 32).read(text) is None


@given(st.text(min_size=70, max_size=70) | st.text(max_size=100))
def test_no_text_made_up_is_a_refresh_token(text: str) -> None:
    assert RefreshTokens(b"r" * 32).read(text) is None


def test_ids_sort_by_birth_and_draws_are_fair() -> None:
    clock = HandClock()
    entropy = SystemEntropy(clock)
    first = entropy.identifier()
    clock.pass_time(seconds=1)
    assert first < entropy.identifier()
    assert first.version == 7
    draws = {entropy.below(3) for _ in range(200)}
    assert draws == {0, 1, 2}
    assert all(len(entropy.digits(6)) == 6 for _ in range(50))
    assert len({entropy.token() for _ in range(10)} | {os.urandom(32)}) == 11  # noqa: TID251 - to compare with
