"""A device's token has one spelling: limits of an owner's device go by its hash."""

from __future__ import annotations

import base64

import pytest

from support.clock import HandClock
from support.entropy import KnownEntropy
from xuexin_api.core.entropy import uuid7
from xuexin_api.core.sealing import KeyedHash
from xuexin_api.services.sessions.session_opening import DeviceTokens

ACCOUNT = uuid7(0, bytes(10))


class _Rich(KnownEntropy):
    """Draws bytes whose base64 is full of the two letters that have another spelling."""

    def token(self, size: int = 32) -> bytes:
        return b"\xff" * size


@pytest.fixture
def tokens(clock: HandClock) -> DeviceTokens:
    return DeviceTokens(KeyedHash(bytes(32)), _Rich(clock))


def test_a_token_of_ours_is_read(tokens: DeviceTokens) -> None:
    text = tokens.make(ACCOUNT)
    device = tokens.read(text)
    assert device is not None
    assert (device.account_id, device.token_hash) == (ACCOUNT, tokens.hash_of(text))


def test_another_spelling_of_it_is_none(tokens: DeviceTokens) -> None:
    text = tokens.make(ACCOUNT)
    assert base64.b64decode(text.replace("_", "/"), altchars=b"-_") == base64.urlsafe_b64decode(text)
    for spelling in (text.replace("_", "/"), text + "=", text + "==", f"{text}\n", f" {text}"):
        assert tokens.read(spelling) is None, spelling


@pytest.mark.parametrize("text", [None, "", "A" * 64, "\u4f60", "=" * 64])
def test_what_is_not_ours_is_none(tokens: DeviceTokens, text: str | None) -> None:
    assert tokens.read(text) is None
