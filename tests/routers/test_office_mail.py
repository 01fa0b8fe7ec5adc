"""What offices are told, as it comes into their mailbox: through a mail server, TLS and all."""

from __future__ import annotations

import re
from email.header import decode_header, make_header
from email.message import Message
from pathlib import Path

import pytest
from pydantic import SecretStr

from support.client import Client
from support.corrections import corrected
from support.keys import keys_for_tests
from support.mail import PASSWORD, USERNAME, Mailbox, mail_server, make_authority
from support.offices import MAILBOX, ask, prove
from support.people import SCHOOLS, students
from support.records import SCHOOL, add_records, registered_row, registrar_of
from xuexin_api.assembly import wire
from xuexin_api.dependencies.wiring import Wiring

_SENDER = "学信 <no-reply@xuexin.example>"


def _text(mail: Message) -> str:
    payload = mail.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode(str(mail.get_content_charset()))


async def test_an_office_proves_its_address_and_is_told_of_what_waits_by_mail_that_names_nobody(
    client: Client, parts: Wiring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (student,) = students(1)
    (record,) = await add_records(parts, [registered_row(student)])
    authority, certificate = make_authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    mailbox = Mailbox()
    with mail_server(mailbox, certificate) as server:
        way = {
            "email_gateway": "smtp",
            "smtp_host": "127.0.0.1",
            "smtp_port": server.port,
            "smtp_protection": "starttls",
            "smtp_username": USERNAME,
            "smtp_password": SecretStr(PASSWORD),
            "smtp_sender": _SENDER,
        }
        settings = parts.settings.model_copy(update=way)
        sending = wire(
            settings, keys=keys_for_tests(), database=parts.database, clock=parts.clock, entropy=parts.entropy
        ).dispatcher
        async with registrar_of(client) as registrar:
            asked = await ask(registrar)
            await sending.send_due()
            (code,) = mailbox.messages
            (first, second) = re.findall(r"\d{6}", _text(code))
            assert first == second, "in Chinese and in English"
            proven = await prove(registrar, asked.json()["code_id"], code=first)
            assert proven.status_code == 200, proven.text
        await client.register(student)
        await client.verify(student)
        correction = await corrected(client, record, class_name="二班")
        await parts.housekeeping.purge()
        while await sending.send_due():
            pass
    _, news = mailbox.messages
    assert (news["X-RcptTo"], news["X-MailFrom"]) == (MAILBOX, "no-reply@xuexin.example")
    for name, readable in (("Subject", "学信 / Xuexin"), ("From", _SENDER), ("To", MAILBOX)):
        assert str(make_header(decode_header(news[name]))) == readable
    assert {"Date", "Message-ID", "Auto-Submitted"} <= set(news.keys())
    chinese, english = _text(news).strip().split("\r\n\r\n")
    assert chinese.startswith("【学信】更正与绑定申请：新到（含异议）1件；待处理共1件，其中0件在3天内到期")
    assert english.startswith("[Xuexin] Corrections and claims: 1 new, objections among them; 1 wait, 0 of them due")
    for words in (chinese, english):
        assert re.findall(r"https?://\S+", words) == [f"{settings.front_end_url}/staff"], "a link that opens"
    whole = news.as_string() + _text(news)
    for personal in (
        student.name,
        student.document_number,
        student.document_number[-4:],
        student.phone[3:],
        student.record.student_number,
        student.record.candidate_number,
        "二班",
        SCHOOL,
        SCHOOLS[0][1],
        record,
        correction,
    ):
        assert personal not in whole
