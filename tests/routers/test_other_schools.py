"""Whatever a school has under an id: for another school it is not there, by any route, and each try is written down."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

import pytest

from support.archive import add_schools
from support.claims import former, hand_in
from support.client import Client, code_of
from support.corrections import corrected
from support.imports import roster, rows_of_school, uploaded
from support.people import FAR_SCHOOL, SCHOOLS, students
from support.records import OFFICE, OTHER, add_records, registered_row, registrar_of
from support.staff import Member
from support.tables import rows_of
from xuexin_api.dependencies.wiring import Wiring

pytestmark = pytest.mark.settings(code_resend_seconds=1)
_NOBODYS: Final = "0199a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b"
_KINDS: Final = {
    "enrollment_id": ("record:out_of_reach", "record_not_found"),
    "transfer_id": ("transfer:out_of_reach", "transfer_not_found"),
    "claim_id": ("claim:out_of_reach", "claim_not_found"),
    "correction_id": ("correction:out_of_reach", "correction_not_found"),
    "import_id": ("import:out_of_reach", "import_not_found"),
}
"""By the name of the id in a path: the line in the trail, and the refusal."""
_CONTRACT: Final = json.loads((Path(__file__).parents[2] / "openapi" / "openapi.json").read_text("utf-8"))


def _routes() -> list[tuple[str, str, str, Any]]:
    """(method, path, name of its id, a body that is right) of all that a registrar may ask about one thing."""
    found = []
    for path, operations in _CONTRACT["paths"].items():
        kind = next((name for name in _KINDS if f"{{{name}}}" in path), None)
        if kind is None or not path.startswith("/v1/staff/"):
            continue
        found += [
            (method.upper(), path, kind, _body(operation))
            for method, operation in operations.items()
            if method in {"get", "post", "put", "patch", "delete"}
        ]
    return found


def _body(operation: dict[str, Any]) -> Any:
    if "requestBody" not in operation:
        return None
    (content,) = operation["requestBody"]["content"].values()
    return _made(content["schema"])


def _made(schema: dict[str, Any]) -> Any:
    """Of the contract's own examples."""
    if "$ref" in schema:
        schema = _CONTRACT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if "properties" not in schema:
        return _made((schema.get("oneOf") or schema["anyOf"])[0])
    return {name: one["examples"][0] for name, one in schema["properties"].items() if one.get("examples")} | {
        name: one["const"] for name, one in schema["properties"].items() if "const" in one
    }


async def _things(client: Client, parts: Wiring, here: Member, folder: Path) -> dict[str, str]:
    """One of each, of the first school."""
    student, going = students(2)
    before = former(student)
    shows, _, moves = await add_records(parts, [registered_row(one) for one in (student, before, going)])
    await client.register(student)
    await client.verify(student)
    claim = await hand_in(client, before)
    correction = await corrected(client, shows, class_name="二班")
    body = {"to_institution_code": OTHER, "reason": "hardship", "note": None}
    asked = await here.client.post(f"{OFFICE}/{moves}/transfers", body, headers={"If-Match": '"1"'})
    assert asked.status_code == 201, asked.text
    job = await uploaded(here, roster(folder, rows_of_school(SCHOOLS[0], 3)), dry_run=True)
    return {
        "enrollment_id": shows,
        "transfer_id": str(asked.json()["transfer"]["id"]),
        "claim_id": claim,
        "correction_id": correction,
        "import_id": str(job["id"]),
    }


async def test_no_route_shows_another_school_that_something_is_there(
    client: Client, parts: Wiring, tmp_path: Path
) -> None:
    routes = _routes()
    assert {kind for _, _, kind, _ in routes} == set(_KINDS)
    await add_schools(parts)
    async with registrar_of(client) as here:
        things = await _things(client, parts, here, tmp_path)
        async with registrar_of(client, "registrar.far", FAR_SCHOOL[0]) as far:
            for method, path, kind, body in routes:
                line, code = _KINDS[kind]
                answers = []
                for thing in (things[kind], _NOBODYS):
                    url = re.sub(r"{(photo|change)_id}", _NOBODYS, path.replace(f"{{{kind}}}", thing))
                    url = url.replace("{kind}", "admission")
                    url += "?purpose=student_request" if kind == "enrollment_id" and method == "GET" else ""
                    json_body = {} if body is None else {"json": body}
                    answer = await far.client.request(method, url, headers={"If-Match": '"1"'}, **json_body)
                    assert (answer.status_code, code_of(answer)) == (404, code), f"{method} {path}: {answer.text}"
                    answers.append(answer.json() | {"request_id": ""})
                assert answers[0] == answers[1]
                tries = await rows_of(
                    parts, "", f"DELETE FROM staff_events WHERE action = '{line}' RETURNING subject_id::text"
                )
                assert things[kind] in {row["subject_id"] for row in tries}, f"{method} {path}"
