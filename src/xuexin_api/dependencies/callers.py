"""Who asks, from where, in which language: read from the request alone."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Request

from xuexin_api.core.errors import (
    InsufficientUserAuthenticationError,
    NotForThisAddressError,
    RefusalError,
    RoleNotAllowedError,
    TokenInvalidError,
    TokenMissingError,
)
from xuexin_api.core.messages import Language
from xuexin_api.core.platforms import Platform, platform_of
from xuexin_api.core.tokens import Claims, TokenMint, TokenRejectedError
from xuexin_api.dependencies.wiring import wiring
from xuexin_api.problems import language_of


def read_claims(request: Request) -> Claims:
    """What the access token says. Whether its session lives is asked by the service, with the data."""
    return _claims_by(wiring(request).mint, request)


def _claims_by(mint: TokenMint, request: Request) -> Claims:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise TokenMissingError
    try:
        return mint.read(token.strip())
    except TokenRejectedError:
        raise TokenInvalidError from None


async def claims_of_caller(request: Request) -> Claims:
    """`read_claims`, for endpoints that hand the caller on."""
    return read_claims(request)


def claims_if_any(request: Request) -> Claims | None:
    """What a good access token says, where one was sent."""
    return _claims_if_any(wiring(request).mint, request)


def staff_claims_if_any(request: Request) -> Claims | None:
    """What a good staff token says, where one was sent."""
    return _claims_if_any(wiring(request).staff_mint, request)


def _claims_if_any(mint: TokenMint, request: Request) -> Claims | None:
    try:
        return _claims_by(mint, request)
    except (TokenMissingError, TokenInvalidError):
        return None


async def claims_of_staff(request: Request) -> Claims:
    """What a staff token says; a student's is none."""
    return _claims_by(wiring(request).staff_mint, request)


CallerClaims = Annotated[Claims, Depends(claims_of_caller)]
StaffClaims = Annotated[Claims, Depends(claims_of_staff)]
# What asking for a caller may be refused with: whoever it is, verified a short while ago, or a member in a role.
LOGGED_IN: Final[tuple[type[RefusalError], ...]] = (TokenMissingError, TokenInvalidError)
VERIFIED: Final[tuple[type[RefusalError], ...]] = (*LOGGED_IN, InsufficientUserAuthenticationError)
OF_STAFF: Final[tuple[type[RefusalError], ...]] = (*LOGGED_IN, RoleNotAllowedError)


async def claims_where_sent(request: Request) -> Claims | None:
    """Who is asking, where a token came along: a bad one is refused, and not taken for nobody's."""
    return read_claims(request) if "authorization" in request.headers else None


SentClaims = Annotated[Claims | None, Depends(claims_where_sent)]


async def wants_events(request: Request) -> bool:
    """Whether the answer should be a stream of server-sent events."""
    return "text/event-stream" in request.headers.get("accept", "")


WantsEvents = Annotated[bool, Depends(wants_events)]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a request comes from: the address, the network that limits count by, and what system it says it is."""

    address: str
    network: str
    platform: Platform


async def source_of_request(request: Request) -> Source:
    """As the edge found it."""
    platform = platform_of(request.headers.get("user-agent", ""))
    return Source(request.state.client_address, request.state.client_network, platform)


RequestSource = Annotated[Source, Depends(source_of_request)]


async def refuse_unless_operator(request: Request) -> None:
    """NotForThisAddressError for addresses that do not watch the service."""
    try:
        address = ipaddress.ip_address(request.state.client_address)
    except ValueError:
        raise NotForThisAddressError from None
    if not any(address in network for network in wiring(request).settings.metrics_networks):
        raise NotForThisAddressError


async def language_of_request(request: Request) -> Language:
    """The language of the answer's words, noted for the edge, which names it in the answer."""
    language = language_of(request)
    request.state.language = language
    return language


RequestLanguage = Annotated[Language, Depends(language_of_request)]


async def known_tags(request: Request) -> str | None:
    """The entity tags of what the caller has already."""
    return request.headers.get("if-none-match")


KnownTags = Annotated[str | None, Depends(known_tags)]


async def expected_tag(request: Request) -> str | None:
    """The entity tag of what the caller decided on."""
    return request.headers.get("if-match")


ExpectedTag = Annotated[str | None, Depends(expected_tag)]
