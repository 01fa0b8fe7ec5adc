"""What every request to Tencent Cloud carries, signed by TC3-HMAC-SHA256: "Signature v3" of its documentation."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

_ALGORITHM: Final = "TC3-HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class TencentKeys:
    """A key pair, and the region that is asked."""

    secret_id: str
    secret_key: str
    region: str


@dataclass(frozen=True, slots=True)
class TencentAction:
    """What is asked of which service, in which version of its interface."""

    service: str
    version: str
    name: str


def signed_headers(
    keys: TencentKeys, action: TencentAction, content: bytes, *, host: str, now: datetime
) -> dict[str, str]:
    """The headers of a POST of this JSON to the root path."""
    timestamp = int(now.timestamp())
    signed = {"content-type": "application/json; charset=utf-8", "host": host, "x-tc-action": action.name}
    authorization = sign_tc3(
        keys.secret_id, keys.secret_key, service=action.service, timestamp=timestamp, headers=signed, content=content
    )
    return signed | {
        "authorization": authorization,
        "x-tc-version": action.version,
        "x-tc-timestamp": str(timestamp),
        "x-tc-region": keys.region,
    }


def sign_tc3(
    secret_id: str, secret_key: str, *, service: str, timestamp: int, headers: Mapping[str, str], content: bytes
) -> str:
    """The Authorization header of a POST to the root path; every header given is signed."""
    day = f"{datetime.fromtimestamp(timestamp, UTC):%Y-%m-%d}"
    scope = f"{day}/{service}/tc3_request"
    lower = {name.lower(): value.strip().lower() for name, value in headers.items()}
    names = sorted(lower)
    signed = ";".join(names)
    canonical = "\n".join(
        ["POST", "/", "", *(f"{name}:{lower[name]}" for name in names), "", signed, hashlib.sha256(content).hexdigest()]
    )
    text = "\n".join([_ALGORITHM, str(timestamp), scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = f"TC3{secret_key}".encode()
    for part in (day, service, "tc3_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    return f"{_ALGORITHM} Credential={secret_id}/{scope}, SignedHeaders={signed}, Signature={signature}"
