"""Imports of schools."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from xuexin_api.schemas.types import Id, Moment, NextCursor, Output

ImportKindName = Literal["roster", "graduates", "admission_photos", "graduation_photos"]
ImportStateName = Literal["queued", "reading", "judging", "checked", "published", "failed", "cancelled"]
FileName = Annotated[str, StringConstraints(min_length=1, max_length=120, pattern=r"^[^\x00-\x1f\x7f/\\]+$")]
_ID = "0199a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b"
_TIME = "2026-11-23T08:00:00Z"


class ImportResult(Output):
    added: int = Field(description="Records, or photos, that were not there before.", examples=[9800])
    changed: int = Field(description="Records, or photos, that became others.", examples=[120])
    unchanged: int = Field(description="Rows, or photos, that are as what is published.", examples=[70])
    rejected: int = Field(description="`GET …/rejected` has them, where they are rows.", examples=[10])


class ImportFailure(Output):
    code: str = Field(description="Why, for programs.", examples=["roster_columns_missing"])
    detail: str = Field(description="Why, for people.", examples=["缺少必需的列：XM。"])


class Import(Output):
    id: Id = Field(examples=[_ID])
    kind: ImportKindName = Field(
        description="What the file holds: `roster` 学籍, `graduates` 学历 and 学位, `admission_photos` 录取照片, "
        "`graduation_photos` 学历照片.",
        examples=["roster"],
    )
    state: ImportStateName = Field(
        description="`checked` is the end of a dry run, and waits for its publication.", examples=["reading"]
    )
    dry_run: bool = Field(
        description="Whether rows are judged only; false from the moment on at which somebody publishes it.",
        examples=[False],
    )
    file_name: str = Field(description="As it was named in the upload.", examples=["roster.csv"])
    format: Literal["csv", "xlsx", "dbf", "zip"] | None = Field(
        description="Found out by what the file holds; null before it is read.", examples=["csv"]
    )
    byte_size: int = Field(description="Size of the file as it arrived.", examples=[2400000])
    sha256: str = Field(
        description="Of the file as it arrived, in hexadecimal.",
        examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
    )
    percent: int = Field(description="100 when it is done.", examples=[42])
    rows_read: int = Field(description="Rows, or photos, that are read so far.", examples=[4200])
    rows_total: int | None = Field(description="About; null while that is not known.", examples=[10000])
    rows_per_second: int | None = Field(
        description="How fast they are, or were, read; null before that is known.", examples=[21000]
    )
    seconds_left: int | None = Field(
        description="Until all rows are read; null where none are being read.", examples=[1]
    )
    result: ImportResult | None = Field(
        description="What became of the rows, or after a dry run what would become of them; null before all are "
        "judged.",
        examples=[None],
    )
    error: ImportFailure | None = Field(
        description="Why the file as a whole was refused, or its import cancelled though nobody asked for it; null "
        "where neither.",
        examples=[None],
    )
    created_at: Moment = Field(description="When it was uploaded.", examples=[_TIME])
    finished_at: Moment | None = Field(description="When it ended; null before.", examples=[None])
    kept_until: Moment | None = Field(
        description="Until then rejected rows can be read and a dry run published; null before it ended.",
        examples=[None],
    )


class ImportList(Output):
    items: list[Import] = Field(description="Newest first.")
    next_cursor: NextCursor
