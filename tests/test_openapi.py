"""How the contract is made, on a small application: what is declared, added, and found missing."""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, FastAPI, Path
from pydantic import BaseModel, Field

from support.contract import Contract
from xuexin_api.cli.operating import contract
from xuexin_api.core.errors import (
    LoginRejectedError,
    PhoneBusyError,
    PhoneRegisteredError,
    ServiceBusyError,
    TooManyOperationsError,
)
from xuexin_api.core.messages import Language, message
from xuexin_api.openapi import Examples, Shown, build_openapi, faults, refusals


class Order(BaseModel):
    title: str = Field(description="What is ordered.", examples=["a chair"])


class Part(BaseModel):
    number: int = Field(title="Number", examples=[7])


class Box(BaseModel):
    parts: list[Part] = Field(description="What is in it.")
    label: dict[str, str] | None = Field(examples=[None])


class Bare(BaseModel):
    title: str


def make_document(*, careless: bool = False, examples: Examples = MappingProxyType({})) -> dict[str, Any]:
    router = APIRouter(tags=["service"])

    @router.post(
        "/orders",
        summary="Order",
        status_code=201,
        responses=refusals(PhoneBusyError, PhoneRegisteredError, TooManyOperationsError, LoginRejectedError),
    )
    async def create_order(_: Order) -> Order:
        """Orders one thing."""
        raise NotImplementedError

    @router.get("/orders/latest", summary="The latest", responses=refusals(ServiceBusyError))
    async def get_latest_order() -> Order:
        """The order made last."""
        raise NotImplementedError

    @router.get("/orders/{number}", summary="One order")
    async def get_order(number: Annotated[int, Path(description="Its number.", examples=[7])]) -> Order:
        """An order by its number."""
        raise NotImplementedError

    @router.get("/orders.json", summary="All")
    async def list_orders() -> list[Order]:
        """Every order."""
        raise NotImplementedError

    app = FastAPI(openapi_url=None, generate_unique_id_function=lambda route: route.name)
    if careless:
        unseen: dict[int | str, dict[str, Any]] = {
            200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}
        }

        @router.post("/careless", tags=["account"], operation_id="create_order", responses=unseen)
        async def do_something(_: Bare, other: str) -> None: ...

    app.include_router(router)
    return build_openapi(app, examples)


def _references(part: Any) -> set[str]:
    if isinstance(part, dict):
        own = {part["$ref"]} if isinstance(part.get("$ref"), str) else set()
        return own.union(*(_references(value) for value in part.values()))
    if isinstance(part, list):
        return set().union(*(_references(value) for value in part))
    return set()


def test_the_document_is_the_same_each_time() -> None:
    assert make_document() == make_document()


def test_every_reference_leads_somewhere() -> None:
    document = make_document()
    for reference in _references(document):
        part: Any = document
        for step in reference.removeprefix("#/").split("/"):
            part = part[step]
    assert "#/components/schemas/Problem" in _references(document)


def test_refusals_of_one_status_are_one_answer_with_an_example_each() -> None:
    answers = refusals(PhoneBusyError, PhoneRegisteredError, TooManyOperationsError)
    assert set(answers) == {409, 429}
    examples = answers[409]["content"]["application/problem+json"]["examples"]
    assert list(examples) == ["phone_busy", "phone_busy.en", "phone_registered", "phone_registered.en"]


def test_a_refusal_is_shown_in_both_languages_with_what_it_brings() -> None:
    shown = make_document()["components"]["examples"]
    chinese, english = (shown[name]["value"] for name in ("phone_registered", "phone_registered.en"))
    assert (chinese["type"], chinese["status"]) == ("urn:xuexin:problem:phone_registered", 409)
    assert [option["id"] for option in chinese["options"]] == ["login", "recover", "take_over", "other_phone"]
    words = [[problem["title"], *(option["title"] for option in problem["options"])] for problem in (chinese, english)]
    assert not any(word.isascii() for word in words[0])
    assert all(word.isascii() for word in words[1])


def test_a_broken_rule_is_shown_for_every_operation_on_its_own() -> None:
    contract = Contract(make_document())
    pointers = {
        where.partition(" ")[0]: [error["pointer"] for error in problem["errors"]]
        for where, problem, _ in contract.examples()
        if where.endswith("422 invalid_request")
    }
    assert pointers == {"create_order": ["/title"], "get_order": ["/path/number"]}


