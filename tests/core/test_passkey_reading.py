"""Passkeys without an account: the specification's own examples, and challenges of ours."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from support.authenticator import Authenticator, Credential, b64, cose_key
from support.clock import HandClock
from support.entropy import KnownEntropy
from xuexin_api.core.passkeys import (
    PasskeyChallenges,
    challenge_of,
    credential_id_of,
    read_assertion,
    read_registration,
)
from xuexin_api.core.policies import PasskeyPolicy
from xuexin_api.core.sealing import KeyedHash

EXAMPLE_ORG = PasskeyPolicy("example.org", "Example", ("https://example.org",), 300, 10)

# W3C Web Authentication level 3, test vectors: "ES256 Credential with No Attestation".
PRIVATE_KEY = 0x6E68E7A58484A3264F66B77F5D6DC5BC36A47085B615C9727AB334E8C369C2EE
CREDENTIAL_ID = bytes.fromhex("f91f391db4c9b2fde0ea70189cba3fb63f579ba6122b33ad94ff3ec330084be4")
AAGUID = bytes.fromhex("8446ccb9ab1db374750b2367ff6f3a1f")
CREATION_CHALLENGE = bytes.fromhex("00c30fb78531c464d2b6771dab8d7b603c01162f2fa486bea70f283ae556e130")
REQUEST_CHALLENGE = bytes.fromhex("39c0e7521417ba54d43e8dc95174f423dee9bf3cd804ff6d65c857c9abf4d408")
CREATION_CLIENT_DATA = bytes.fromhex(
    "7b2274797065223a22776562617574686e2e637265617465222c226368616c6c656e6765223a22414d4d507434557878475453746e63647134"
    "313759447742466938767049612d7077386f4f755657345441222c226f726967696e223a2268747470733a2f2f6578616d706c652e6f726722"
    "2c2263726f73734f726967696e223a66616c73652c22657874726144617461223a22636c69656e74446174614a534f4e206d61792062652065"
    "7874656e6465642077697468206164646974696f6e616c206669656c647320696e20746865206675747572652c207375636820617320746869"
    "733a20426b5165446a646354427258426941774a544c453551227d"
)
ATTESTATION_OBJECT = bytes.fromhex(
    "a363666d74646e6f6e656761747453746d74a068617574684461746158a4bfabc37432958b063360d3ad6461c9c4735ae7f8edd46592a5e0f0"
    "1452b2e4b559000000008446ccb9ab1db374750b2367ff6f3a1f0020f91f391db4c9b2fde0ea70189cba3fb63f579ba6122b33ad94ff3ec330"
    "084be4a5010203262001215820afefa16f97ca9b2d23eb86ccb64098d20db90856062eb249c33a9b672f26df61225820930a56b87a2fca6633"
    "4b03458abf879717c12cc68ed73290af2e2664796b9220"
)
REQUEST_CLIENT_DATA = bytes.fromhex(
    "7b2274797065223a22776562617574686e2e676574222c226368616c6c656e6765223a224f63446e55685158756c5455506f334a5558543049"
    "393770767a7a59425039745a63685879617630314167222c226f726967696e223a2268747470733a2f2f6578616d706c652e6f7267222c2263"
    "726f73734f726967696e223a66616c73657d"
)
AUTHENTICATOR_DATA = bytes.fromhex("bfabc37432958b063360d3ad6461c9c4735ae7f8edd46592a5e0f01452b2e4b51900000000")
SIGNATURE = bytes.fromhex(
    "3046022100f50a4e2e4409249c4a853ba361282f09841df4dd4547a13a87780218deffcd380221008480ac0f0b93538174f575bf11a1dd5d78"
    "c6e486013f937295ea13653e331e87"
)
REGISTERED = {
    "id": b64(CREDENTIAL_ID),
    "rawId": b64(CREDENTIAL_ID),
    "type": "public-key",
    "response": {"clientDataJSON": b64(CREATION_CLIENT_DATA), "attestationObject": b64(ATTESTATION_OBJECT)},
}
ASSERTED = {
    "id": b64(CREDENTIAL_ID),
    "rawId": b64(CREDENTIAL_ID),
    "type": "public-key",
    "response": {
        "clientDataJSON": b64(REQUEST_CLIENT_DATA),
        "authenticatorData": b64(AUTHENTICATOR_DATA),
        "signature": b64(SIGNATURE),
    },
}


def test_the_published_registration_is_read_as_it_is_described() -> None:
    assert challenge_of(REGISTERED) == CREATION_CHALLENGE
    made = read_registration(EXAMPLE_ORG, REGISTERED, CREATION_CHALLENGE)
    assert made is not None
    assert (made.credential_id, made.aaguid.bytes, made.sign_count) == (CREDENTIAL_ID, AAGUID, 0)
    assert (made.backup_eligible, made.backed_up) == (True, True)
    assert made.public_key == cose_key(ec.derive_private_key(PRIVATE_KEY, ec.SECP256R1()))


def test_the_published_assertion_is_accepted() -> None:
    key = cose_key(ec.derive_private_key(PRIVATE_KEY, ec.SECP256R1()))
    signed = read_assertion(EXAMPLE_ORG, ASSERTED, REQUEST_CHALLENGE, key)
    assert signed is not None
    assert (signed.credential_id, signed.user_verified, signed.backed_up) == (CREDENTIAL_ID, False, True)


def test_our_authenticator_makes_the_published_bytes() -> None:
    """Then what the other tests make with it is what an authenticator makes."""
    device = Authenticator(flags=0x19, counts=False, aaguid=AAGUID, origin="https://example.org")
    key = ec.derive_private_key(PRIVATE_KEY, ec.SECP256R1())
    options: dict[str, Any] = {
        "rp": {"id": "example.org"},
        "user": {"id": "AAAA"},
        "challenge": b64(CREATION_CHALLENGE),
    }
    made = device.create(options, key=key, credential_id=CREDENTIAL_ID)["response"]
    assert made["attestationObject"] == b64(ATTESTATION_OBJECT)
    asked = {"rpId": "example.org", "allowCredentials": [], "challenge": b64(REQUEST_CHALLENGE)}
    signed = device.get(asked)["response"]
    assert signed["clientDataJSON"] == b64(REQUEST_CLIENT_DATA)
    assert signed["authenticatorData"] == b64(AUTHENTICATOR_DATA)
    assert signed["signature"] == b64(SIGNATURE)


@pytest.mark.parametrize(
    "policy",
    [
        PasskeyPolicy("example.com", "Example", ("https://example.org",), 300, 10),
        PasskeyPolicy("example.org", "Example", ("https://www.example.org", "http://example.org"), 300, 10),
    ],
)
def test_the_published_examples_are_of_their_own_site_only(policy: PasskeyPolicy) -> None:
    key = cose_key(ec.derive_private_key(PRIVATE_KEY, ec.SECP256R1()))
    assert read_registration(policy, REGISTERED, CREATION_CHALLENGE) is None
    assert read_assertion(policy, ASSERTED, REQUEST_CHALLENGE, key) is None


def test_an_unknown_credential_is_never_right() -> None:
    assert read_assertion(EXAMPLE_ORG, ASSERTED, REQUEST_CHALLENGE, None) is None
    nobody = Credential(ec.derive_private_key(1, ec.SECP256R1()), CREDENTIAL_ID, "example.org", b"", 0)
    asked = {"rpId": "example.org", "allowCredentials": [], "challenge": b64(REQUEST_CHALLENGE)}
    signed = Authenticator(origin="https://example.org").get(asked, credential=nobody)
    assert read_assertion(EXAMPLE_ORG, signed, REQUEST_CHALLENGE, cose_key(nobody.key)) is not None
    assert read_assertion(EXAMPLE_ORG, signed, REQUEST_CHALLENGE, None) is None


@examples(max_examples=300, deadline=None, database=None)
@given(
    where=st.sampled_from(["clientDataJSON", "attestationObject"]), at=st.integers(0, 400), put=st.binary(max_size=9)
)
def test_damaged_bytes_are_refused_or_read_and_never_raise(where: str, at: int, put: bytes) -> None:
    whole = {"clientDataJSON": CREATION_CLIENT_DATA, "attestationObject": ATTESTATION_OBJECT}
    damaged = whole | {where: whole[where][:at] + put + whole[where][at + len(put) :]}
    response = {name: b64(value) for name, value in damaged.items()}
    read = {**REGISTERED, "response": response}
    challenge_of(read)
    read_registration(EXAMPLE_ORG, read, CREATION_CHALLENGE)


@pytest.mark.parametrize("damaged", [{}, {"rawId": "A"}, {"rawId": 1}, {"rawId": "é", "response": []}])
def test_what_is_no_credential_is_nobodys(damaged: dict[str, Any]) -> None:
    assert credential_id_of(damaged) == b""
    assert challenge_of(damaged) == b""
    assert read_registration(EXAMPLE_ORG, damaged, b"") is None
    assert read_assertion(EXAMPLE_ORG, damaged, b"", None) is None


def test_a_challenge_is_good_for_its_use_and_its_subject_until_its_time_ends(
    clock: HandClock, entropy: KnownEntropy
) -> None:
    challenges = PasskeyChallenges(KeyedHash(bytes(32)), entropy)
    made = challenges.make("ticket", b"one", expires_at=clock.now() + timedelta(seconds=300))
    assert made != challenges.make("ticket", b"one", expires_at=clock.now() + timedelta(seconds=300))
    assert challenges.read(made, "ticket", b"one", now=clock.now()) is not None
    for use, subject in (("login", b"one"), ("ticket", b"another"), ("ticket", b"")):
        assert challenges.read(made, use, subject, now=clock.now()) is None
    for forged in (b"", made[:-1], made + b"\0", bytes(len(made)), made[:20] + b"\xff" + made[21:]):
        assert challenges.read(forged, "ticket", b"one", now=clock.now()) is None
    clock.pass_time(seconds=299)
    assert challenges.read(made, "ticket", b"one", now=clock.now()) is not None
    clock.pass_time(seconds=1)
    assert challenges.read(made, "ticket", b"one", now=clock.now()) is None
