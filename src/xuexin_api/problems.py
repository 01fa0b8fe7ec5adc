"""Refusals as people and programs read them: RFC 9457 problem documents, in Chinese or English."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final, get_args

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.routing import Match

from xuexin_api.core.errors import (
    FieldProblem,
    InsufficientUserAuthenticationError,
    InvalidRequestError,
    PictureRefusedError,
    RefusalError,
)
from xuexin_api.core.messages import DEFAULT_LANGUAGE, Language, message

MEDIA_TYPE: Final = "application/problem+json"
_BY_STATUS: Final = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
    415: "unsupported_media_type",
}
# pydantic knows some hundred kinds of error; a client needs these.
_BY_KIND: Final = {
    "missing": "required",
    "extra_forbidden": "extra_field",
    "string_too_long": "too_long",
    "string_too_short": "too_short",
    "too_long": "too_many_items",
    "too_short": "too_few_items",
    "literal_error": "not_in_list",
    "enum": "not_in_list",
    "union_tag_invalid": "not_in_list",
    "union_tag_not_found": "required",
    "string_pattern_mismatch": "malformed",
    "value_error": "malformed",
    "uuid_parsing": "malformed",
    "greater_than_equal": "out_of_range",
    "less_than_equal": "out_of_range",
    "model_attributes_type": "wrong_type",
    "dict_type": "wrong_type",
}
_OF_DISCRIMINATOR: Final = frozenset({"union_tag_invalid", "union_tag_not_found"})
_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_MOST_FIELDS: Final = 50
_LONGEST_HEADER: Final = 200


class MalformedBodyError(HTTPException):
    """The body is not the JSON we take; `reason` is one of the malformed-JSON codes."""

    def __init__(self, reason: str) -> None:
        super().__init__(status_code=422)
        self.reason = reason


def language_of(connection: HTTPConnection) -> Language:
    """The wanted language: Chinese unless English is preferred (RFC 9110 quality values)."""
    header = connection.headers.get("accept-language", "")[:_LONGEST_HEADER]
    wishes: dict[str, float] = {}
    for part in header.split(","):
        tag, *parameters = part.split(";")
        primary = tag.strip().lower().partition("-")[0]
        wishes[primary] = max(wishes.get(primary, 0.0), _quality(parameters))
    # The asterisk speaks for what is not named.
    others = wishes.get("*", 0.0)
    return "en" if wishes.get("en", others) > wishes.get("zh", others) else DEFAULT_LANGUAGE


def _quality(parameters: Iterable[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            try:
                quality = float(value)
            except ValueError:
                return 0.0
            return quality if 0.0 <= quality <= 1.0 else 0.0
    return 1.0


def problem_document(
    code: str,
    *,
    status: int,
    language: Language,
    request_id: str,
    params: Mapping[str, object] | None = None,
    members: Mapping[str, object] | None = None,
) -> dict[str, object]:
    """RFC 9457's document about `code`, in words of `language`."""
    sentence = message(code, language, **(params or {}))
    return {
        "type": f"urn:xuexin:problem:{code}",
        "title": sentence,
        "status": status,
        "code": code,
        "detail": sentence,
        "request_id": request_id,
        **(members or {}),
    }


