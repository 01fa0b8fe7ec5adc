"""The service's secrets: from settings, or, outside production, made once in the data directory."""

from __future__ import annotations

import base64
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import SecretStr

from xuexin_api.core.entropy import Entropy
from xuexin_api.core.sealing import KEY_BYTES
from xuexin_api.core.tokens import load_signing_key
from xuexin_api.settings import Settings, SettingsError, decode_key

_PEM = re.compile(r"-----BEGIN [^-]+-----.+?-----END [^-]+-----", re.DOTALL)


@dataclass(frozen=True, slots=True, repr=False)
class Keys:
    """Parsed secrets. Without a repr: nothing prints them by accident."""

    secret: bytes
    lookup: bytes
    sealing: dict[int, bytes]
    token: list[ec.EllipticCurvePrivateKey]


def generate_keys(entropy: Entropy) -> dict[str, str]:
    """Fresh values for the four secret settings, by their environment names."""

    def key() -> str:
        return base64.b64encode(entropy.token(KEY_BYTES)).decode()

    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return {
        "XUEXIN_SECRET_KEY": key(),
        "XUEXIN_LOOKUP_KEY": key(),
        "XUEXIN_SEALING_KEYS": f"1:{key()}",
        "XUEXIN_TOKEN_KEYS": pem.decode(),
    }


def load_keys(settings: Settings, entropy: Entropy) -> Keys:
    """The keys to run with; SettingsError where they are missing or malformed."""
    given = {
        "XUEXIN_SECRET_KEY": settings.secret_key,
        "XUEXIN_LOOKUP_KEY": settings.lookup_key,
        "XUEXIN_SEALING_KEYS": settings.sealing_keys,
        "XUEXIN_TOKEN_KEYS": settings.token_keys,
    }
    texts = {name: value.get_secret_value() for name, value in given.items() if isinstance(value, SecretStr)}
    if len(texts) < len(given):
        if settings.production:
            raise SettingsError(f"production needs its own {', '.join(sorted(given.keys() - texts.keys()))}")
        try:
            texts = _kept(settings.data_dir / "secrets.json", entropy) | texts
        except (OSError, ValueError) as failure:
            raise SettingsError(f"the secrets in XUEXIN_DATA_DIR cannot be kept or read: {failure}") from None
    return Keys(
        secret=decode_key(texts["XUEXIN_SECRET_KEY"], "XUEXIN_SECRET_KEY"),
        lookup=decode_key(texts["XUEXIN_LOOKUP_KEY"], "XUEXIN_LOOKUP_KEY"),
        sealing=_versions(texts["XUEXIN_SEALING_KEYS"]),
        token=_token_keys(texts["XUEXIN_TOKEN_KEYS"]),
    )


def _kept(path: Path, entropy: Entropy) -> dict[str, str]:
    """The secrets of this data directory; the first of several processes makes them, all use its."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        draft = path.with_suffix(f".{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(generate_keys(entropy), indent=2), encoding="utf-8")
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    kept: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return kept


def _versions(text: str) -> dict[int, bytes]:
    keys: dict[int, bytes] = {}
    for part in text.split(","):
        version, _, key = part.strip().partition(":")
        if not version.isdecimal() or not 0 < int(version) < 2**16:
            raise SettingsError("XUEXIN_SEALING_KEYS is version:base64, comma-separated")
        keys[int(version)] = decode_key(key, "XUEXIN_SEALING_KEYS")
    return keys


def _token_keys(text: str) -> list[ec.EllipticCurvePrivateKey]:
    # An environment has no lines: shells and env files hand on the two characters that stand for the end of one.
    try:
        keys = [load_signing_key(pem) for pem in _PEM.findall(text.replace("\\n", "\n"))]
    except ValueError as problem:
        raise SettingsError(f"XUEXIN_TOKEN_KEYS: {problem}") from None
    if not keys:
        raise SettingsError("XUEXIN_TOKEN_KEYS holds no PEM key")
    return keys
