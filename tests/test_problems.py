"""Refusals as people and programs read them, on a small application of their own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from prometheus_client import CollectorRegistry
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from xuexin_api import problems
from xuexin_api.core.errors import (
    FieldProblem,
    InsufficientUserAuthenticationError,
    InvalidRequestError,
    LoginRejectedError,
    Option,
    PhoneRegisteredError,
    RefusalError,
    TooManyOperationsError,
)
from xuexin_api.middleware import EdgeMiddleware
from xuexin_api.routers.strict_route import StrictRoute

METHODS: list[dict[str, Any]] = [
    {"method": "record_facts", "strength": "weak", "available": True, "reason": None},
    {"method": "classmates", "strength": "weak", "available": False, "reason": "document_contested"},
]
REFUSALS: dict[str, RefusalError] = {
    "options": PhoneRegisteredError(options=(Option("login"), Option("recover"))),
    "wait": TooManyOperationsError(retry_after=0),
    "login": LoginRejectedError(),
    "verify": InsufficientUserAuthenticationError(max_age=1800, methods=METHODS),
    "fields": InvalidRequestError([FieldProblem("/name", "required", {}), FieldProblem("/\ud800", "malformed", {})]),
}


class Swimming(BaseModel):
    model_config = ConfigDict(extra="forbid")
    style: Literal["swim"]
    swim: str
    metres: int = Field(default=25, ge=25, le=50)


class Running(BaseModel):
    style: Literal["run"]
    shoes: list[Annotated[str, Field(max_length=3)]] = Field(max_length=2)
    laps: dict[Annotated[str, Field(max_length=3)], int] = {}


router = APIRouter(prefix="/v1", route_class=StrictRoute)


@router.get("/refusals/{name}")
async def refuse(name: str) -> None:
    raise REFUSALS[name]


@router.get("/statuses/{status}")
async def answer_with(status: int, most: int = 1) -> int:
    raise HTTPException(status, headers={"X-Kept": str(most)})


@router.post("/sports")
async def choose(_: Annotated[Swimming | Running, Field(discriminator="style")]) -> None: ...


other_router = APIRouter(prefix="/v1", route_class=StrictRoute)


@other_router.get("/sports")
async def list_sports() -> None: ...


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI(openapi_url=None, redirect_slashes=False)
    app.include_router(router)
    app.include_router(other_router)
    problems.install(app)
    app.add_middleware(
        EdgeMiddleware,
        registry=CollectorRegistry(),
        trusted_proxies=(),
        new_request_id=lambda: "request-1",
        largest_body=1000,
        production=False,
        log_requests=False,
    )
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://xuexin.test") as client:
        yield client


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "zh-CN"),
        ("en", "en"),
        ("en-GB", "en"),
        ("EN", "en"),
        ("zh", "zh-CN"),
        ("zh-TW,en;q=0.9", "zh-CN"),
        ("zh;q=0.8, en;q=0.9", "en"),
        ("zh,en", "zh-CN"),
        ("fr, en;q=0.3", "en"),
        ("fr", "zh-CN"),
        ("*", "zh-CN"),
        ("zh;q=0, *", "en"),
        ("en;q=0, *", "zh-CN"),
        ("en;level=1;q=0.7", "en"),
        ("en;q=2", "zh-CN"),
        ("en;q=nan", "zh-CN"),
        ("en;q=", "zh-CN"),
        (";;;,,,q=1", "zh-CN"),
        ("," * 5000 + "en", "zh-CN"),
    ],
)
async def test_words_are_chinese_unless_english_is_preferred(
    http: httpx.AsyncClient, accepted: str, language: str
) -> None:
    refused = await http.get("/v1/nothing", headers={"Accept-Language": accepted})
    assert refused.headers["content-language"] == language
    assert refused.headers["vary"] == "Accept-Language"
    assert refused.json()["title"].isascii() == (language == "en")


async def test_a_refusal_is_a_problem_document(http: httpx.AsyncClient) -> None:
    refused = await http.get("/v1/refusals/login", headers={"Accept-Language": "en"})
    assert refused.status_code == 401
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.headers["cache-control"] == "no-store"
    assert refused.headers["www-authenticate"].startswith("Bearer")
    problem = refused.json()
    title = problem.pop("title")
    assert problem.pop("detail") == title
    assert problem == {
        "type": "urn:xuexin:problem:login_rejected",
        "status": 401,
        "code": "login_rejected",
        "request_id": "request-1",
    }


async def test_options_have_titles_in_the_callers_language(http: httpx.AsyncClient) -> None:
    titles = []
    for language in ("zh", "en"):
        options = (await http.get("/v1/refusals/options", headers={"Accept-Language": language})).json()["options"]
        assert [option["id"] for option in options] == ["login", "recover"]
        titles.append(options[0]["title"])
    assert titles[0] != titles[1]


async def test_nobody_is_told_to_wait_no_time(http: httpx.AsyncClient) -> None:
    assert (await http.get("/v1/refusals/wait")).headers["retry-after"] == "1"


async def test_ways_to_verify_have_words_in_the_callers_language(http: httpx.AsyncClient) -> None:
    refused = await http.get("/v1/refusals/verify", headers={"Accept-Language": "en"})
    words: list[dict[str, Any]] = [
        {"title": "Answer questions about your own record", "explanation": None},
        {
            "title": "Classmates vouch",
            "explanation": "Somebody claims your document number: until that is decided, verify in a stronger way.",
        },
    ]
    assert refused.json()["methods"] == [{**way, **said} for way, said in zip(METHODS, words, strict=True)]
    assert 'max_age="1800"' in refused.headers["www-authenticate"]


async def test_a_lone_surrogate_in_an_answer_is_no_failure(http: httpx.AsyncClient) -> None:
    refused = await http.get("/v1/refusals/fields")
    assert refused.status_code == 422
    assert [error["pointer"] for error in refused.json()["errors"]] == ["/name", "/?"]


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({"style": "swim"}, {"/swim": "required"}),
        ({"style": "swim", "swim": 1}, {"/swim": "wrong_type"}),
        ({"style": "swim", "swim": "x", "metres": 1}, {"/metres": "out_of_range"}),
        ({"style": "swim", "swim": "x", "metres": "x"}, {"/metres": "wrong_type"}),
        ({"style": "swim", "swim": "x", "a/b~c": 1}, {"/a~1b~0c": "extra_field"}),
        ({"style": "run", "shoes": ["long", 1]}, {"/shoes/0": "too_long", "/shoes/1": "wrong_type"}),
        ({"style": "run", "shoes": ["a", "b", "c"]}, {"/shoes": "too_many_items"}),
        ({"style": "run", "shoes": [], "laps": {"long": 1}}, {"/laps/long": "too_long"}),
        ({"style": "fly"}, {"/style": "not_in_list"}),
        ({}, {"/style": "required"}),
        ([], {"": "wrong_type"}),
    ],
)
async def test_a_pointer_leads_to_the_field_and_never_names_the_forms_of_a_body(
    http: httpx.AsyncClient, body: Any, found: dict[str, str]
) -> None:
    refused = await http.post("/v1/sports", json=body)
    assert refused.status_code == 422
    assert {error["pointer"]: error["code"] for error in refused.json()["errors"]} == found


async def test_a_pointer_says_when_it_leads_to_the_query_or_the_path(http: httpx.AsyncClient) -> None:
    refused = await http.get("/v1/statuses/x", params={"most": "secret"})
    assert {error["pointer"] for error in refused.json()["errors"]} == {"/path/status", "/query/most"}
    assert "secret" not in refused.text


async def test_a_form_of_ninety_mistakes_is_answered_briefly(http: httpx.AsyncClient) -> None:
    body = {"style": "swim", "swim": ""} | {f"{number:03}": 0 for number in range(90)}
    refused = await http.post("/v1/sports", json=body)
    assert len(refused.json()["errors"]) == 50


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "PROPFIND"])
async def test_a_wrong_method_is_told_every_right_one(http: httpx.AsyncClient, method: str) -> None:
    refused = await http.request(method, "/v1/sports")
    assert (refused.status_code, refused.json()["code"]) == (405, "method_not_allowed")
    assert refused.headers["allow"] == "GET, HEAD, POST"


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "bad_request"),
        (404, "not_found"),
        (413, "body_too_large"),
        (415, "unsupported_media_type"),
        (418, "bad_request"),
        (503, "internal_error"),
    ],
)
async def test_the_frameworks_own_refusals_are_problems_too(http: httpx.AsyncClient, status: int, code: str) -> None:
    refused = await http.get(f"/v1/statuses/{status}")
    assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert refused.headers["x-kept"] == "1"
