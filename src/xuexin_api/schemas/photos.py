"""Hand-held photos, and pictures that prove something."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from xuexin_api.core.pictures import HintName, RuleName
from xuexin_api.schemas.types import Choice, Id, Moment, Output

Side = Literal["front", "back"]
PhotoState = Literal["refused", "received", "seen", "accepted", "rejected", "erased"]
_ID = "0199a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b"
_TIME = "2026-11-23T08:00:00Z"


class PhotoRule(Output):
    name: RuleName = Field(
        description="Which rule: `size` of the file, `kind` of picture, `whole` (not cut off), `alone` (nothing "
        "behind it), `single` (still), `unpacking` (grows no further than allowed), `pixels` (neither too many nor "
        "too few), `readable`, `stored` (small enough once drawn anew).",
        examples=["size"],
    )
    passed: bool = Field(description="Whether the picture keeps it.", examples=[True])
    said: str = Field(description="What was looked at, or what is wrong.", examples=["文件大小符合要求"])


class PhotoHint(Output):
    name: HintName = Field(
        description="What was measured: `sharpness`; `card`, how large it is in the picture; `face`, whether one is "
        "seen.",
        examples=["sharpness"],
    )
    good: bool | None = Field(description="Null where nothing could be measured.", examples=[True])
    said: str = Field(description="What was seen, and what to do about it.", examples=["清晰度良好"])


class _SentPhoto(Output):
    id: Id = Field(examples=[_ID])
    reason: Choice | None = Field(description="Why it was refused or rejected; null: it was not.", examples=[None])
    received_sha256: str | None = Field(
        description="Of the file as it arrived: the same as yours, if all of it did. Null where it was not read.",
        examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
    )
    received_bytes: int = Field(
        description="Of the file; where it was too large to read, of the upload, at least.",
        examples=[734003],
    )
    width: int | None = Field(description="Width in pixels, as it is kept; null where it was refused.", examples=[1200])
    height: int | None = Field(
        description="Height in pixels, as it is kept; null where it was refused.", examples=[900]
    )
    reduced: bool = Field(description="Whether that is fewer than arrived.", examples=[False])
    rules: list[PhotoRule] = Field(description="Each rule that was looked at.")
    hints: list[PhotoHint] = Field(description="For a better photo; no hint refuses one.")
    created_at: Moment = Field(description="When it was sent.", examples=[_TIME])
    erased_at: Moment | None = Field(
        description="When it was taken back, or erased from the store; null: neither.", examples=[None]
    )


class HandheldPhoto(_SentPhoto):
    side: Side | None = Field(
        description="Which side of the card the person holds up; null where too much was sent to read which.",
        examples=["front"],
    )
    state: PhotoState = Field(
        description="`refused` broke a rule and was not kept; `received` is kept and nobody has looked; `seen` a "
        "reviewer has; `erased` is gone from the store.",
        examples=["received"],
    )
    decision: Literal["accepted", "rejected"] | None = Field(
        description="What a reviewer said; it stays when the photo is erased; null: nothing so far.", examples=[None]
    )


class ProofPicture(_SentPhoto):
    state: Literal["refused", "received", "seen", "erased"] = Field(
        description="`refused` broke a rule and was not kept; `received` is kept and nobody has looked; `seen` whoever "
        "decides has; `erased` is gone from the store.",
        examples=["received"],
    )


class ProofPictureList(Output):
    items: list[ProofPicture] = Field(description="Oldest first.")
