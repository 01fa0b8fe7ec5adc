"""The contract: FastAPI's document, made whole with every refusal a caller can meet."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from xuexin_api.core.errors import (
    AddressLimitedError,
    AlreadyDoneError,
    IdempotencyKeyReusedError,
    InvalidRequestError,
    OperationInProgressError,
    OutcomeUnknownError,
    RefusalError,
    TokenMissingError,
)
from xuexin_api.core.messages import message
from xuexin_api.problems import MEDIA_TYPE

Document = dict[str, Any]
_METHODS: Final = ("get", "post", "put", "patch", "delete")
_PROBLEM: Final = {"$ref": "#/components/schemas/Problem"}
_TAGS: Final = {
    "service": "Health, metrics and public keys.",
    "bot defence": "Proof of work before anything that costs money or patience.",
    "codes": "One-time codes by SMS or e-mail, and what they prove.",
    "registration": "实名注册: the real-name form and what it agrees to.",
    "sessions": "Logging in, staying, leaving.",
    "recovery": "找回: a forgotten username or password, and lost channels.",
    "account": "One's own account.",
    "identity": "实人认证: proving who one is. Its tokens read the archive.",
    "archive": "学籍 and its photos, as schools registered them.",
}
_DESCRIPTION: Final = """\
学生账号与学籍档案服务。Accounts and the academic archive for students.

**The journey**: `POST /v1/challenges` → `POST /v1/verification-codes` → `POST /v1/phone-proofs` →
`POST /v1/registrations` → `POST /v1/sessions` → `POST /v1/identity-verifications` → `…/answers` →
`GET /v1/archive/enrollments`.

Errors are problem documents (RFC 9457): `code` is for programs, `title` for people, in Chinese or, by
`Accept-Language`, in English. 422 lists in `errors` which fields
are missing or of another type, else every broken rule. 429 and 503 carry `Retry-After`.
What needs a fresh identity verification answers 401 with RFC 9470's challenge. Times are UTC, dates `YYYY-MM-DD`.
Lists are paged by an opaque cursor.

A POST that creates or sends takes an `Idempotency-Key` (up to 255 printable ASCII characters, kept 24 hours for this
caller and this body): asked again, it is not done again. The answer comes again with `Idempotent-Replayed: true`, or,
where it held secrets, as 409 `already_done`. After a refusal the same key may ask again."""
ONCE: Final = "x-idempotency"
IDEMPOTENCY_HEADER: Final = "Idempotency-Key"
_ONCE_REFUSALS: Final = (OperationInProgressError, IdempotencyKeyReusedError, OutcomeUnknownError, AddressLimitedError)
_PROBLEM_SCHEMA: Final[Document] = {
    "type": "object",
    "title": "Problem",
    "description": "RFC 9457.",
    "required": ["type", "title", "status", "code", "detail", "request_id"],
    "properties": {
        "type": {"type": "string", "format": "uri", "examples": ["urn:xuexin:problem:code_rejected"]},
        "title": {"type": "string", "description": "For people, in the language of the answer."},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "For programs; never changes its meaning."},
        "detail": {"type": "string"},
        "request_id": {"type": "string", "description": "Quote it when asking for help."},
        "errors": {
            "type": "array",
            "description": "With 422: every broken field.",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "detail"],
                "properties": {
                    "pointer": {"type": "string", "description": "JSON pointer (RFC 6901) into the body."},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
        "options": {
            "type": "array",
            "description": "What can be done now.",
            "items": {
                "type": "object",
                "required": ["id", "title"],
                "properties": {"id": {"type": "string"}, "title": {"type": "string"}},
            },
        },
        "methods": {
            "type": "array",
            "description": "With insufficient_user_authentication: the ways to verify.",
            "items": {
                "type": "object",
                "required": ["method", "strength", "available", "reason"],
                "properties": {
                    "method": {"type": "string"},
                    "strength": {"type": "string"},
                    "available": {"type": "boolean"},
                    "reason": {"type": ["string", "null"]},
                },
            },
        },
    },
}


def once(*, secret: bool) -> Document:
    """The `openapi_extra=` of a POST that takes an Idempotency-Key; a `secret` answer is not given twice."""
    return {ONCE: "told" if secret else "repeated"}


def refusals(*classes: type[RefusalError]) -> dict[int | str, dict[str, Any]]:
    """The `responses=` of a route that may refuse so: one response per status, one named example per refusal."""
    by_status: dict[int, list[str]] = defaultdict(list)
    for refusal in classes:
        by_status[refusal.status].append(refusal.code)
    return {status: _response(status, codes) for status, codes in by_status.items()}


def _response(status: int, codes: list[str]) -> Document:
    examples = {
        code: {
            "summary": message(code, "en"),
            "value": {
                "type": f"urn:xuexin:problem:{code}",
                "title": message(code),
                "status": status,
                "code": code,
                "detail": message(code),
                "request_id": "0199a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b",
            },
        }
        for code in codes
    }
    response: Document = {
        "description": " · ".join(f"`{code}`" for code in codes),
        "content": {MEDIA_TYPE: {"examples": examples, "schema": dict(_PROBLEM)}},
    }
    headers = {429: "Retry-After", 503: "Retry-After", 401: "WWW-Authenticate"}
    if status in headers:
        response["headers"] = {headers[status]: {"schema": {"type": "string"}}}
    return response


def build_openapi(app: FastAPI) -> Document:
    """The whole document, the same for the same code."""
    document = get_openapi(
        title="学信 API",
        version="0.1.0",
        openapi_version="3.1.0",
        description=_DESCRIPTION,
        routes=app.routes,
        tags=[{"name": name, "description": text} for name, text in _TAGS.items()],
    )
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas["Problem"] = _PROBLEM_SCHEMA
    document["components"]["schemas"] = dict(sorted(schemas.items()))
    document["components"]["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer", "description": "An access token from POST /v1/sessions."}
    }
    order = {tag: place for place, tag in enumerate(_TAGS)}
    document["paths"] = dict(sorted(document["paths"].items(), key=lambda item: order[_first_tag(item[1])]))
    for _, _, operation in operations(document):
        _complete(operation)
    return document


def _first_tag(item: Document) -> str:
    return str(next(iter(item.values()))["tags"][0])


def _complete(operation: Document) -> None:
    """Add what every operation of a kind can answer: the edge's and the framework's refusals."""
    responses = operation["responses"]
    # FastAPI declares its own shape of 422 wherever there is something to validate.
    validates = responses.pop("422", None) is not None
    # An announced body that is too large is refused wherever it is sent.
    responses["413"] = _response(413, ["body_too_large"])
    if "requestBody" in operation:
        responses["415"] = _response(415, ["unsupported_media_type"])
    if validates or "requestBody" in operation:
        responses["422"] = _response(InvalidRequestError.status, [InvalidRequestError.code])
    if ONCE in operation:
        _add_idempotency(operation)
    responses["500"] = _response(500, ["internal_error"])
    # Who may be told that the token is missing needs one.
    if TokenMissingError.code in responses.get("401", {}).get("description", ""):
        operation["security"] = [{"bearer": []}]
    operation["responses"] = dict(sorted(responses.items()))


def _add_idempotency(operation: Document) -> None:
    """The header, and what it adds to the refusals of the operation's own."""
    operation.setdefault("parameters", []).append(
        {
            "name": IDEMPOTENCY_HEADER,
            "in": "header",
            "required": False,
            "description": "The same key is not done twice, by this caller and with this body, for 24 hours.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255},
            "example": "8e03978e-40d5-43e8-bc93-6894a57f9324",
        }
    )
    classes = (*_ONCE_REFUSALS, *((AlreadyDoneError,) if operation[ONCE] == "told" else ()))
    for status, added in refusals(*classes).items():
        own = operation["responses"].setdefault(str(status), added)
        examples = own["content"][MEDIA_TYPE]["examples"]
        examples |= added["content"][MEDIA_TYPE]["examples"]
        own["description"] = " · ".join(f"`{code}`" for code in examples)


