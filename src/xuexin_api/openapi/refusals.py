"""Refusals in the contract: one response per status, and of each refusal the document that it really makes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from itertools import takewhile
from types import MappingProxyType
from typing import Final, get_args

from xuexin_api.core.errors import (
    ChangeNotAllowedError,
    ClaimNoticeRunningError,
    ConsentRequiredError,
    CorrectionUnfitError,
    DocumentRegisteredError,
    DocumentUnderReviewError,
    IdentityCaseNeededError,
    InsufficientUserAuthenticationError,
    InvalidRequestError,
    ObjectionLateError,
    OperationInProgressError,
    Option,
    PhoneRegisteredError,
    PictureRefusedError,
    PictureTooLargeError,
    ProvinceNeededError,
    RecordShowsError,
    RecoveryWaitingError,
    RefusalError,
    SecondFactorNeededError,
    ThirdPartyNotLinkedError,
    WarningNotAcknowledgedError,
    every_refusal,
)
from xuexin_api.core.messages import DEFAULT_LANGUAGE, Language, message
from xuexin_api.core.picture_reading import FIT_OPTION
from xuexin_api.core.pictures import PictureRule, RuleName
from xuexin_api.openapi.lint import Document
from xuexin_api.problems import MEDIA_TYPE, problem_document, refusal_headers, refusal_members
from xuexin_api.services.assurance import methods_of_problem
from xuexin_api.services.codes.phone_proofs import PHONE_OPTIONS
from xuexin_api.services.login.third_party_login import NOT_LINKED_OPTIONS
from xuexin_api.services.registration.registration import DOCUMENT_OPTIONS, WARNING
from xuexin_api.services.verification_methods import methods_for

LANGUAGES: Final[Mapping[str, Language]] = {"": DEFAULT_LANGUAGE, ".en": "en"}
"""What the name of an example ends in, and the language it is in."""
_REQUEST_ID: Final = "3f8a6b7c8d9e0f1a2b0199a1b2c3d4e5"
_WAITING: Final = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
_MINUTE: Final = 60
_CARRYING: Final[tuple[RefusalError, ...]] = (
    # Each operation shows its own.
    InvalidRequestError([]),
    PhoneRegisteredError(options=PHONE_OPTIONS),
    DocumentRegisteredError(options=DOCUMENT_OPTIONS, warning=Option(WARNING)),
    WarningNotAcknowledgedError(warning=Option(WARNING)),
    DocumentUnderReviewError(options=DOCUMENT_OPTIONS[:2]),
    ConsentRequiredError(options=(Option("close_account"),)),
    IdentityCaseNeededError(options=(Option("identity_case"),)),
    SecondFactorNeededError(options=(Option("totp"), Option("recovery_code"))),
    ThirdPartyNotLinkedError(options=NOT_LINKED_OPTIONS),
    RecoveryWaitingError(retry_after=86400),
    ChangeNotAllowedError(params={"allowed": ["register", "register_year"]}),
    RecordShowsError(params={"enrollment_id": "0199a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b"}),
    CorrectionUnfitError(params={"fields": ["class_name"]}),
    ProvinceNeededError(params={"why": "published"}),
    ClaimNoticeRunningError(params={"grant_from": "2026-11-30T08:00:00Z"}),
    ObjectionLateError(params={"object_until": "2026-12-23T08:00:00Z"}),
    OperationInProgressError(retry_after=1),
    InsufficientUserAuthenticationError(max_age=1800, methods=methods_of_problem(methods_for("active"))),
)
"""Refusals that bring more than their words, as services raise them."""
_PICTURE: Final[dict[str, object]] = {
    "photo_id": "0199a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b",
    "received_sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "received_bytes": 1_843_200,
    "size": 1_843_200,
    "limit": 1_048_576,
    "over": 794_624,
    "fit_limit": 8_388_608,
    "kind": "PNG",
    "found": "ZIP +1024 B",
    "width": 4000,
    "height": 3000,
    "most": 25_000_000,
    "least": 300,
    "long_side": 2400,
    "quality": 70,
}
"""What the words about pictures speak of."""
_HEADER_WORDS: Final = {
    "Retry-After": "Seconds after which it may be asked again",
    "WWW-Authenticate": "What to authenticate with (RFC 9110, RFC 6750, RFC 9470)",
    "Accept-Encoding": "What the body may be encoded with",
}


def refusals(*classes: type[RefusalError]) -> dict[int | str, Document]:
    """The `responses=` of a route that may refuse so: one response per status, one named example per refusal."""
    by_status: dict[int, list[str]] = defaultdict(list)
    for refusal in classes:
        by_status[refusal.status].append(refusal.code)
    return {status: refused(codes) for status, codes in by_status.items()}


def refused(codes: Sequence[str]) -> Document:
    """One response; its examples are those of the whole document, by the name of the code."""
    names = [code + ending for code in codes for ending in LANGUAGES]
    response: Document = {
        "description": " · ".join(f"`{code}`" for code in codes),
        "content": {
            MEDIA_TYPE: {
                "schema": {"$ref": "#/components/schemas/Problem"},
                "examples": {name: {"$ref": f"#/components/examples/{name}"} for name in names},
            }
        },
    }
    headers = _headers(codes)
    return response | {"headers": headers} if headers else response


def codes_of(response: Document) -> list[str]:
    """The codes of a response of `refused`; none of any other."""
    examples = response.get("content", {}).get(MEDIA_TYPE, {}).get("examples", {})
    return [name for name in examples if not name.endswith(".en")]


def examples_of(code: str, status: int) -> Iterator[tuple[str, Document]]:
    """The named examples of a refusal, in each language."""
    for ending, language in LANGUAGES.items():
        members = refusal_members(refusal, language) if (refusal := _sample(code)) else {}
        params = refusal.params if refusal else {}
        yield code + ending, example_of(code, status, language, members, params)


def example_of(
    code: str,
    status: int,
    language: Language,
    members: Mapping[str, object],
    params: Mapping[str, object] = MappingProxyType({}),
) -> Document:
    """A problem document as it is answered, under the words it is found by."""
    problem = problem_document(
        code, status=status, language=language, request_id=_REQUEST_ID, params=params, members=members
    )
    return {"summary": message(code, language, **params), "value": problem}


def _headers(codes: Sequence[str]) -> Document:
    """The headers that some of these refusals bring."""
    brought: dict[str, dict[str, str]] = defaultdict(dict)
    for code in codes:
        refusal = _sample(code)
        for name, value in (refusal_headers(refusal) if refusal else {}).items():
            brought[name][code] = value
    return {name: _header(name, values, always=len(values) == len(codes)) for name, values in brought.items()}


def _header(name: str, values: Mapping[str, str], *, always: bool) -> Document:
    with_codes = ", ".join(f"`{code}`" for code in values)
    number = all(value.isdigit() for value in values.values())
    return {
        "description": f"{_HEADER_WORDS[name]}." if always else f"{_HEADER_WORDS[name]}; with {with_codes}.",
        "required": always,
        "schema": {"type": "integer", "minimum": 1} if number else {"type": "string"},
        "examples": {code: {"value": int(value) if number else value} for code, value in values.items()},
    }


def _sample(code: str) -> RefusalError | None:
    """The refusal of this code as it is raised; None for what only the edge says."""
    for carrying in _CARRYING:
        if carrying.code == code:
            return carrying
    for refusal in every_refusal():
        if refusal.code == code:
            if issubclass(refusal, PictureRefusedError):
                return _picture_sample(refusal)
            return refusal(retry_after=_MINUTE if refusal.status in _WAITING else None)
    return None


def _picture_sample(refusal: type[PictureRefusedError]) -> PictureRefusedError:
    """With the rules that are looked at before the one that it is about."""
    kept: list[RuleName] = list(takewhile(lambda name: name != refusal.rule, get_args(RuleName)))
    rules = [PictureRule(name, passed=True, code=f"picture_rule_{name}", params=_PICTURE) for name in kept]
    broken = PictureRule(refusal.rule, passed=False, code=refusal.code, params=_PICTURE)
    options = (FIT_OPTION,) if refusal is PictureTooLargeError else ()
    return refusal(rules=(*rules, broken), params=_PICTURE, options=options)
