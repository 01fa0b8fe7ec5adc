"""Agreements and security questions."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from xuexin_api.schemas.types import Output


class Agreement(Output):
    kind: Literal["user_agreement", "privacy_policy"] = Field(examples=["user_agreement"])
    version: str = Field(description="Name this version in the consents of a registration.", examples=["2026-11-01"])
    title: str = Field(examples=["用户协议"])
    text: str = Field(description="Markdown.", examples=["1. 本服务……"])


class AgreementList(Output):
    items: list[Agreement]


class SecurityQuestion(Output):
    id: str = Field(examples=["first_teacher"])
    title: str = Field(examples=["您小学第一位班主任的姓名是？"])


class SecurityQuestionList(Output):
    items: list[SecurityQuestion]
