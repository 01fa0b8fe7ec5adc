"""Mail through a real server: with TLS or not at all, where TLS was asked for."""

from __future__ import annotations

import re
from dataclasses import replace
from email.message import Message
from pathlib import Path
from typing import Literal
from uuid import UUID

import pytest

from support.clock import HandClock
from support.mail import PASSWORD, USERNAME, Mailbox, mail_server, make_authority
from support.server import free_port
from xuexin_api.core.messages import catalogue
from xuexin_api.gateways.messaging import Letter, NotSentError
from xuexin_api.gateways.smtp_email import SmtpEmailGateway, SmtpServer

LETTER = Letter(
    "student@example.edu", "验证码424242", "body_code_login", {"code": "424242", "minutes": "5"}, UUID(int=7)
)
TEXT = "验证码424242\r\n\r\n[Xuexin] Code 424242 to log in, valid 5 minutes. Never tell it to anyone."
SENDER = "no-reply@xuexin.example"


def _gateway(
    port: int, protection: Literal["tls", "starttls", "none"], password: str | None = PASSWORD
) -> SmtpEmailGateway:
    username = None if password is None else USERNAME
    return SmtpEmailGateway(
        SmtpServer("127.0.0.1", port, protection, username, password, SENDER), seconds=5, clock=HandClock()
    )


def _text(mail: Message) -> str:
    payload = mail.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode().strip()


@pytest.mark.parametrize("protection", ["starttls", "tls"])
async def test_a_message_goes_through_tls_to_a_server_we_trust(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, protection: Literal["tls", "starttls"]
) -> None:
    authority, certificate = make_authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    mailbox = Mailbox()
    with mail_server(mailbox, certificate, from_the_start=protection == "tls") as server:
        await _gateway(server.port, protection).send(LETTER)
    (mail,) = mailbox.messages
    assert mail["X-RcptTo"] == "student@example.edu"
    assert _text(mail) == TEXT


@pytest.mark.parametrize("protection", ["starttls", "tls"])
async def test_nothing_is_handed_to_a_server_that_nobody_vouches_for(
    tmp_path: Path, protection: Literal["tls", "starttls"]
) -> None:
    _, certificate = make_authority(tmp_path)
    mailbox = Mailbox()
    with (
        mail_server(mailbox, certificate, from_the_start=protection == "tls") as server,
        pytest.raises(NotSentError),
    ):
        await _gateway(server.port, protection).send(LETTER)
    assert mailbox.messages == []


async def test_a_message_arrives_with_its_text_and_no_header_of_anybodys() -> None:
    mailbox = Mailbox()
    with mail_server(mailbox, None) as server:
        gateway = _gateway(server.port, "none", None)
        await gateway.send(LETTER)
        with pytest.raises(ValueError, match="Header"):
            await gateway.send(replace(LETTER, destination="a@example.edu\r\nBcc: b@example.org"))
        await gateway.send(replace(LETTER, word="of_another_version"))
    mail, later = mailbox.messages
    assert (mail["To"], mail["From"]) == ("student@example.edu", SENDER)
    assert mail["Date"] == "Wed, 05 Mar 2031 02:00:00 +0000"
    assert mail["Message-ID"] == later["Message-ID"] == f"<{LETTER.id}@xuexin.example>", (
        "a second try is no second mail"
    )
    assert _text(later) == LETTER.body
    assert _text(mail) == TEXT


def test_what_a_message_is_filled_with_fills_it_in_both_languages() -> None:
    for word, text in catalogue().items():
        if word.startswith(("mail_", "body_")):
            chinese, english = (set(re.findall(r"{\w+}", text[language])) for language in ("zh-CN", "en"))
            assert chinese == english, word


async def test_a_mail_server_that_is_not_there_did_not_send() -> None:
    with pytest.raises(NotSentError):
        await _gateway(free_port(), "none", None).send(LETTER)


async def test_nothing_is_handed_to_a_server_of_another_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority, certificate = make_authority(tmp_path, address="127.0.0.9")
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    mailbox = Mailbox()
    with mail_server(mailbox, certificate) as server, pytest.raises(NotSentError):
        await _gateway(server.port, "starttls").send(LETTER)
    assert mailbox.messages == []


async def test_where_starttls_was_asked_for_nothing_goes_in_the_clear() -> None:
    """Somebody on the way leaves the offer out of the server's answer."""
    mailbox = Mailbox()
    with mail_server(mailbox, None) as server, pytest.raises(NotSentError):
        await _gateway(server.port, "starttls", None).send(LETTER)
    assert mailbox.messages == []


async def test_a_wrong_password_is_a_message_that_was_not_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority, certificate = make_authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    mailbox = Mailbox()
    with mail_server(mailbox, certificate) as server, pytest.raises(NotSentError):
        await _gateway(server.port, "starttls", "another").send(LETTER)
    assert mailbox.messages == []