def operations(document: Document) -> Iterator[tuple[str, str, Document]]:
    """(method, path, operation) of everything in the document."""
    for path, item in document["paths"].items():
        for method in _METHODS:
            if method in item:
                yield method, path, item[method]


def declares(document: Document, method: str, path: str, status: int) -> bool:
    """Whether the document says that a request may be answered so.

    An address or a method that the document does not have may only be answered by 404 or 405; HEAD is as GET.
    """
    plain = path.partition("?")[0]
    paths = [known for known in document["paths"] if re.fullmatch(_template(known), plain)]
    if not paths:
        return status == 404  # noqa: PLR2004
    # A literal path wins over a template, as in routing.
    item = document["paths"][min(paths, key=lambda known: known.count("{"))]
    operation = item.get("get" if method.upper() == "HEAD" else method.lower())
    if operation is None:
        return status == 405  # noqa: PLR2004
    return str(status) in operation["responses"]


def _template(path: str) -> str:
    """The addresses of a path: one segment for each of its parameters, all else to the letter."""
    return "".join("[^/]+" if part.startswith("{") else re.escape(part) for part in re.split(r"(\{[^}]+\})", path))


def faults(document: Document) -> list[str]:
    """What an integrator would miss: a summary, a word of explanation, one tag, examples, a unique name."""
    found: list[str] = []
    names: set[str] = set()
    for method, path, operation in operations(document):
        where = f"{method.upper()} {path}"
        if operation["operationId"] in names:
            found.append(f"{where}: operationId {operation['operationId']} is taken")
        names.add(operation["operationId"])
        found += [f"{where}: no {part}" for part in ("summary", "description") if not operation.get(part)]
        if len(operation.get("tags", [])) != 1:
            found.append(f"{where}: not exactly one tag")
        found += [
            f"{where}: {status} has no description"
            for status, response in operation["responses"].items()
            if not response.get("description")
        ]
    for name, schema in document["components"]["schemas"].items():
        if name == "Problem":
            continue
        for field, shape in schema.get("properties", {}).items():
            composed = (
                "$ref" in shape or "$ref" in str(shape.get("items", "")) or "anyOf" in str(shape.get("items", ""))
            )
            if not composed and "examples" not in shape and "const" not in shape:
                found.append(f"{name}.{field}: no example")
    return found
