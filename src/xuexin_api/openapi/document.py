"""The whole document: FastAPI's own, completed by what every operation of a kind can be asked and can answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from xuexin_api.core.errors import (
    ContentEncodedError,
    FormNeededError,
    InvalidRequestError,
    NotReadyError,
    StoredPhotoDamagedError,
    TokenInvalidError,
    TokenMissingError,
    VersionNeededError,
)
from xuexin_api.core.messages import message
from xuexin_api.openapi.derived import Schemas
from xuexin_api.openapi.files import FORM, PHOTO
from xuexin_api.openapi.lint import JSON, Document, operations
from xuexin_api.openapi.once import ONCE, PARAMETER, REPLAYED, refusals_of_key
from xuexin_api.openapi.problem_schema import PROBLEM_SCHEMA
from xuexin_api.openapi.refusals import LANGUAGES, codes_of, example_of, examples_of, refused
from xuexin_api.openapi.shown import Examples, Shown
from xuexin_api.openapi.shown import examples_of as examples_of_states
from xuexin_api.openapi.words import DESCRIPTION, SERVERS, TAGS, TITLE, VERSION
from xuexin_api.problems import MEDIA_TYPE

_PARAMETERS: Final = {
    "AcceptLanguage": {
        "name": "Accept-Language",
        "in": "header",
        "required": False,
        "description": "Words for people are Chinese unless English is preferred (RFC 9110).",
        "schema": {"type": "string", "maxLength": 200, "default": "zh-CN"},
        "examples": {"chinese": {"value": "zh-CN"}, "english": {"value": "en"}},
    },
    "IdempotencyKey": PARAMETER,
    "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "required": True,
        "description": "The entity tag of what the change was decided on: it is refused where that has changed.",
        "schema": {"type": "string"},
        "example": '"3"',
    },
    "IfNoneMatch": {
        "name": "If-None-Match",
        "in": "header",
        "required": False,
        "description": "Entity tags of what is there already: it is not sent again (RFC 9110).",
        "schema": {"type": "string"},
        "example": '"0c4f3c1d2f8e7a6b5c4d3e2f1a0b9c8d"',
    },
}
_HEADERS: Final = {
    "ContentLanguage": {
        "description": "The language of the words for people.",
        "schema": {"type": "string", "enum": list(LANGUAGES.values())},
    },
    "RequestId": {
        "description": "Names this request; quote it when asking for help.",
        "required": True,
        "schema": {"type": "string"},
        "example": "3f8a6b7c8d9e0f1a2b0199a1b2c3d4e5",
    },
    "IdempotentReplayed": REPLAYED,
    "EntityTag": {
        "description": "Names what this answer holds.",
        "required": True,
        "schema": {"type": "string"},
        "example": '"0c4f3c1d2f8e7a6b5c4d3e2f1a0b9c8d"',
    },
}


def build_openapi(app: FastAPI, examples: Examples = MappingProxyType({})) -> Document:
    """The whole document, the same for the same code; `examples` are the states that good answers show."""
    document = get_openapi(
        title=TITLE,
        version=VERSION,
        openapi_version="3.1.0",
        description=DESCRIPTION,
        servers=SERVERS,
        routes=app.routes,
        tags=[{"name": name, "description": text} for name, text in TAGS.items()],
    )
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas["Problem"] = PROBLEM_SCHEMA
    order = {tag: place for place, tag in enumerate(TAGS)}
    document["paths"] = dict(sorted(document["paths"].items(), key=lambda item: order[_first_tag(item[1])]))
    for _, path, operation in operations(document):
        _complete(operation, Schemas(schemas), examples.get(operation["operationId"], {}))
        _add_security(operation, path)
    document["components"] = {
        "schemas": dict(sorted(schemas.items())),
        "parameters": _PARAMETERS,
        "headers": _HEADERS,
        "examples": dict(sorted(_refusal_examples(document).items())),
        "securitySchemes": {
            _scheme(of): {"type": "http", "scheme": "bearer", "description": f"An access token from POST {of}."}
            for of in ("/v1/sessions", "/v1/staff/sessions")
        },
    }
    return document


def _first_tag(item: Document) -> str:
    return str(next(iter(item.values()))["tags"][0])


def _complete(operation: Document, schemas: Schemas, states: Mapping[str, Shown]) -> None:
    """Add what every operation of a kind takes and answers: the edge's, the framework's, and what examples show."""
    responses = operation["responses"]
    # FastAPI declares its own shape of 422 wherever there is something to validate; a key is judged by us.
    validates = "422" in responses or "requestBody" in operation or ONCE in operation
    if not codes_of(responses.get("422", {})):
        responses.pop("422", None)
    good = [status for status in responses if status.startswith("2")]
    _add_refusals(operation, _edge_refusals(operation, validates=validates))
    if "requestBody" in operation:
        body = operation["requestBody"]["content"].get(JSON)
        if body is not None:
            body["examples"] = schemas.requests(body["schema"])
    if validates:
        _show_broken_rule(operation, schemas)
    shown = {status: _show_states(operation, schemas, states, int(status)) for status in good}
    worded = any(name.endswith(".en") for names in shown.values() for name in names)
    _add_parameters_and_headers(operation, good, worded=worded)
    operation["responses"] = dict(sorted(responses.items()))


def _add_security(operation: Document, path: str) -> None:
    """Who may be told that the token is missing needs one; who may only be told that it is bad may go without."""
    codes = codes_of(operation["responses"].get("401", {}))
    if TokenMissingError.code in codes:
        operation["security"] = [{_scheme(path): []}]
    elif TokenInvalidError.code in codes:
        operation["security"] = [{}, {_scheme(path): []}]


def _scheme(path: str) -> str:
    """Tokens of staff and of students are never taken for another."""
    return "staff_bearer" if path.startswith("/v1/staff/") else "bearer"


def _add_parameters_and_headers(operation: Document, good: list[str], *, worded: bool) -> None:
    """The headers of requests and answers; `worded` are good answers with words for people."""
    responses = operation["responses"]
    parameters = ["AcceptLanguage"]
    brought = {"X-Request-Id": ("RequestId", responses)}
    if worded:
        brought["Content-Language"] = ("ContentLanguage", good)
    if ONCE in operation:
        parameters.append("IdempotencyKey")
        brought["Idempotent-Replayed"] = ("IdempotentReplayed", good)
    if str(VersionNeededError.status) in responses:
        parameters.append("IfMatch")
    if "304" in responses:
        parameters.append("IfNoneMatch")
        brought["ETag"] = ("EntityTag", [*good, "304"])
    known = operation.setdefault("parameters", [])
    known += [{"$ref": f"#/components/parameters/{name}"} for name in parameters]
    for header, (component, statuses) in brought.items():
        for status in statuses:
            _add_header(responses[status], header, component)


def _edge_refusals(operation: Document, *, validates: bool) -> Iterable[tuple[int, str]]:
    """Status and code of what is refused around every operation of this kind."""
    # An announced body that is too large is refused wherever it is sent.
    yield 413, "body_too_large"
    if "requestBody" in operation:
        if FORM in operation["requestBody"]["content"]:
            yield FormNeededError.status, FormNeededError.code
        else:
            yield 415, "unsupported_media_type"
        yield ContentEncodedError.status, ContentEncodedError.code
    if validates:
        yield InvalidRequestError.status, InvalidRequestError.code
    if ONCE in operation:
        yield from ((refusal.status, refusal.code) for refusal in refusals_of_key(operation[ONCE]))
    if PHOTO in operation["responses"].get("200", {}).get("content", {}):
        yield StoredPhotoDamagedError.status, StoredPhotoDamagedError.code
    yield 500, "internal_error"
    yield NotReadyError.status, NotReadyError.code


def _add_refusals(operation: Document, added: Iterable[tuple[int, str]]) -> None:
    responses = operation["responses"]
    for status, code in added:
        codes = codes_of(responses.get(str(status), {}))
        responses[str(status)] = refused([*codes, *({code} - set(codes))])
    for response in responses.values():
        if codes_of(response):
            _add_header(response, "Content-Language", "ContentLanguage")


def _add_header(response: Document, name: str, component: str) -> None:
    response.setdefault("headers", {})[name] = {"$ref": f"#/components/headers/{component}"}


def _show_broken_rule(operation: Document, schemas: Schemas) -> None:
    """The 422 of this very operation: what it is answered when that field is left out or wrong."""
    pointer, code = schemas.broken_rule(operation)
    refusal = InvalidRequestError
    examples = operation["responses"][str(refusal.status)]["content"][MEDIA_TYPE]["examples"]
    for ending, language in LANGUAGES.items():
        errors = [{"pointer": pointer, "code": code, "detail": message(code, language)}]
        examples[refusal.code + ending] = example_of(refusal.code, refusal.status, language, {"errors": errors})


def _show_states(operation: Document, schemas: Schemas, states: Mapping[str, Shown], status: int) -> Document:
    """The states that a good answer has, else one answer out of the examples of its fields."""
    shown: Document = {}
    for kind, content in operation["responses"][str(status)].get("content", {}).items():
        examples = examples_of_states(states, status, kind)
        if kind == JSON and not examples:
            examples = {"typical": {"value": schemas.example(content["schema"])}}
        if examples:
            content["examples"] = examples
        shown |= examples
    return shown


def _refusal_examples(document: Document) -> Document:
    """Every refusal that some operation names, once."""
    found: Document = {}
    for _, _, operation in operations(document):
        for status, response in operation["responses"].items():
            for code in codes_of(response):
                if code not in found and code != InvalidRequestError.code:
                    found |= dict(examples_of(code, int(status)))
    return found
