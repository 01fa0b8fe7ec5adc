"""Third-party login, and the identities that an account linked."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from xuexin_api.schemas.types import Choice, Input, Moment, Output, Secret

ProviderName = Literal["alipay", "wechat", "weibo"]
ProviderCode = Annotated[str, StringConstraints(min_length=1, max_length=512, pattern=r"^[!-~]+$")]


class ProviderList(Output):
    items: list[Choice] = Field(description="The providers that are open here, with their names for people.")


class SentAway(Output):
    authorize_url: str = Field(
        description="Send the browser there. The provider sends it back to `/third-party/{provider}` of the front end, "
        "with `state` and a code.",
        examples=["https://api.weibo.com/oauth2/authorize?client_id=1234567890&response_type=code&state=5f4e3d2c1b0a"],
    )
    secret: str = Field(
        description="Keep it in the browser's session storage, never in an address: it proves that whoever comes back "
        "is who was sent.",
        examples=["9f8e7d6c5b4a39281706f5e4d3c2b1a0"],
    )
    expires_in: int = Field(description="Seconds to come back.", examples=[600])


class CameBack(Input):
    state: Secret = Field(description="As the provider brought it back.", examples=["5f4e3d2c1b0a"])
    code: ProviderCode = Field(
        description="As the provider brought it back: its `code`, from Alipay its `auth_code`.",
        examples=["081aBcD00x1yZz2efGh30wVuT41aBcDx"],
    )
    secret: Secret = Field(
        description="Of the `start` that this client asked for.", examples=["9f8e7d6c5b4a39281706f5e4d3c2b1a0"]
    )


class CameBackToLogIn(CameBack):
    device_token: Secret | None = Field(
        default=None, description="Of an earlier login on this device.", examples=[None]
    )


class LinkedIdentity(Output):
    provider: ProviderName = Field(description="Whose login it is.", examples=["wechat"])
    linked_at: Moment = Field(description="When it was linked.", examples=["2026-11-24T08:00:00Z"])
    last_used_at: Moment | None = Field(description="The last login by it; null: none so far.", examples=[None])


class LinkedIdentityList(Output):
    items: list[LinkedIdentity] = Field(description="At most one of each provider.")
