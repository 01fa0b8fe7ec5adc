"""E-mail through SMTP."""

from __future__ import annotations

from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from typing import Final, Literal

import aiosmtplib

from xuexin_api.core.clock import Clock
from xuexin_api.core.messages import catalogue, message
from xuexin_api.gateways.messaging import Letter, NotSentError

_SUBJECT: Final = "学信 / Xuexin"
# The server's own answer, and not silence after the text was handed over.
_NOT_TAKEN: Final = (
    aiosmtplib.SMTPResponseException,
    aiosmtplib.SMTPRecipientsRefused,
    aiosmtplib.SMTPNotSupported,
)


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where mail is handed over, how it is protected on the way, and who it is from."""

    host: str
    port: int
    protection: Literal["tls", "starttls", "none"]
    username: str | None
    password: str | None
    sender: str


class SmtpEmailGateway:
    """One connection a message: few are sent, and none waits for another's server."""

    name = "smtp"
    keeps = False

    def __init__(self, server: SmtpServer, *, seconds: float, clock: Clock) -> None:
        self._server = server
        self._seconds = seconds
        self._clock = clock

    async def send(self, letter: Letter) -> None:
        """Taken by the server, or NotSentError where it was refused before the text was handed over."""
        mail = self._mail(letter)
        client = aiosmtplib.SMTP(
            hostname=self._server.host,
            port=self._server.port,
            username=self._server.username,
            password=self._server.password,
            use_tls=self._server.protection == "tls",
            start_tls=self._server.protection == "starttls",
            timeout=self._seconds,
        )
        try:
            # With TLS, its certificate and the login: whatever fails here, nothing has left.
            await client.connect()
        except (aiosmtplib.SMTPException, OSError) as failed:
            raise NotSentError(type(failed).__name__) from None
        async with client:
            try:
                await client.send_message(mail)
            except _NOT_TAKEN as refused:
                raise NotSentError(type(refused).__name__) from None

    async def close(self) -> None:
        """Nothing stays open."""

    def _mail(self, letter: Letter) -> EmailMessage:
        # Lines end as on the wire, also within what is encoded.
        mail = EmailMessage(policy=SMTP)
        # The library refuses line breaks in headers, so that nothing typed becomes one.
        mail["From"] = self._server.sender
        mail["To"] = letter.destination
        mail["Subject"] = _SUBJECT
        # Servers doubt mail without these; by the id they know one that left twice.
        mail["Date"] = format_datetime(self._clock.now())
        mail["Message-ID"] = f"<{letter.id}@{parseaddr(self._server.sender)[1].rpartition('@')[2]}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(_text(letter))
        return mail


def _text(letter: Letter) -> str:
    """In both languages: nobody knows which of them a mailbox reads."""
    if letter.word not in catalogue():
        # Written by another version than this one.
        return letter.body
    return f"{letter.body}\n\n{message(letter.word, 'en', **letter.params)}"
