"""The service platforms that take the account."""

from __future__ import annotations

from pydantic import Field

from xuexin_api.schemas.types import Output


class Platform(Output):
    id: str = Field(description="Which platform, for programs.", examples=["postgraduate-admission"])
    name: str = Field(description="Name of the platform.", examples=["中国研究生招生信息网"])
    purpose: str = Field(description="What it is for, in a few words.", examples=["研究生招生报名、调剂和推免"])
    article: str | None = Field(
        description="The slug of the help article about it; null where there is none.",
        examples=["postgraduate-account"],
    )


class PlatformList(Output):
    items: list[Platform] = Field(description="All platforms that take the account.")
