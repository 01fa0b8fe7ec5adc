"""Looking at the document: what it says of a request, and what an integrator would miss in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

Document = dict[str, Any]
JSON: Final = "application/json"
EVENTS: Final = "text/event-stream"
_SHOWN: Final = frozenset({"example", "examples", "default", "const", "enum"})
"""Where a document holds values, and not what is said of them."""
_METHODS: Final = ("get", "post", "put", "patch", "delete")


def operations(document: Document) -> Iterator[tuple[str, str, Document]]:
    """(method, path, operation) of everything in the document."""
    for path, item in document["paths"].items():
        for method in _METHODS:
            if method in item:
                yield method, path, item[method]


def operation_of(document: Document, method: str, path: str) -> Document:
    """The operation that a request meets; HEAD is as GET. Where there is none, one that answers 404 or 405 only."""
    plain = path.partition("?")[0]
    paths = [known for known in document["paths"] if _template(known).fullmatch(plain)]
    if not paths:
        return {"responses": {"404": {}}}
    # A literal path wins over a template, as in routing.
    item: Document = document["paths"][min(paths, key=lambda known: known.count("{"))]
    operation: Document | None = item.get("get" if method.upper() == "HEAD" else method.lower())
    return operation or {"responses": {"405": {}}}


@cache
def _template(path: str) -> re.Pattern[str]:
    """The addresses of a path: one segment for each of its parameters, all else to the letter."""
    parts = re.split(r"(\{[^}]+\})", path)
    return re.compile("".join("[^/]+" if part.startswith("{") else re.escape(part) for part in parts))


def faults(document: Document) -> list[str]:
    """What an integrator would miss: a summary, a word on everything, one tag, examples, a unique name."""
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
        found += [f"{where}: {fault}" for fault in _faults_of_answers(operation)]
        found += [
            f"{where}: {parameter['name']} has no bounds"
            for parameter in operation.get("parameters", ())
            if parameter.get("in") == "query"
            and parameter["schema"].get("type") == "integer"
            and not {"minimum", "maximum"} <= parameter["schema"].keys()
        ]
        found += [f"{where}: {fault}" for fault in _faults_of_parameters(operation)]
        found += [f"{where}: {field} has no description" for field in _undescribed(operation, "")]
    for name, schema in document["components"]["schemas"].items():
        found += [f"{name}{field}: no description" for field in _undescribed(schema, "")]
        if name == "Problem":
            continue
        for field, shape in schema.get("properties", {}).items():
            composed = (
                "$ref" in shape or "$ref" in str(shape.get("items", "")) or "anyOf" in str(shape.get("items", ""))
            )
            if not composed and "examples" not in shape and "const" not in shape:
                found.append(f"{name}.{field}: no example")
    return found


def _undescribed(part: object, where: str) -> Iterator[str]:
    """Every property of the schemas in a part of the document that only its name speaks for: a title says no more."""
    if isinstance(part, list):
        for one in part:
            yield from _undescribed(one, where)
    if not isinstance(part, dict):
        return
    for name, inside in part.items():
        if name == "properties":
            for field, shape in inside.items():
                if not shape.get("description"):
                    yield f"{where}.{field}"
                yield from _undescribed(shape, f"{where}.{field}")
        elif name not in _SHOWN:
            yield from _undescribed(inside, where)


def _faults_of_parameters(operation: Document) -> Iterator[str]:
    for parameter in operation.get("parameters", ()):
        if "$ref" in parameter:
            continue
        said = [parameter, parameter["schema"], *parameter["schema"].get("anyOf", ())]
        if not any("description" in part for part in said):
            yield f"{parameter['name']} has no description"
        if not any({"example", "examples", "enum", "default"} & part.keys() for part in said):
            yield f"{parameter['name']} has no example"


def _faults_of_answers(operation: Document) -> Iterator[str]:
    for status, response in operation["responses"].items():
        if not response.get("description"):
            yield f"{status} has no description"
        for kind, content in response.get("content", {}).items():
            if (kind.endswith("json") or kind == EVENTS) and not content.get("examples"):
                yield f"{status} has no example"
