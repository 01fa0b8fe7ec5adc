"""The contract: committed, complete, and true."""

from __future__ import annotations

import json
from typing import Any

import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.core import NotSet
from schemathesis.core.result import Ok

from support.client import Client
from support.contract import Contract
from xuexin_api.cli.migration import PROJECT
from xuexin_api.cli.operating import contract
from xuexin_api.core.errors import RefusalError
from xuexin_api.core.messages import catalogue
from xuexin_api.openapi import ONCE, faults, operations
from xuexin_api.routers.examples import EXAMPLES

COMMITTED = PROJECT / "openapi" / "openapi.json"


def test_the_committed_contract_is_that_of_the_code() -> None:
    assert COMMITTED.read_text(encoding="utf-8").strip() == contract(), "run `make openapi` and read the difference"


def test_an_integrator_misses_nothing_in_it() -> None:
    assert faults(json.loads(COMMITTED.read_text(encoding="utf-8"))) == []


def test_every_operation_that_needs_a_login_says_so() -> None:
    document = json.loads(COMMITTED.read_text(encoding="utf-8"))
    open_to_all = {
        operation["operationId"] for _, _, operation in operations(document) if not operation.get("security")
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
    }


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
        "send_help_message": "post",  # asked again it answers again
        "check_help_request": "post",  # reads: a POST because a secret belongs into no URL
        "delete_help_request": "delete",
        "delete_conversation": "delete",
        "begin_passkey": "post",  # these four offer a challenge that nobody keeps; a second one is as good
        "ask_passkey": "post",
        "ask_passkey_to_log_in": "post",
        "ask_passkey_to_recover": "post",
        "rename_passkey": "patch",  # the same name again is the same name
        "set_consent": "put",  # what is so already is not noted again
        "delete_current_session": "delete",  # what has ended is ended
        "delete_other_sessions": "delete",
        "delete_session": "delete",
        "end_staff_session": "delete",
    }


def test_every_example_is_what_its_schema_says() -> None:
    contract = Contract(json.loads(COMMITTED.read_text(encoding="utf-8")))
    shown = list(contract.examples())
    assert len(shown) > 500
    faults = {where: contract.faults_of(value, schema) for where, value, schema in shown}
    assert {where: found for where, found in faults.items() if found} == {}


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
    classes = RefusalError.__subclasses__()
    assert len(classes) > 20
    words = catalogue()
    for refusal in classes:
        assert set(words[refusal.code]) == {"zh-CN", "en"}, refusal.code


def test_every_message_has_both_languages_and_the_same_placeholders() -> None:
    for code, sentences in catalogue().items():
        assert set(sentences) == {"zh-CN", "en"}, code
        fields = [{part.split("}")[0] for part in text.split("{")[1:]} for text in sentences.values()]
        assert fields[0] == fields[1], code


async def test_generated_requests_get_declared_answers_and_never_a_failure(app: FastAPI, client: Client) -> None:
    """Requests made up from the contract itself, valid and invalid, against every operation."""
    document = json.loads(COMMITTED.read_text(encoding="utf-8"))
    schema = schemathesis.openapi.from_dict(document)
    seen = 0
    for result in schema.get_all_operations():
        assert isinstance(result, Ok)
        operation = result.ok()
        strategy = operation.as_strategy()
        for case in _examples(strategy, 8):
            body: dict[str, Any] = {} if isinstance(case.body, NotSet) else {"json": case.body}
            answer = await client.request(case.method, case.formatted_path, params=case.query or None, **body)
            assert answer.status_code < 500
            seen += 1
    assert seen > 50


def _examples(strategy: st.SearchStrategy[Any], count: int) -> list[Any]:
    found: list[Any] = []

    @settings(max_examples=count, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    def collect(case: Any) -> None:
        found.append(case)

    given(case=strategy)(collect)()
    return found
