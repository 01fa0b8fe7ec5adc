"""Proof of work."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from xuexin_api.schemas.types import Input, Output, Purpose


class ChallengeRequest(Input):
    purpose: Purpose = Field(
        description="What the answer will be used for; it fits nothing else.", examples=["registration"]
    )


class Challenge(Output):
    parameters: dict[str, Any] = Field(
        description="altcha version 2 parameters: solve with any altcha client.",
        examples=[
            {
                "algorithm": "PBKDF2/SHA-256",
                "cost": 2000,
                "data": {"purpose": "registration"},
                "expiresAt": 1893456600,
                "keyLength": 32,
                "keyPrefix": "00",
                "nonce": "0c4f3c1d2f8e7a6b5c4d3e2f1a0b9c8d",
                "salt": "8d9c0b1a2f3e4d5c6b7a8e2f1d3c4f0c",
            }
        ],
    )
    signature: str = Field(
        description="Signature of the parameters; send it back unchanged.",
        examples=["5f2d8c1e9b7a4f3c6d0e2b8a7c9f1e3d5b4a6c8e0f2d4b6a8c0e1f3d5b7a9c1e"],
    )