def test_states_of_an_answer_are_shown_where_words_differ_in_both_languages() -> None:
    def worded(language: Language) -> Order:
        return Order(title=message("option_login", language))

    states = {"plain": Shown("A chair.", Order(title="a chair")), "worded": Shown("A word.", worded)}
    document = make_document(examples={"get_order": states})
    shown = document["paths"]["/orders/{number}"]["get"]["responses"]["200"]
    assert list(shown["content"]["application/json"]["examples"]) == ["plain", "worded", "worded.en"]
    wordless = document["paths"]["/orders/latest"]["get"]["responses"]["200"]
    assert list(wordless["content"]["application/json"]["examples"]) == ["typical"]
    assert ("Content-Language" in shown["headers"], "Content-Language" in wordless["headers"]) == (True, False)


def test_headers_that_a_refusal_brings_are_declared() -> None:
    answers = refusals(TooManyOperationsError, ServiceBusyError, LoginRejectedError)
    assert {status: list(answer["headers"]) for status, answer in answers.items()} == {
        429: ["Retry-After"],
        503: ["Retry-After"],
        401: ["WWW-Authenticate"],
    }


def test_what_every_body_can_meet_is_declared_without_being_asked() -> None:
    paths = make_document()["paths"]
    assert set(paths["/orders"]["post"]["responses"]) == {"201", "401", "409", "413", "415", "422", "429", "500", "503"}
    assert set(paths["/orders/{number}"]["get"]["responses"]) == {"200", "413", "422", "500", "503"}
    assert set(paths["/orders/latest"]["get"]["responses"]) == {"200", "413", "500", "503"}


def test_nothing_of_the_frameworks_own_refusals_is_left() -> None:
    document = make_document()
    assert "ValidationError" not in str(document)
    refused = document["paths"]["/orders"]["post"]["responses"]["422"]
    assert list(refused["content"]) == ["application/problem+json"]


@pytest.mark.parametrize(
    ("method", "path", "status", "declared"),
    [
        ("POST", "/orders", 201, True),
        ("post", "/orders", 409, True),
        ("POST", "/orders", 404, False),
        ("GET", "/orders/7?verbose=1", 200, True),
        ("GET", "/orders/7", 409, False),
        ("GET", "/orders/latest", 503, True),
        ("GET", "/orders/latest", 422, False),
        ("DELETE", "/orders", 405, True),
        ("DELETE", "/orders", 200, False),
        ("GET", "/nowhere", 404, True),
        ("GET", "/nowhere", 200, False),
        ("GET", "/orders/7/8", 404, True),
    ],
)
def test_a_status_is_declared_or_it_is_not(method: str, path: str, status: int, *, declared: bool) -> None:
    assert Contract(make_document()).declares(method, path, status) == declared


def test_a_careful_document_has_no_faults() -> None:
    assert faults(make_document()) == []


def test_every_property_of_every_schema_has_a_description() -> None:
    assert [fault for fault in faults(json.loads(contract())) if "no description" in fault] == []


def test_a_title_describes_no_property() -> None:
    document = make_document()
    document["components"]["schemas"] |= Box.model_json_schema()["$defs"] | {"Box": Box.model_json_schema()}
    inside = {"properties": {"corner": {"title": "Corner", "examples": [{"properties": {"no": {}}}]}}}
    document["components"]["schemas"]["Order"]["properties"]["title"]["items"] = inside
    undescribed = ["Part.number", "Box.label", "Box.number", "Order.title.corner"]
    found = {fault.removesuffix(": no description") for fault in faults(document) if fault.endswith("no description")}
    assert found == set(undescribed)


def test_a_careless_operation_is_found_out() -> None:
    with pytest.warns(UserWarning, match="Duplicate Operation ID"):
        found = "\n".join(faults(make_document(careless=True)))
    for fault in (
        "no description",
        "not exactly one tag",
        "operationId create_order is taken",
        "Bare.title: no example",
        "Bare.title: no description",
        "200 has no example",
        "other has no description",
        "other has no example",
    ):
        assert fault in found
