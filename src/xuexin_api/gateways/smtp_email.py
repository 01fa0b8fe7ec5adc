"""E-mail through SMTP."""

from __future__ import annotations

from dataclasses import dataclass
from email.message import EmailMessage
from typing import Final, Literal

import aiosmtplib

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

    def __init__(self, server: SmtpServer, *, seconds: float) -> None:
        self._server = server
        self._seconds = seconds

    async def send(self, letter: Letter) -> None:
        """Taken by the server, or NotSentError where it was refused before the text was handed over."""
        mail = EmailMessage()
        # The library refuses line breaks in headers, so that nothing typed becomes one.
        mail["From"] = self._server.sender
        mail["To"] = letter.destination
        mail["Subject"] = _SUBJECT
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(letter.body)
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
