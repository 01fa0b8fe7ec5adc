"""Keys for tests, made once per process."""

from __future__ import annotations

from functools import cache

from cryptography.hazmat.primitives.asymmetric import ec

from xuexin_api.keys import Keys


@cache
def keys_for_tests() -> Keys:
    return Keys(
        secret=b"s" * 32,
        lookup=b"l" * 32,
        sealing={1: b"1" * 32},
        token=[ec.generate_private_key(ec.SECP256R1())],
    )
