"""Agreements and security questions."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from xuexin_api.schemas.types import Output


class Agreement(Output):
    kind: Literal["user_agreement", "privacy_policy"] = Field(
        description="`user_agreement` 用户协议, `privacy_policy` 隐私政策.", examples=["user_agreement"]
    )
    version: str = Field(description="Name this version in the consents of a registration.", examples=["2026-11-01"])
    title: str = Field(description="Name of the text.", examples=["用户协议"])
    text: str = Field(description="The whole text, Markdown.", examples=["1. 本服务……"])


class AgreementList(Output):
    items: list[Agreement] = Field(description="The texts in force, one of each kind.")


class SecurityQuestion(Output):
    id: str = Field(description="Which question (密保问题), for programs.", examples=["first_teacher"])
    title: str = Field(description="The question, for people.", examples=["您小学第一位班主任的姓名是？"])


class SecurityQuestionList(Output):
    items: list[SecurityQuestion] = Field(description="All questions that can be chosen from.")
