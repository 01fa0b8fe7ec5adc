"""How the contract is made, on a small application: what is declared, added, and found missing."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from pydantic import BaseModel, Field

from xuexin_api.core.errors import (
    LoginRejectedError,
    PhoneBusyError,
    PhoneRegisteredError,
    ServiceBusyError,
    TooManyOperationsError,
)
from xuexin_api.openapi import build_openapi, declares, faults, refusals


class Order(BaseModel):
    title: str = Field(examples=["a chair"])


class Bare(BaseModel):
    title: str


def make_document(*, careless: bool = False) -> dict[str, Any]:
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
    async def get_order(number: int) -> Order:
        """An order by its number."""
        raise NotImplementedError

    @router.get("/orders.json", summary="All")
    async def list_orders() -> list[Order]:
        """Every order."""
        raise NotImplementedError

    app = FastAPI(openapi_url=None, generate_unique_id_function=lambda route: route.name)
    if careless:

        @router.post("/careless", tags=["account"], operation_id="create_order")
        async def do_something(_: Bare) -> None: ...

    app.include_router(router)
    return build_openapi(app)


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
    assert list(examples) == ["phone_busy", "phone_registered"]
    for code, example in examples.items():
        assert example["value"]["type"] == f"urn:xuexin:problem:{code}"
        assert example["value"]["status"] == 409
        assert not example["value"]["title"].isascii()


def test_headers_that_a_refusal_brings_are_declared() -> None:
    answers = refusals(TooManyOperationsError, ServiceBusyError, LoginRejectedError)
    assert {status: list(answer["headers"]) for status, answer in answers.items()} == {
        429: ["Retry-After"],
        503: ["Retry-After"],
        401: ["WWW-Authenticate"],
    }


def test_what_every_body_can_meet_is_declared_without_being_asked() -> None:
    paths = make_document()["paths"]
    assert set(paths["/orders"]["post"]["responses"]) == {"201", "401", "409", "413", "415", "422", "429", "500"}
    assert set(paths["/orders/{number}"]["get"]["responses"]) == {"200", "413", "422", "500"}
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
        ("GET", "/orders/7", 503, False),
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
    assert declares(make_document(), method, path, status) == declared


def test_a_careful_document_has_no_faults() -> None:
    assert faults(make_document()) == []


def test_a_careless_operation_is_found_out() -> None:
    with pytest.warns(UserWarning, match="Duplicate Operation ID"):
        found = "\n".join(faults(make_document(careless=True)))
    for fault in ("no description", "not exactly one tag", "operationId create_order is taken", "Bare.title"):
        assert fault in found
