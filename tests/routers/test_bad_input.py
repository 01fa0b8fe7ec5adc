"""What must never be a 500, and must never be stored."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from support.client import Client, code_of
from support.contract import contract_of_the_code
from support.entropy import CODE
from support.people import students
from support.staff import member
from support.tables import count_rows
from xuexin_api.dependencies.wiring import Wiring
from xuexin_api.openapi import operations

LOGIN = '"method":"password","identifier":"17012340001"'


async def _send(client: Client, body: bytes, kind: str = "application/json") -> httpx.Response:
    return await client.request("POST", "/v1/sessions", content=body, headers={"Content-Type": kind})


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "json_malformed"),
        (b"", "required"),
        (b"null", "wrong_type"),
        (b"[]", "wrong_type"),
        (b'"text"', "wrong_type"),
        (b"{} {}", "json_malformed"),
        (b"{'method':'password'}", "json_malformed"),
        (b'{"method":"password","method":"password"}', "json_duplicate_key"),
        (b'{"a":{"b":1,"b":2}}', "json_duplicate_key"),
        (b'{"a":NaN}', "json_not_a_number"),
        (b'{"a":-Infinity}', "json_not_a_number"),
        (b'{"a":1e999}', "json_not_a_number"),
        (b'{"a":' + b"9" * 5000 + b"}", "json_number_too_long"),
        (b'{"a":"\\u0000"}', "json_nul"),
        (b'{"\\u0000":1}', "json_nul"),
        (b'{"a":["\\ud800"]}', "json_lone_surrogate"),
        (b'{"a":[[["x\\udfff"]]]}', "json_lone_surrogate"),
        (b'{"a":"\xff"}', "json_not_utf8"),
        ('{"a":1}'.encode("utf-16"), "json_not_utf8"),
        (b"\xef\xbb\xbf{}", "json_malformed"),
        (b"[" * 1000 + b"]" * 1000, "json_too_deep"),
        (b'{"a":' * 1000 + b"1" + b"}" * 1000, "json_too_deep"),
        (b"[" * 30000, "json_too_deep"),
    ],
)
async def test_json_that_two_parsers_could_read_differently_is_refused(client: Client, body: bytes, code: str) -> None:
    refused = await _send(client, body)
    assert (refused.status_code, code_of(refused)) == (422, "invalid_request")
    assert refused.json()["errors"][0]["code"] == code


async def test_brackets_inside_strings_are_text(client: Client) -> None:
    body = json.dumps({"method": "password", "identifier": "[" * 100, "password": '\\"{' * 60})
    assert code_of(await _send(client, body.encode())) == "login_rejected"


LAX_IDS = (
    "{01999999-9999-7999-8999-999999999999}",
    "urn:uuid:01999999-9999-7999-8999-999999999999",
    "01999999999979998999999999999999",
    "0199999999997999-8999-999999999999---",
    "٠1999999-9999-7999-8999-999999999999",
    "01999999-9999-7999-8999-999999999999 ",
)
LAX_NUMBERS = ("+5", " 5", "5 ", "1_0", "05", "5.0", "٥", "0x5", "1e1", "", "99999999999999999999")


async def test_an_id_or_a_number_has_one_form_in_every_address(client: Client) -> None:
    """What two clients could read differently is refused, wherever the contract has an id or a number."""
    await client.register(students(1)[0])
    contract = contract_of_the_code()
    seen = 0
    async with member(client) as reviewer:
        for method, path, operation in operations(contract.document):
            asker = reviewer.client if path.startswith("/v1/staff/") else client
            forms = "multipart/form-data" in operation.get("requestBody", {}).get("content", {})
            sent: dict[str, Any] = {"files": {"photo": b""}} if forms else {"json": {}}
            for parameter in map(contract.resolve, operation["parameters"]):
                for address, query in _laxly_asked(path, parameter):
                    refused = await asker.request(method, address, params=query, **sent)
                    assert (refused.status_code, code_of(refused)) == (422, "invalid_request"), (method, address, query)
                    pointers = [error["pointer"] for error in refused.json()["errors"]]
                    assert f"/{parameter['in']}/{parameter['name']}" in pointers, (method, address, query)
                    seen += 1
    assert seen > 80


def _laxly_asked(path: str, parameter: dict[str, Any]) -> list[tuple[str, dict[str, str]]]:
    """Address and query, in every form that only some would understand."""
    schema, name = parameter["schema"], parameter["name"]
    if parameter["in"] == "path" and schema.get("format") == "uuid":
        return [(path.replace(f"{{{name}}}", quote(lax, safe="")), {}) for lax in LAX_IDS]
    if parameter["in"] == "query" and schema.get("type") == "integer":
        return [(path, {name: lax}) for lax in LAX_NUMBERS]
    return []


@pytest.mark.parametrize("lax", LAX_IDS)
async def test_an_id_has_one_form_in_a_body_too(client: Client, lax: str) -> None:
    body = {"code_id": lax, "phone": students(1)[0].phone, "code": CODE, "purpose": "login"}
    refused = await client.post("/v1/phone-proofs", body)
    assert [(error["pointer"], error["code"]) for error in refused.json()["errors"]] == [("/code_id", "malformed")]


async def test_an_id_may_be_written_in_capitals(client: Client) -> None:
    await client.register(students(1)[0])
    (session,) = (await client.get("/v1/sessions")).json()["items"]
    assert (await client.delete(f"/v1/sessions/{session['id'].upper()}")).status_code == 204


@pytest.mark.parametrize("encodings", [["gzip"], ["identity, br"], ["identity", "deflate"], ["x-made-up"]])
async def test_a_compressed_body_is_refused_and_not_read(client: Client, encodings: list[str]) -> None:
    headers = [("Content-Type", "application/json"), *(("Content-Encoding", one) for one in encodings)]
    body = gzip.compress(json.dumps({"purpose": "login"}).encode())
    for address in ("/v1/challenges", "/v1/sessions"):
        refused = await client.http.post(address, content=body, headers=headers)
        assert (refused.status_code, code_of(refused)) == (415, "content_encoded")
        assert refused.headers["accept-encoding"] == "identity"
    plain = {"Content-Encoding": "Identity"}
    assert (await client.post("/v1/challenges", {"purpose": "login"}, headers=plain)).status_code == 201


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        (f"{{{LOGIN}}}", "/password", "required"),
        (f'{{{LOGIN},"password":1}}', "/password", "wrong_type"),
        (f'{{{LOGIN},"password":""}}', "/password", "too_short"),
        (f'{{{LOGIN},"password":"{"x" * 257}"}}', "/password", "too_long"),
        (f'{{{LOGIN},"password":"x","extra":1}}', "/extra", "extra_field"),
        (f'{{{LOGIN},"password":null}}', "/password", "wrong_type"),
        ('{"method":"carrier_pigeon"}', "/method", "not_in_list"),
        ("{}", "/method", "required"),
    ],
)
async def test_each_broken_field_is_pointed_at(client: Client, body: str, pointer: str, code: str) -> None:
    refused = await _send(client, body.encode())
    assert refused.status_code == 422
    found = {error["pointer"] or "/": error["code"] for error in refused.json()["errors"]}
    assert found == {pointer: code}


async def test_a_refusal_never_repeats_what_was_sent(client: Client) -> None:
    secret = "my-very-secret-password"
    refused = await _send(client, f'{{{LOGIN},"password":["{secret}"],"{secret}":1}}'.encode())
    assert refused.status_code == 422
    assert refused.text.count(secret) == 1  # the pointer names the field that does not exist


async def test_ten_megabytes_are_refused_announced_or_not(client: Client, parts: Wiring) -> None:
    large = b'{"a":"' + b"x" * 10_000_000 + b'"}'
    announced = await _send(client, large)
    assert (announced.status_code, code_of(announced)) == (413, "body_too_large")

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(large), 50_000):
            yield large[start : start + 50_000]

    headers = {"Content-Type": "application/json"}
    chunked = await client.request("POST", "/v1/sessions", content=chunks(), headers=headers)
    assert (chunked.status_code, code_of(chunked)) == (413, "body_too_large")
    assert await count_rows(parts, "attempt_counters") == 0


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/xml", "multipart/form-data", "", "application/json; charset=gbk", "application/jsonx"],
)
async def test_another_content_type_is_refused(client: Client, kind: str) -> None:
    refused = await _send(client, b"{}", kind)
    assert (refused.status_code, code_of(refused)) == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    "kind", ["application/json", "Application/JSON; charset=UTF-8", 'application/json;charset="utf-8"']
)
async def test_json_in_utf8_is_taken_however_it_is_announced(client: Client, kind: str) -> None:
    body = f'{{{LOGIN},"password":"x"}}'.encode()
    assert code_of(await _send(client, body, kind)) == "login_rejected"


async def test_a_wrong_method_and_an_unknown_path_are_problems(client: Client) -> None:
    wrong = await client.request("PUT", "/v1/sessions", json={})
    assert (wrong.status_code, code_of(wrong), wrong.headers["allow"]) == (405, "method_not_allowed", "GET, HEAD, POST")
    for path in ("/v1/nothing", "/", "/v1/sessions/", "/v1//sessions", "/%00", "/v1/archive/enrollments/../../x"):
        unknown = await client.get(path)
        assert (unknown.status_code, code_of(unknown)) == (404, "not_found"), path


@pytest.mark.parametrize("record", ["x", "0", "%00", "'; DROP TABLE accounts; --", "１" * 36])
async def test_a_malformed_id_is_malformed_only_to_those_who_may_ask(client: Client, record: str) -> None:
    refused = await client.get(f"/v1/archive/enrollments/{record}")
    assert refused.status_code in {401, 404, 422}


PATHS = [
    "/v1/challenges",
    "/v1/verification-codes",
    "/v1/phone-proofs",
    "/v1/registrations",
    "/v1/sessions",
    "/v1/sessions/continue",
    "/v1/sessions/refresh",
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)


@examples(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=st.sampled_from(PATHS), body=st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
async def test_no_bytes_at_all_make_a_failure(client: Client, path: str, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    answer = await client.request("POST", path, content=body, headers=headers)
    assert answer.status_code in {422, 413}
    assert code_of(answer) in {"invalid_request", "body_too_large"}


async def test_an_unexpected_failure_is_a_problem_with_a_number_and_nothing_else(app: FastAPI, client: Client) -> None:
    @app.get("/broken", include_in_schema=False)
    async def broken() -> None:
        raise RuntimeError("17012340001")

    answer = await client.http.get("/broken")
    assert (answer.status_code, code_of(answer)) == (500, "internal_error")
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert "17012340001" not in answer.text
