"""The real-name form: every rule, every refusal, and that a refusal costs nothing."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from support.client import PASSWORD, Client, code_of, connected_client, registration_form
from support.clock import HandClock
from support.people import students
from support.tables import count_rows, rows_of
from support.work import meeting_at_the_hash
from xuexin_api.demo.people import id_number
from xuexin_api.dependencies.wiring import Wiring


async def _errors(client: Client, **changes: Any) -> dict[str, str]:
    """Pointer and code of every broken field of a form with `changes`."""
    (student,) = students(1)
    refused = await client.try_to_register(student, **changes)
    assert refused.status_code == 422, refused.text
    assert await count_rows(client.parts, "accounts") == 0
    return {error["pointer"]: error["code"] for error in refused.json()["errors"]}


async def test_an_account_claims_and_is_nobody_yet(client: Client, parts: Wiring) -> None:
    (student,) = students(1)
    answer = await client.register(student)
    account = answer["account"]
    assert account["state"] == "active"
    assert account["phone_masked"] == f"+86{student.phone[3:6]}****{student.phone[-4:]}"
    assert account["email_masked"] is None
    assert answer["tokens"]["acr"] == "urn:xuexin:acr:login"
    (stored,) = await rows_of(parts, "accounts")
    assert stored["person_id"] is None
    text = repr(dict(stored))
    assert student.document_number not in text
    assert student.phone not in text


async def test_a_recovery_email_is_kept_but_does_not_count_yet(client: Client) -> None:
    first, second = students(2)
    answer = await client.register(first, recovery_email="Someone@Example.edu")
    assert (answer["account"]["email_masked"], answer["account"]["email_verified"]) == ("s***@example.edu", False)
    # Whether an address is taken is never told.
    await client.register(second, recovery_email="someone@example.edu")
    refused = await client.try_to_log_in("someone@example.edu")
    assert code_of(refused) == "login_rejected"


async def test_three_security_questions_are_kept_as_one_slow_hash(client: Client, parts: Wiring) -> None:
    (student,) = students(1)
    questions = [
        {"question_id": "first_teacher", "answer": "陈老师"},
        {"question_id": "first_pet", "answer": "Ｍｉｍｉ"},
        {"question_id": "birth_town", "answer": "青石镇"},
    ]
    await client.register(student, security_questions=questions)
    (stored,) = await rows_of(parts, "security_answers")
    assert stored["question_ids"] == ["birth_town", "first_pet", "first_teacher"]
    assert stored["answers_hash"].startswith("$argon2id$")


@pytest.mark.parametrize(
    ("questions", "pointer", "code"),
    [
        ([("first_teacher", "陈老师")], "/security_questions", "security_questions_needed"),
        (
            [("first_teacher", "陈老师"), ("first_teacher", "李老师"), ("first_pet", "咪咪")],
            "/security_questions/1/question_id",
            "security_question_repeated",
        ),
        (
            [("first_teacher", "咪咪"), ("birth_town", "青石镇"), ("first_pet", "咪咪")],
            "/security_questions/2/answer",
            "security_answer_repeated",
        ),
        (
            [("first_teacher", "陈老师"), ("birth_town", "青石镇"), ("shoe_size", "四十二")],
            "/security_questions/2/question_id",
            "security_question_unknown",
        ),
        (
            [("first_teacher", "陈老师"), ("birth_town", "青石镇"), ("first_pet", " 咪 ")],
            "/security_questions/2/answer",
            "security_answer_too_short",
        ),
    ],
)
async def test_security_questions_are_three_and_distinct(
    client: Client, questions: list[tuple[str, str]], pointer: str, code: str
) -> None:
    given = [{"question_id": question, "answer": answer} for question, answer in questions]
    assert (await _errors(client, security_questions=given))[pointer] == code


async def test_both_agreements_must_be_named_in_force(client: Client) -> None:
    consents = {"user_agreement": "1999-01-01", "privacy_policy": "1999-01-01", "service_messages": True}
    assert await _errors(client, consents=consents) == {
        "/consents/user_agreement": "agreement_version_not_in_force",
        "/consents/privacy_policy": "agreement_version_not_in_force",
    }


async def test_an_answer_that_grows_under_normalisation_is_refused_and_breaks_nothing(client: Client) -> None:
    """One Arabic ligature stands for eighteen characters; the hash takes 4,096."""
    questions = [
        {"question_id": name, "answer": "\ufdfa" * 126 + name[:2]}
        for name in ("first_teacher", "birth_town", "favourite_book")
    ]
    refused = await client.try_to_register(students(1)[0], security_questions=questions)
    assert refused.status_code == 422
    assert {error["code"] for error in refused.json()["errors"]} == {"security_answer_too_long"}


async def test_consents_are_recorded_with_version_and_choice(client: Client, parts: Wiring) -> None:
    (student,) = students(1)
    listed = (await client.get("/v1/agreements")).json()["items"]
    await client.register(student)
    kept = {row["kind"]: (row["version"], row["given"]) for row in await rows_of(parts, "consents")}
    assert {item["kind"]: (item["version"], True) for item in listed}.items() <= kept.items()
    assert kept["service_messages"][1] is False


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("seven77", "password_too_short"),
        ("x" * 30 + "密" * 35, "password_too_long"),
        ("password", "password_too_common"),
        ("qwertyuiop", "password_too_common"),
        ("Password123", "password_too_common"),
        ("zzzzzzzzzz", "password_too_common"),
        ("23456789", "password_too_common"),
    ],
)
async def test_a_password_that_others_would_guess_is_refused(client: Client, password: str, code: str) -> None:
    assert (await _errors(client, password=password, password_confirmation=password)) == {"/password": code}


@pytest.mark.parametrize("password", ["青山绿水好风光", "sail by moon", "!@#$%^&*()_+{}", "8 little ducks"])
async def test_any_long_enough_password_will_do_without_composition_rules(client: Client, password: str) -> None:
    (student,) = students(1)
    password = password.ljust(8, "。")
    await client.register(student, password=password, password_confirmation=password)
    await client.log_in(student.phone, password)


async def test_a_password_made_of_ones_own_data_is_refused(client: Client) -> None:
    (student,) = students(1)
    own = [
        student.phone[3:],
        student.phone[-8:],
        student.document_number,
        student.document_number[6:14],
        f"{student.document_number[6:14]}!a",
    ]
    proof = await client.prove_phone(student.phone)
    for password in own:
        form = registration_form(student, phone_proof=proof)
        refused = await client.post(
            "/v1/registrations", form | {"password": password, "password_confirmation": password}
        )
        assert refused.json()["errors"][0]["code"] in {"password_too_personal", "password_too_common"}, password


async def test_the_password_is_asked_twice(client: Client) -> None:
    assert await _errors(client, password_confirmation=PASSWORD + "!") == {"/password_confirmation": "passwords_differ"}


async def test_a_password_is_the_same_on_every_keyboard(client: Client) -> None:
    (student,) = students(1)
    await client.register(student, password="ｓａｉｌｉｎｇ-ｆａｒ", password_confirmation="sailing-far")
    await client.log_in(student.phone, "sailing-far")


async def test_all_broken_fields_are_told_at_once(client: Client) -> None:
    errors = await _errors(
        client, name="x", document_number="110101200001010000", password="short", recovery_email="nobody"
    )
    assert errors == {
        "/name": "name_too_short",
        "/document_number": "document_check_digit_wrong",
        "/password": "password_too_short",
        "/recovery_email": "email_malformed",
        "/password_confirmation": "passwords_differ",
    }


async def test_the_sex_must_agree_with_the_number(client: Client) -> None:
    (student,) = students(1)
    other = "female" if student.sex == "male" else "male"
    assert await _errors(client, sex=other) == {"/sex": "sex_mismatch"}


@pytest.mark.parametrize("name", ["古丽·阿依", "古丽•阿依", "古丽・阿依", "𠮷野", "Ana María", "欧阳 慕容"])
async def test_rare_characters_and_every_dot_are_welcome_in_names(client: Client, name: str) -> None:
    (student,) = students(1)
    account = (await client.register(student, name=name))["account"]
    assert account["name"] == name.replace("•", "·").replace("・", "·")


@pytest.mark.parametrize(
    ("kind", "number", "code"),
    [
        ("SFZ", "110101200013010005", "document_birth_date_impossible"),
        ("SFZ", "110101209901010005", "document_birth_date_impossible"),
        ("SFZ", "009999200001010009", "document_region_unknown"),
        ("SFZ", "A123456(3)", "document_number_malformed"),
        ("SFZ_GAT", "A123456(4)", "document_check_digit_wrong"),
        ("SFZ_GAT", "A123456780", "document_check_digit_wrong"),
        ("PASSPORT", "E1", "document_number_malformed"),
        ("GAT_PERMIT", "X12345678", "document_number_malformed"),
        ("QIT", "***", "document_number_malformed"),
    ],
)
async def test_each_document_type_has_its_rules(client: Client, kind: str, number: str, code: str) -> None:
    assert await _errors(client, document_type=kind, document_number=number) == {"/document_number": code}


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        ("SFZ_GAT", "A123456(3)"),
        ("SFZ_GAT", "１２３４５６７（８）"),
        ("SFZ_GAT", "A123456789"),
        ("SFZ_HQ", "E12345678"),
        ("PASSPORT", "e12345678"),
        ("GAT_PERMIT", "H12345678"),
        ("QIT", "AB-1234/56"),
    ],
)
async def test_documents_of_every_type_register(client: Client, kind: str, number: str) -> None:
    (student,) = students(1)
    account = (await client.register(student, document_type=kind, document_number=number))["account"]
    assert account["document_type"] == kind


async def test_fifteen_digits_are_the_identity_of_their_eighteen(client: Client) -> None:
    first, second = students(2)
    long = id_number("119999", date(1975, 5, 17), 123)
    short = long[:6] + long[8:17]
    await client.register(replace(first, document_number=long, sex="male"))
    refused = await client.try_to_register(replace(second, document_number=short, sex="male"))
    assert (refused.status_code, code_of(refused)) == (409, "document_registered")


@pytest.mark.parametrize("kind", ["SFZ_HQ", "QIT"])
async def test_another_type_is_no_way_around_a_registered_number(client: Client, kind: str) -> None:
    number = id_number("119999", date(1999, 5, 17), 122)
    first, second = students(2)
    sex = "female" if int(number[16]) % 2 == 0 else "male"
    await client.register(replace(first, document_number=number, sex=sex))
    other = replace(second, document_number=number, document_type=kind, sex=sex)
    assert code_of(await client.try_to_register(other)) == "document_registered"


async def test_full_width_and_a_small_x_are_the_same_number(client: Client) -> None:
    first, second = students(2)
    number = next(
        candidate
        for sequence in range(1, 999, 2)
        if (candidate := id_number("119999", date(1999, 5, 17), sequence)).endswith("X")
    )
    await client.register(replace(first, document_number=number.lower(), sex="male"))
    wide = "".join(chr(ord(character) + 0xFEE0) for character in number)
    refused = await client.try_to_register(replace(second, document_number=wide, sex="male"))
    assert code_of(refused) == "document_registered"


async def test_a_registered_phone_gets_a_409_with_options_and_the_proof_survives_it(
    client: Client, clock: HandClock
) -> None:
    first, second = students(2)
    await client.register(first)
    clock.pass_time(minutes=2)
    proof = await client.prove_phone(first.phone)
    for _ in range(2):
        refused = await client.try_to_register(replace(second, phone=first.phone), phone_proof=proof)
        assert (refused.status_code, code_of(refused)) == (409, "phone_registered")
        ids = [option["id"] for option in refused.json()["options"]]
        assert ids == ["login", "recover", "take_over", "other_phone"]


async def test_using_another_number_works_after_a_409(client: Client, clock: HandClock) -> None:
    first, second = students(2)
    await client.register(first)
    clock.pass_time(minutes=2)
    taken = await client.try_to_register(replace(second, phone=first.phone))
    assert code_of(taken) == "phone_registered"
    await client.register(second)


async def test_a_registered_document_gets_a_409_and_the_proof_still_registers_another(client: Client) -> None:
    first, second = students(2)
    await client.register(first)
    proof = await client.prove_phone(second.phone)
    refused = await client.try_to_register(replace(first, phone=second.phone), phone_proof=proof)
    assert (refused.status_code, code_of(refused)) == (409, "document_registered")
    assert [option["id"] for option in refused.json()["options"]] == ["login", "recover", "re_register"]
    await client.register(second, phone_proof=proof)


async def test_one_proof_tries_three_documents_and_no_more(client: Client, clock: HandClock) -> None:
    *known, last = students(5)
    for student in known[:3]:
        await client.register(student)
    proof = await client.prove_phone(last.phone)
    for student in (*known[:3], known[0]):
        refused = await client.try_to_register(replace(student, phone=last.phone), phone_proof=proof)
        assert code_of(refused) == "document_registered"
    refused = await client.try_to_register(last, phone_proof=proof)
    assert (refused.status_code, code_of(refused)) == (403, "phone_proof_exhausted")
    clock.pass_time(minutes=2)
    await client.register(last)


async def test_parallel_tries_of_documents_stay_within_three(client: Client) -> None:
    *others, last = students(8)
    for student in others:
        await client.register(student)
    proof = await client.prove_phone(last.phone)
    answers = await asyncio.gather(
        *(client.try_to_register(replace(student, phone=last.phone), phone_proof=proof) for student in others)
    )
    told = [answer for answer in answers if code_of(answer) == "document_registered"]
    assert len(told) + sum(code_of(answer) == "phone_busy" for answer in answers) <= 3


@pytest.mark.parametrize(("same_proof", "afterwards"), [(False, "phone_registered"), (True, "phone_proof_rejected")])
async def test_of_registrations_of_one_phone_at_once_one_wins_and_the_others_are_told_that_it_is_busy(
    client: Client, clock: HandClock, same_proof: bool, afterwards: str
) -> None:
    contenders = [replace(student, phone=students(1)[0].phone) for student in students(3)]
    proofs = [await client.prove_phone(contenders[0].phone)]
    while not same_proof and len(proofs) < len(contenders):
        clock.pass_time(minutes=2)
        proofs.append(await client.prove_phone(contenders[0].phone))
    entries = list(zip(contenders, itertools.cycle(proofs), strict=False))
    with meeting_at_the_hash(client, len(contenders)):
        answers = await asyncio.gather(
            *(client.try_to_register(student, phone_proof=proof) for student, proof in entries)
        )
    losers = [entry for entry, answer in zip(entries, answers, strict=True) if answer.status_code != 201]
    assert len(losers) == len(contenders) - 1
    assert {code_of(answer) for answer in answers if answer.status_code != 201} == {"phone_busy"}
    assert await count_rows(client.parts, "accounts") == 1
    assert await count_rows(client.parts, "sessions") == 1
    student, proof = losers[0]
    assert code_of(await client.try_to_register(student, phone_proof=proof)) == afterwards


async def test_two_registrations_of_one_document_at_once_have_one_winner(client: Client) -> None:
    first, second = students(2)
    proofs = [await client.prove_phone(student.phone) for student in (first, second)]
    answers = await asyncio.gather(
        client.try_to_register(first, phone_proof=proofs[0]),
        client.try_to_register(replace(first, phone=second.phone), phone_proof=proofs[1]),
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    loser = next(answer for answer in answers if answer.status_code == 409)
    assert code_of(loser) == "document_registered"


async def test_a_proof_registers_once(client: Client) -> None:
    first, second = students(2)
    proof = await client.prove_phone(first.phone)
    await client.register(first, phone_proof=proof)
    refused = await client.try_to_register(second, phone_proof=proof)
    assert (refused.status_code, code_of(refused)) == (403, "phone_proof_rejected")


@pytest.mark.parametrize(("seconds", "status"), [(899, 201), (900, 403)])
async def test_a_proof_lives_fifteen_minutes(client: Client, clock: HandClock, seconds: int, status: int) -> None:
    (student,) = students(1)
    proof = await client.prove_phone(student.phone)
    clock.pass_time(seconds=seconds)
    assert (await client.try_to_register(student, phone_proof=proof)).status_code == status


async def test_a_proof_of_another_purpose_does_not_register(client: Client) -> None:
    (student,) = students(1)
    code_id = await client.send_code(student.phone, purpose="recovery")
    body = {"code_id": code_id, "phone": student.phone, "code": "424242", "purpose": "recovery"}
    proof = (await client.post("/v1/phone-proofs", body)).json()["phone_proof"]
    refused = await client.try_to_register(student, phone_proof=proof)
    assert code_of(refused) == "phone_proof_rejected"


async def test_a_malformed_form_needs_no_proof_to_be_refused(client: Client, parts: Wiring) -> None:
    (student,) = students(1)
    async with connected_client(client.app, parts) as stranger:
        refused = await stranger.post(
            "/v1/registrations", registration_form(student, phone_proof="made up") | {"name": ""}
        )
    assert refused.status_code == 422
