"""Keyed hashes of what people type: the one place that says under which kind a value is found."""

from __future__ import annotations

from xuexin_api.core.sealing import KeyedHash


class Lookups:
    """Sixteen bytes for a phone, an e-mail address, a document number, a secret."""

    def __init__(self, keyed: KeyedHash) -> None:
        self._keyed = keyed

    def phone(self, e164: str) -> bytes:
        return self._keyed.lookup("phone", e164)

    def email(self, address: str) -> bytes:
        return self._keyed.lookup("email", address)

    def document(self, number: str) -> bytes:
        """By number alone: a login name does not say its type. Tables pair it with the type."""
        return self._keyed.lookup("document", number)

    def destination(self, channel: str, destination: str) -> bytes:
        return self.phone(destination) if channel == "sms" else self.email(destination)

    def secret(self, kind: str, secret: str) -> bytes:
        return self._keyed.lookup(f"secret:{kind}", secret)

    def content(self, body: bytes) -> bytes:
        """What knows a whole body again. Keyed, for it may hold a password: a plain hash is quick to guess against."""
        return self._keyed.digest(b"content\x00" + body)

    def roster_row(self, text: str) -> int:
        """Eight bytes that know a row of a roster again, as a signed number."""
        return int.from_bytes(self._keyed.digest(b"roster_row\x00" + text.encode())[:8], "big", signed=True)

    def third_party(self, provider: str, subject: str) -> bytes:
        return self._keyed.lookup(f"third_party:{provider}", subject)

    def attempt(self, *parts: str | bytes) -> bytes:
        """The subject of a counter made of several facts."""
        text = "\x00".join(part.hex() if isinstance(part, bytes) else part for part in parts)
        return self._keyed.lookup("attempt", text)
