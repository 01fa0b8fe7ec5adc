"""Health and keys."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from xuexin_api.schemas.types import Output


class Health(Output):
    status: Literal["ok"] = Field(description="`ok`, or the answer is a problem.", examples=["ok"])


class JsonWebKey(Output):
    kty: str = Field(description="Kind of key (RFC 7517).", examples=["EC"])
    crv: str = Field(description="Curve (RFC 7518).", examples=["P-256"])
    x: str = Field(
        description="X coordinate of the public key, base64url.",
        examples=["f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"],
    )
    y: str = Field(
        description="Y coordinate of the public key, base64url.",
        examples=["x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"],
    )
    kid: str = Field(description="RFC 7638 thumbprint.", examples=["oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U"])
    alg: str = Field(description="Algorithm that it signs with (RFC 7518).", examples=["ES256"])
    use: str = Field(description="What it is for: `sig`, signatures.", examples=["sig"])


class JsonWebKeySet(Output):
    keys: list[JsonWebKey] = Field(description="Keys that access tokens may be signed with.")
