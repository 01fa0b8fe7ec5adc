"""The contract as something to hold answers against: their status, shape, headers, and what refusals bring."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import httpx
import jsonschema_rs

from xuexin_api.cli.operating import contract
from xuexin_api.openapi import operation_of, operations
from xuexin_api.problems import MEDIA_TYPE

_JSON = "application/json"


class Contract:
    """One document, its schemas ready to judge."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self._validator = cache(self._make_validator)

    def _make_validator(self, schema: str) -> jsonschema_rs.Draft202012Validator:
        whole = json.loads(schema) | {"components": {"schemas": self.document["components"]["schemas"]}}
        return jsonschema_rs.Draft202012Validator(whole, validate_formats=True)

    def faults_of(self, value: Any, schema: Mapping[str, Any]) -> list[str]:
        """What is wrong with a value."""
        validator = self._validator(json.dumps(schema))
        return [f"{'/'.join(map(str, error.instance_path))}: {error.message}" for error in validator.iter_errors(value)]

    def resolve(self, part: dict[str, Any]) -> dict[str, Any]:
        """What a reference leads to; anything else is itself."""
        while "$ref" in part:
            found: Any = self.document
            for step in part["$ref"].removeprefix("#/").split("/"):
                found = found[step]
            part = found
        return part

    def declares(self, method: str, path: str, status: int) -> bool:
        """Whether the document says that a request may be answered so."""
        return str(status) in operation_of(self.document, method, path)["responses"]

    def faults_of_answer(self, method: str, path: str, answer: httpx.Response) -> list[str]:
        """Where an answer is not what the document says."""
        responses = operation_of(self.document, method, path)["responses"]
        declared = responses.get(str(answer.status_code))
        if declared is None:
            return [f"status {answer.status_code} is not declared"]
        found = [f"no {name}" for name in self._required_headers(declared) if name.lower() not in answer.headers]
        kind = answer.headers.get("content-type", "").partition(";")[0]
        content = declared.get("content", {})
        if method.upper() == "HEAD" or not content:
            return found
        if "content-language" in answer.headers and "Content-Language" not in declared["headers"]:
            found.append("words by language, and no example in routers/examples that shows them")
        if kind not in content:
            return [*found, f"content type {kind!r} is not declared"]
        if kind == MEDIA_TYPE:
            found += self._faults_of_problem(answer, content[kind]["examples"])
        return found + (self.faults_of(answer.json(), content[kind]["schema"]) if kind.endswith("json") else [])

    def _required_headers(self, response: dict[str, Any]) -> list[str]:
        return [name for name, header in response.get("headers", {}).items() if self.resolve(header).get("required")]

    def _faults_of_problem(self, answer: httpx.Response, examples: dict[str, Any]) -> Iterator[str]:
        """A refusal is one of those declared, and brings exactly what its example brings."""
        problem = answer.json()
        shown = examples.get(problem["code"])
        if shown is None:
            yield f"refusal {problem['code']} is not declared"
        elif (members := self.resolve(shown)["value"].keys()) != problem.keys():
            yield f"refusal {problem['code']} brings {sorted(problem)}, its example {sorted(members)}"

    def fields_of(self, value: Any, schema: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
        """(name of the schema, field, value) of every field that an example fills."""
        name = schema.get("$ref", "").rpartition("/")[2]
        found = self.resolve(schema)
        forms = [form for several in ("anyOf", "oneOf") for form in found.get(several, ())]
        for form in forms:
            yield from self.fields_of(value, form)
        for item in value if isinstance(value, list) else ():
            yield from self.fields_of(item, found.get("items", {}))
        for field, shape in found.get("properties", {}).items() if isinstance(value, dict) else ():
            if field in value:
                if not isinstance(value[field], dict | list):
                    yield name, field, value[field]
                yield from self.fields_of(value[field], shape)

    def examples(self) -> Iterator[tuple[str, Any, dict[str, Any]]]:
        """(where, value, schema) of every example of a body that the document shows."""
        for _, _, operation in operations(self.document):
            bodies = {"request": operation["requestBody"]} if "requestBody" in operation else {}
            for where, body in (bodies | operation["responses"]).items():
                for content in body.get("content", {}).values():
                    for name, example in content.get("examples", {}).items():
                        at = f"{operation['operationId']} {where} {name}"
                        yield at, self.resolve(example)["value"], content["schema"]


@cache
def contract_of_the_code() -> Contract:
    """Made once in a test run: it is the same for every application."""
    return Contract(json.loads(contract()))
