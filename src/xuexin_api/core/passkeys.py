"""Passkeys (W3C Web Authentication, level 3), behind the one module that knows the library.

An authenticator answers what a browser asks it for us. What comes back is believed only as far as its signature goes:
attestations are not looked at, and nothing in here knows an account.
"""

from __future__ import annotations

import contextlib
import hmac
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from webauthn import (
    base64url_to_bytes,
    generate_authentication_options,
    generate_registration_options,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import (
    bytes_to_base64url,
    decode_credential_public_key,
    decoded_public_key_to_cryptography,
    encode_cbor,
    options_to_json_dict,
    parse_cbor,
    parse_client_data_json,
    verify_signature,
)
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    CredentialDeviceType,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from xuexin_api.core.entropy import Entropy
from xuexin_api.core.policies import PasskeyPolicy
from xuexin_api.core.sealing import KeyedHash

_ALGORITHMS: Final = [
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
]
_LONGEST_ID: Final = 1023
_LONGEST_KEY: Final = 1100
"""Room for an RSA key of 8192 bits: checking a signature must stay cheap."""
_HEAD: Final = struct.Struct(">16sQ")
_TAG_BYTES: Final = 16
_TRANSPORTS: Final = frozenset(transport.value for transport in AuthenticatorTransport)
_NOBODYS_KEY: Final = bytes.fromhex(
    "a5010203262001"
    "2158206b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "2258204fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
)
"""Held against signatures of unknown credentials, so that they cost what those of known ones cost. It opens nothing."""


@dataclass(frozen=True, slots=True)
class KnownCredential:
    """What a browser must know of a credential to find its authenticator again."""

    credential_id: bytes
    transports: Sequence[str]


@dataclass(frozen=True, slots=True)
class NewCredential:
    """What an authenticator has made for us. `backup_eligible` never changes, `backed_up` does."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    aaguid: UUID
    transports: list[str]
    backup_eligible: bool
    backed_up: bool


@dataclass(frozen=True, slots=True)
class Assertion:
    """What an authenticator has signed. `user_handle` is what it was told at registration, where it says it."""

    credential_id: bytes
    user_handle: bytes | None
    user_verified: bool
    sign_count: int
    backup_eligible: bool
    backed_up: bool


@dataclass(frozen=True, slots=True)
class OpenChallenge:
    """A challenge of ours whose time has not ended; its nonce is what is used up."""

    nonce: str
    expires_at: datetime


class PasskeyChallenges:
    """nonce ‖ expiry ‖ HMAC(use, subject, nonce, expiry): nothing is stored of a challenge before it is used."""

    def __init__(self, keyed: KeyedHash, entropy: Entropy) -> None:
        self._keyed = keyed
        self._entropy = entropy

    def make(self, use: str, subject: bytes, *, expires_at: datetime) -> bytes:
        """A challenge that is good for this use of this subject only."""
        head = _HEAD.pack(self._entropy.token(16), int(expires_at.timestamp()))
        return head + self._tag(use, subject, head)

    def read(self, challenge: bytes, use: str, subject: bytes, *, now: datetime) -> OpenChallenge | None:
        """The challenge, or None where it is not ours, for something else, or late."""
        head, tag = challenge[: _HEAD.size], challenge[_HEAD.size :]
        if len(head) != _HEAD.size or not hmac.compare_digest(tag, self._tag(use, subject, head)):
            return None
        nonce, seconds = _HEAD.unpack(head)
        expires_at = datetime.fromtimestamp(seconds, UTC)
        return OpenChallenge(f"passkey:{nonce.hex()}", expires_at) if now < expires_at else None

    def _tag(self, use: str, subject: bytes, head: bytes) -> bytes:
        return self._keyed.digest(use.encode() + b"\0" + head + subject)[:_TAG_BYTES]


def creation_options(
    policy: PasskeyPolicy,
    *,
    challenge: bytes,
    user_handle: bytes,
    user_name: str,
    known: Sequence[KnownCredential],
    alone: bool,
) -> dict[str, Any]:
    """What a browser needs to have a passkey made (PublicKeyCredentialCreationOptionsJSON).

    One that is always to stand `alone` must be found by its domain only, and verify its user.
    """
    options = generate_registration_options(
        rp_id=policy.rp_id,
        rp_name=policy.rp_name,
        user_id=user_handle,
        user_name=user_name,
        challenge=challenge,
        timeout=policy.lifetime * 1000,
        exclude_credentials=_descriptors(known),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED if alone else ResidentKeyRequirement.PREFERRED,
            user_verification=_verification(alone=alone),
        ),
        supported_pub_key_algs=_ALGORITHMS,
    )
    return options_to_json_dict(options)


def request_options(
    policy: PasskeyPolicy, *, challenge: bytes, known: Sequence[KnownCredential], alone: bool
) -> dict[str, Any]:
    """What a browser needs to have a challenge signed (PublicKeyCredentialRequestOptionsJSON).

    A passkey that stands `alone`, with nobody named before it, must verify its user.
    """
    options = generate_authentication_options(
        rp_id=policy.rp_id,
        challenge=challenge,
        timeout=policy.lifetime * 1000,
        allow_credentials=_descriptors(known),
        user_verification=_verification(alone=alone),
    )
    return options_to_json_dict(options)


def credential_id_of(credential: Mapping[str, Any]) -> bytes:
    """Which credential an answer says it is of; empty where it does not say."""
    try:
        return base64url_to_bytes(credential["rawId"])
    except (KeyError, TypeError, ValueError):
        return b""


def challenge_of(credential: Mapping[str, Any]) -> bytes:
    """The challenge that the browser says was signed; empty where it does not say."""
    try:
        data = parse_client_data_json(base64url_to_bytes(credential["response"]["clientDataJSON"]))
    except Exception:  # noqa: BLE001 - a stranger's bytes: whatever the parsers raise, it is no client data
        return b""
    # We are not shown in frames of other sites: what was signed there is a trick.
    return b"" if data.cross_origin else data.challenge


def read_registration(
    policy: PasskeyPolicy, credential: Mapping[str, Any], challenge: bytes, *, alone: bool = False
) -> NewCredential | None:
    """The new credential; None where anything about it is wrong."""
    try:
        made = verify_registration_response(
            credential=_without_attestation(credential),
            expected_challenge=challenge,
            expected_rp_id=policy.rp_id,
            expected_origin=list(policy.origins),
            require_user_verification=alone,
            supported_pub_key_algs=_ALGORITHMS,
        )
        _check_key(made.credential_public_key)
        transports = credential["response"].get("transports") or ()
        aaguid = UUID(made.aaguid)
    except Exception:  # noqa: BLE001 - a stranger's bytes, as above
        return None
    if len(made.credential_id) > _LONGEST_ID or len(made.credential_public_key) > _LONGEST_KEY:
        return None
    return NewCredential(
        credential_id=made.credential_id,
        public_key=made.credential_public_key,
        sign_count=made.sign_count,
        aaguid=aaguid,
        transports=sorted(_TRANSPORTS.intersection(transports)),
        backup_eligible=made.credential_device_type is CredentialDeviceType.MULTI_DEVICE,
        backed_up=made.credential_backed_up,
    )


def read_assertion(
    policy: PasskeyPolicy, credential: Mapping[str, Any], challenge: bytes, public_key: bytes | None
) -> Assertion | None:
    """What was signed; None where anything about it is wrong. Without a key the work is the same, and always None.

    Whether the counter went on is for the caller to judge, who also knows whether somebody else just moved it.
    """
    try:
        signed = verify_authentication_response(
            credential=dict(credential),
            expected_challenge=challenge,
            expected_rp_id=policy.rp_id,
            expected_origin=list(policy.origins),
            credential_public_key=_NOBODYS_KEY if public_key is None else public_key,
            credential_current_sign_count=0,
        )
        handle = credential["response"].get("userHandle")
        user_handle = None if handle is None else base64url_to_bytes(handle)
    except Exception:  # noqa: BLE001 - a stranger's bytes, as above
        return None
    if public_key is None:
        return None
    return Assertion(
        credential_id=signed.credential_id,
        user_handle=user_handle,
        user_verified=signed.user_verified,
        sign_count=signed.new_sign_count,
        backup_eligible=signed.credential_device_type is CredentialDeviceType.MULTI_DEVICE,
        backed_up=signed.credential_backed_up,
    )


def _verification(*, alone: bool) -> UserVerificationRequirement:
    return UserVerificationRequirement.REQUIRED if alone else UserVerificationRequirement.PREFERRED


def _check_key(public_key: bytes) -> None:
    """Raises unless signatures can be held against it: a passkey that never opens would lock its owner out."""
    decoded = decode_credential_public_key(public_key)
    with contextlib.suppress(InvalidSignature):
        verify_signature(
            public_key=decoded_public_key_to_cryptography(decoded), signature_alg=decoded.alg, signature=b"", data=b""
        )


def _without_attestation(credential: Mapping[str, Any]) -> dict[str, Any]:
    """The same credential with the statement "none": we trust no maker, so no certificate of a stranger is parsed."""
    response = credential["response"]
    attested = parse_cbor(base64url_to_bytes(response["attestationObject"]))
    bare = encode_cbor({"fmt": "none", "attStmt": {}, "authData": attested["authData"]})
    return {**credential, "response": {**response, "attestationObject": bytes_to_base64url(bare)}}


def _descriptors(known: Sequence[KnownCredential]) -> list[PublicKeyCredentialDescriptor]:
    return [
        PublicKeyCredentialDescriptor(
            id=one.credential_id, transports=[AuthenticatorTransport(transport) for transport in one.transports]
        )
        for one in known
    ]