def problem_response(
    connection: HTTPConnection,
    *,
    status: int,
    code: str,
    params: Mapping[str, object] | None = None,
    members: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A problem document about `code` in the caller's language."""
    language = language_of(connection)
    request_id = getattr(connection.state, "request_id", "")
    body = problem_document(
        code, status=status, language=language, request_id=request_id, params=params, members=members
    )
    content = json.dumps(body, ensure_ascii=False, default=str).encode("utf-8", "replace")
    common = {"Cache-Control": "no-store", "Content-Language": language, "Vary": "Accept-Language"}
    return Response(content, status_code=status, media_type=MEDIA_TYPE, headers=common | dict(headers or {}))


def refusal_members(refusal: RefusalError, language: Language) -> dict[str, object]:
    """What the document of a refusal says beyond its words."""
    members: dict[str, object] = {name: refusal.params[name] for name in refusal.members}
    if isinstance(refusal, InvalidRequestError):
        members["errors"] = _fields(refusal.problems, language)
    if isinstance(refusal, InsufficientUserAuthenticationError):
        members["methods"] = [way | method_words(way["method"], way["reason"], language) for way in refusal.methods]
    if isinstance(refusal, PictureRefusedError):
        members["rules"] = [
            {"name": rule.name, "passed": rule.passed, "said": rule.said(language)} for rule in refusal.rules
        ]
    if refusal.options:
        members["options"] = [
            {"id": option.id, "title": message(f"option_{option.id}", language)} for option in refusal.options
        ]
    if refusal.warning is not None:
        warning = refusal.warning.id
        members["warning"] = {"id": warning, "title": message(f"warning_{warning}", language)}
    return members


def method_words(method: str, reason: str | None, language: Language) -> dict[str, str | None]:
    """What people read of a way to verify: its name, and why it is closed."""
    return {
        "title": message(f"method_{method}", language),
        "explanation": None if reason is None else message(f"method_closed_{reason}", language),
    }


def refusal_headers(refusal: RefusalError) -> dict[str, str]:
    """The headers of a refusal."""
    if refusal.retry_after is None:
        return dict(refusal.headers)
    return refusal.headers | {"Retry-After": str(max(1, refusal.retry_after))}


def _fields(problems: Iterable[FieldProblem], language: Language) -> list[dict[str, str]]:
    return [
        {
            "pointer": problem.pointer,
            "code": problem.code,
            "detail": message(problem.code, language, **problem.params),
        }
        for problem in problems
    ]


def refusal_response(connection: HTTPConnection, refusal: RefusalError) -> Response:
    """The problem document of a refusal."""
    return problem_response(
        connection,
        status=refusal.status,
        code=refusal.code,
        params=refusal.params,
        members=refusal_members(refusal, language_of(connection)),
        headers=refusal_headers(refusal),
    )


def _pointer(location: Sequence[Any], tags: frozenset[str]) -> str:
    """RFC 6901 into the body; other places as /query/… and /path/…."""
    # pydantic marks a broken key so; the key itself stands before the mark.
    parts = [str(part).replace("~", "~0").replace("/", "~1") for part in location if part != "[key]"]
    if parts and parts[0] == "body":
        parts = parts[1:]
        # The tag of a union's branch stands in pydantic's location, and not in the body.
        if len(parts) > 1 and parts[0] in tags:
            parts = parts[1:]
    return "".join(f"/{part}" for part in parts)


def _union_tags(request: Request) -> frozenset[str]:
    """The values that choose the form, where the route's body is one of several forms."""
    body = getattr(request.scope.get("route"), "body_field", None)
    form = getattr(body, "field_info", None)
    chosen_by = getattr(form, "discriminator", None)
    if form is None or not isinstance(chosen_by, str):
        return frozenset()
    return frozenset(
        str(tag) for branch in get_args(form.annotation) for tag in get_args(branch.model_fields[chosen_by].annotation)
    )


def _code_of(kind: str) -> str:
    if kind in _BY_KIND:
        return _BY_KIND[kind]
    return "wrong_type" if kind.endswith(("_type", "_parsing")) else "malformed"


async def _on_refusal(request: Request, refusal: Exception) -> Response:
    assert isinstance(refusal, RefusalError)
    return refusal_response(request, refusal)


async def _on_invalid(request: Request, invalid: Exception) -> Response:
    """Never echoes what was sent: only where it stood and what is wrong with it."""
    assert isinstance(invalid, RequestValidationError)
    tags = _union_tags(request)
    problems = []
    for error in invalid.errors()[:_MOST_FIELDS]:
        pointer = _pointer(error["loc"], tags)
        if error["type"] in _OF_DISCRIMINATOR:
            # It is the field that chooses the form which is missing or unknown, and not the whole.
            pointer += "/" + str(error["ctx"]["discriminator"]).strip("'")
        problems.append(FieldProblem(pointer, _code_of(error["type"]), {}))
    return refusal_response(request, InvalidRequestError(problems))


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if isinstance(error, MalformedBodyError):
        problem = InvalidRequestError([FieldProblem("", error.reason, {})])
        return refusal_response(request, problem)
    status = error.status_code
    headers = dict(error.headers or {})
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(_allowed(request))
    code = _BY_STATUS.get(status, "bad_request" if status < HTTPStatus.INTERNAL_SERVER_ERROR else "internal_error")
    return problem_response(request, status=status, code=code, headers=headers)


def _allowed(request: Request) -> list[str]:
    """Every method of the address: the router names those of the first route only."""
    found = []
    for method in _METHODS:
        # The edge answers HEAD wherever there is a GET.
        asked = "GET" if method == "HEAD" else method
        scope = {**request.scope, "method": asked}
        if any(route.matches(scope)[0] is Match.FULL for route in request.app.routes):
            found.append(method)
    return found


def install(app: FastAPI) -> None:
    """Make every refusal of `app` a problem document."""
    app.add_exception_handler(RefusalError, _on_refusal)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
