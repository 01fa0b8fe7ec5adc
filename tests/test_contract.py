"""The contract: committed, complete, and true."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.core import NotSet
from schemathesis.core.result import Ok

from support.archive import enroll
from support.client import Client, connected_client
from support.contract import Contract
from support.people import students
from support.records import registrar_of
from support.staff import member
from xuexin_api.cli.migration import PROJECT
from xuexin_api.cli.operating import contract
from xuexin_api.core.errors import every_refusal
from xuexin_api.core.messages import catalogue
from xuexin_api.core.staff import Role
from xuexin_api.dependencies.wiring import Wiring
from xuexin_api.openapi import ONCE, faults, operation_of, operations
from xuexin_api.routers.examples import EXAMPLES
from xuexin_api.settings import Settings

_OF_SCHOOLS = tuple(
    f"/v1/staff/{name}" for name in ("corrections", "enrollments", "imports", "office-contact", "transfers")
)
_OF_OPERATORS = ("/v1/staff/members", "/v1/staff/help-requests", "/v1/staff/overview")
_EXAMPLES = 3
UNKNOWN = "01999999-9999-7999-8999-999999999999"
COMMITTED = PROJECT / "openapi" / "openapi.json"


def test_the_committed_contract_is_that_of_the_code() -> None:
    assert COMMITTED.read_text(encoding="utf-8").strip() == contract(), "run `make openapi` and read the difference"


def test_an_integrator_misses_nothing_in_it() -> None:
    assert faults(json.loads(COMMITTED.read_text(encoding="utf-8"))) == []


def test_every_operation_that_needs_a_login_says_so() -> None:
    document = json.loads(COMMITTED.read_text(encoding="utf-8"))
    open_to_all = {
        operation["operationId"] for _, _, operation in operations(document) if {} in operation.get("security", [{}])
    }
    assert open_to_all == {
        "get_liveness",
        "get_readiness",
        "get_metrics",
        "get_jwks",
        "create_challenge",
        "list_agreements",
        "list_security_questions",
        "send_verification_code",
        "create_phone_proof",
        "register_account",
        "create_session",
        "continue_session",
        "ask_passkey_to_log_in",
        "ask_passkey_to_recover",
        "refresh_session",
        "recover_username",
        "begin_password_recovery",
        "send_recovery_code",
        "confirm_recovery",
        "complete_recovery",
        "undo_change",
        "object_by_link",
        "enrol_staff",
        "confirm_staff_enrolment",
        "confirm_staff_enrolment_by_passkey",
        "ask_staff_passkey_to_log_in",
        "create_staff_session",
        "list_closing_effects",
        "list_help_categories",
        "list_help_articles",
        "get_help_article",
        "list_hot_questions",
        "search_help_articles",
        "give_help_feedback",
        "list_platforms",
        "create_help_request",
        "check_help_request",
        "open_conversation",
        "send_help_message",
        "list_login_providers",
        "start_third_party_login",
        "finish_third_party_login",
    }


def test_what_takes_a_token_says_whose_and_whether_it_may_be_left_out() -> None:
    document = json.loads(COMMITTED.read_text(encoding="utf-8"))
    optional = set()
    for _, path, operation in operations(document):
        ways = operation.get("security", [])
        whose = "staff_bearer" if path.startswith("/v1/staff/") else "bearer"
        assert {name for way in ways for name in way} <= {whose}, path
        if {} in ways:
            optional.add(operation["operationId"])
    assert optional == {"give_help_feedback", "create_help_request", "open_conversation", "send_help_message"}


def test_whatever_changes_something_takes_a_key_or_needs_none() -> None:
    """Why these need none is tested where they are: a repeat leaves the same state, and sends nothing."""
    document = json.loads(COMMITTED.read_text(encoding="utf-8"))
    without = {
        operation["operationId"]: method
        for method, _, operation in operations(document)
        if method != "get" and ONCE not in operation
    }
    assert without == {
        "refresh_session": "post",  # answers again with the same successor for 30 seconds; after that it must not
        "export_account": "post",  # reads: a POST because a password belongs into no URL; its answer is kept nowhere
        "give_help_feedback": "post",  # counts once a day, however often it is said
        "upload_import": "post",  # the same content is the same import
        "send_help_message": "post",  # asked again it answers again
        "search_enrollments": "post",  # reads: a POST because a name belongs into no URL
        "export_enrollments": "post",  # reads: each time it is asked for, it is written down
        "check_help_request": "post",  # reads: a POST because a secret belongs into no URL
        "delete_help_request": "delete",
        "delete_conversation": "delete",
        "begin_staff_passkey": "post",  # these seven offer a challenge that nobody keeps; a second one is as good
        "ask_staff_passkey": "post",
        "ask_staff_passkey_to_log_in": "post",
        "begin_passkey": "post",
        "ask_passkey": "post",
        "ask_passkey_to_log_in": "post",
        "ask_passkey_to_recover": "post",
        "rename_passkey": "patch",  # the same name again is the same name
        "set_consent": "put",  # what is so already is not noted again
        "delete_current_session": "delete",  # what has ended is ended
        "delete_other_sessions": "delete",
        "delete_session": "delete",
        "end_staff_session": "delete",
        "release_identity": "delete",  # what is released is link_not_found
        "end_identity_verification": "delete",
        "delete_case_photo": "delete",  # once it is gone it is upload_not_found
        "delete_verification_photo": "delete",
        "delete_correction_proof": "delete",
        "delete_claim_proof": "delete",
        "remove_office_contact": "delete",
    }


def test_every_example_is_what_its_schema_says() -> None:
    contract = Contract(json.loads(COMMITTED.read_text(encoding="utf-8")))
    shown = list(contract.examples())
    assert len(shown) > 500
    faults = {where: contract.faults_of(value, schema) for where, value, schema in shown}
    assert {where: found for where, found in faults.items() if found} == {}


@pytest.mark.parametrize(
    ("path", "method", "last", "schema"),
    [
        ("/v1/help/conversations/{conversation_id}/messages", "post", "answer", "RobotAnswer"),
        ("/v1/staff/imports/{import_id}/events", "get", "end", "Import"),
    ],
)
def test_events_are_shown_as_they_are_sent(path: str, method: str, last: str, schema: str) -> None:
    contract = Contract(json.loads(COMMITTED.read_text(encoding="utf-8")))
    shown = contract.document["paths"][path][method]["responses"]["200"]["content"]["text/event-stream"]["examples"]
    for example in shown.values():
        names = re.findall(r"^event: (.*)$", example["value"], re.MULTILINE)
        data = [json.loads(line) for line in re.findall(r"^data: (.*)$", example["value"], re.MULTILINE)]
        assert (len(names), names[-1]) == (len(data), last)
        assert contract.faults_of(data[-1], {"$ref": f"#/components/schemas/{schema}"}) == []


def test_every_refusal_is_shown_in_both_languages() -> None:
    document = json.loads(COMMITTED.read_text(encoding="utf-8"))
    for _, path, operation in operations(document):
        for status, response in operation["responses"].items():
            examples = response.get("content", {}).get("application/problem+json", {}).get("examples", {})
            codes = {name.removesuffix(".en") for name in examples}
            assert set(examples) == codes | {f"{code}.en" for code in codes}, (path, status)
            assert codes or int(status) < 400, (path, status)


def test_every_example_belongs_to_an_operation() -> None:
    document = json.loads(COMMITTED.read_text(encoding="utf-8"))
    assert set(EXAMPLES) <= {operation["operationId"] for _, _, operation in operations(document)}


def test_every_refusal_has_words_in_both_languages() -> None:
    classes = list(every_refusal())
    assert len(classes) > 20
    words = catalogue()
    for refusal in classes:
        assert set(words[refusal.code]) == {"zh-CN", "en"}, refusal.code


def test_every_message_has_both_languages_and_the_same_placeholders() -> None:
    for code, sentences in catalogue().items():
        assert set(sentences) == {"zh-CN", "en"}, code
        fields = [{part.split("}")[0] for part in text.split("{")[1:]} for text in sentences.values()]
        assert fields[0] == fields[1], code


@pytest.mark.parametrize(
    "path", ["README.md", "openapi/openapi.json", *(f"openapi/{one.name}" for one in PROJECT.glob("openapi/*.md"))]
)
def test_every_operation_that_is_written_about_exists(path: str) -> None:
    document = json.loads(COMMITTED.read_text(encoding="utf-8"))
    text = (PROJECT / path).read_text(encoding="utf-8")
    for method, address in re.findall(r"\b(GET|POST|PUT|PATCH|DELETE) (/[\w./{}-]*[\w}])", text):
        known = operation_of(document, method, re.sub(r"\{\w+\}", UNKNOWN, address))
        assert "operationId" in known, f"{path}: {method} {address}"


def test_the_rule_by_which_pictures_are_reduced_has_the_numbers_of_the_settings() -> None:
    document = json.loads(COMMITTED.read_text(encoding="utf-8"))
    policy = Settings().picture_policy()
    rule = f"{policy.fit_bytes >> 20} MB", f"{policy.largest_bytes >> 20} MB", f"{policy.lowest_quality} and"
    for path in ("/v1/identity-cases/{case_id}/photos", "/v1/identity-verifications/{verification_id}/photos"):
        (fit,) = [one for one in document["paths"][path]["post"]["parameters"] if one.get("name") == "fit"]
        assert all(number in fit["description"] for number in (*rule, f"{policy.long_side:,} on the long side"))


def test_every_state_that_an_answer_can_have_is_shown() -> None:
    contract = Contract(json.loads(COMMITTED.read_text(encoding="utf-8")))
    shown: dict[str, set[object]] = defaultdict(set)
    for _, value, schema in contract.examples():
        for name, field, seen in contract.fields_of(value, schema):
            shown[f"{name}.{field}"].add(seen)
    there = {
        f"{name}.{field}": {state for form in (shape, *shape.get("anyOf", ())) for state in form.get("enum", ())}
        for name, schema in contract.document["components"]["schemas"].items()
        for field, shape in schema.get("properties", {}).items()
        if field in {"state", "phone_status", "end_reason", "acr"} and f"{name}.{field}" in shown
    }
    assert len(there) > 10
    missing = {field: states - shown[field] for field, states in there.items() if states - shown[field]}
    ends = {"draft", "notice", "approved", "rejected", "withdrawn", "expired", "undone"}
    assert missing == {
        "DeskCase.state": ends,  # people look at what waits for them
        "QueuedCase.state": ends,
        "Account.state": {"closing", "closed", "superseded"},  # a login undoes a closing; the others have no login
        "HelpRequestMade.state": {"answered", "closed"},  # it was made just now
    }


async def test_the_broken_rule_that_an_operation_shows_is_the_one_it_answers_with(client: Client) -> None:
    contract = Contract(json.loads(COMMITTED.read_text(encoding="utf-8")))
    shown = {
        where.split()[0]: problem["errors"][0]
        for where, problem, _ in contract.examples()
        if where.endswith("422 invalid_request")
    }
    assert len(shown) > 60
    async with member(client) as reviewer:
        await client.register(students(1)[0])
        for method, path, operation in operations(contract.document):
            error = shown.get(operation["operationId"])
            if error is None:
                continue
            asker = reviewer.client if path.startswith("/v1/staff/") else client
            form = "multipart/form-data" in operation.get("requestBody", {}).get("content", {})
            refused = await _ask_brokenly(asker, method, path, error["pointer"], form=form)
            assert refused.status_code == 422, (method, path, refused.text)
            assert error["pointer"] in {told["pointer"] for told in refused.json()["errors"]}, (method, path)
            assert error["code"] in {told["code"] for told in refused.json()["errors"]}, (method, path)


async def _ask_brokenly(asker: Client, method: str, path: str, pointer: str, *, form: bool) -> httpx.Response:
    """Break the rule that stands at this pointer."""
    place, _, name = pointer.removeprefix("/").partition("/")
    parameters = {"kind": "admission", "slug": "recover-password"}
    query, headers, body = {}, {}, {"unknown": 1} if pointer == "/unknown" else {}
    if place == "path":
        parameters[name] = "x" * 300
    elif place == "query":
        query[name] = "0" if name == "limit" else "x" * 3000
    elif place == "header":
        headers[name] = ""
    known = re.sub(r"\{(\w+)\}", lambda found: parameters.get(found[1], UNKNOWN), path)
    sent: dict[str, Any] = {"data": {"side": "front"}, "files": {"file": b"1"}} if form else {"json": body}
    return await asker.request(method, known, params=query, headers=headers, **sent)


@pytest.mark.long
async def test_generated_requests_get_declared_answers_and_never_a_failure(client: Client, parts: Wiring) -> None:
    """Requests made up from the contract itself, fitting and unfitting, by a stranger, an owner, and staff.

    The client holds every answer against the contract: its status, its shape, its headers, its refusal.
    """
    (student,) = students(1)
    await enroll(parts, student)
    async with (
        connected_client(client.app, parts) as owner,
        member(client) as reviewer,
        registrar_of(client) as registrar,
        member(client, "operator.one", role=Role.OPERATOR) as operator,
    ):
        desks = dict.fromkeys(_OF_SCHOOLS, registrar.client) | dict.fromkeys(_OF_OPERATORS, operator.client)
        await owner.register(student)
        await owner.verify(student)
        answered: Counter[int] = Counter()
        for operation in _operations_that_end_no_session_first():
            one_of_us = owner
            if operation.path.startswith("/v1/staff/"):
                one_of_us = next(
                    (desk for path, desk in desks.items() if operation.path.startswith(path)), reviewer.client
                )
            for mode in GenerationMode:
                for case in _made_up(operation, mode):
                    for asker in (client, one_of_us):
                        answered[await _ask(asker, case)] += 1
    assert max(answered) < 500
    assert answered.total() > 1000
    assert {200, 201, 204, 401, 403, 404, 409, 422} <= set(answered)


def _operations_that_end_no_session_first() -> list[Any]:
    schema = schemathesis.openapi.from_dict(json.loads(COMMITTED.read_text(encoding="utf-8")))
    found = [result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)]
    return sorted(found, key=lambda operation: operation.method == "delete")


async def _ask(asker: Client, case: Any) -> int:
    headers = {name: value.encode("ascii", "replace").decode() for name, value in (case.headers or {}).items()}
    if asker.access_token is not None:
        # Who is logged in stays so: made-up tokens are the stranger's.
        headers.pop("Authorization", None)
    content = None
    if not isinstance(case.body, NotSet):
        content = case.body if isinstance(case.body, bytes) else json.dumps(case.body).encode()
        headers.setdefault("Content-Type", "application/json")
    answer = await asker.request(
        case.method, case.formatted_path, params=case.query or None, headers=headers, content=content
    )
    return answer.status_code


def _made_up(operation: Any, mode: GenerationMode) -> list[Any]:
    found: list[Any] = []

    @settings(
        max_examples=_EXAMPLES, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    def collect(case: Any) -> None:
        found.append(case)

    given(case=operation.as_strategy(generation_mode=mode))(collect)()
    return found
