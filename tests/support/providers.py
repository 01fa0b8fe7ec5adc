"""Small providers on real HTTP, and those of SMS, who check signatures by their own reading of what is published."""

from __future__ import annotations

import hashlib
import hmac
import json
import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

SECRET = "a-secret-of-the-tests"


@dataclass
class Taken:
    """One request that a provider took."""

    target: str
    headers: Mapping[str, str]
    body: bytes
    rightly_signed: bool


@dataclass
class Provider:
    """What it took, in order, and how it answers: a status and a body, or silence while `gate` is closed.

    One that `drips` sends a byte at a time, twenty a second.
    """

    url: str = ""
    taken: queue.Queue[Taken] = field(default_factory=queue.Queue)
    answer: Callable[[Taken], tuple[int, bytes]] = lambda _: (200, b"{}")
    gate: threading.Event = field(default_factory=threading.Event)
    drips: bool = False


@contextmanager
def running(check: Callable[[str, str, Mapping[str, str], bytes], bool]) -> Iterator[Provider]:
    """A provider on a free port; `check` reads (method, target, headers, body)."""
    provider = Provider()
    provider.gate.set()
    leaving = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            headers = {name.lower(): value for name, value in self.headers.items()}
            one = Taken(self.path, headers, body, check(self.command, self.path, headers, body))
            provider.taken.put(one)
            provider.gate.wait(30)
            status, answer = provider.answer(one)
            # Whoever asked may have gone.
            with suppress(BrokenPipeError, ConnectionResetError):
                self.send_response(status)
                self.send_header("content-length", str(len(answer)))
                if status == HTTPStatus.FOUND:
                    self.send_header("location", "/elsewhere")
                self.end_headers()
                for part in [answer[n : n + 1] for n in range(len(answer))] if provider.drips else [answer]:
                    self.wfile.write(part)
                    if provider.drips:
                        leaving.wait(0.05)

        do_GET = do_POST  # noqa: N815 - the library's names

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    provider.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        leaving.set()
        provider.gate.set()
        server.shutdown()
        server.server_close()


def checks_acs3(method: str, target: str, headers: Mapping[str, str], body: bytes) -> bool:
    """ACS3-HMAC-SHA256 as the receiver reads it: from what arrived, in the order that the header names."""
    algorithm, _, rest = headers["authorization"].partition(" ")
    given = dict(part.split("=", 1) for part in rest.split(","))
    path, _, query = target.partition("?")
    lines = [method, path, query]
    names = given["SignedHeaders"].split(";")
    canonical = "\n".join(lines) + "\n" + "".join(f"{name}:{headers[name]}\n" for name in names)
    canonical += f"\n{given['SignedHeaders']}\n{headers['x-acs-content-sha256']}"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    expected = hmac.digest(SECRET.encode(), f"ACS3-HMAC-SHA256\n{digest}".encode(), "sha256").hex()
    needed = {"host", "x-acs-action", "x-acs-content-sha256", "x-acs-date", "x-acs-signature-nonce", "x-acs-version"}
    return (
        algorithm == "ACS3-HMAC-SHA256"
        and needed <= set(names)
        and hashlib.sha256(body).hexdigest() == headers["x-acs-content-sha256"]
        and given["Signature"] == expected
    )


def checks_tc3(method: str, target: str, headers: Mapping[str, str], body: bytes) -> bool:
    """TC3-HMAC-SHA256 as the receiver reads it."""
    algorithm, _, rest = headers["authorization"].partition(" ")
    given = dict(part.strip().split("=", 1) for part in rest.split(","))
    _, day, service, request = given["Credential"].split("/")
    names = given["SignedHeaders"].split(";")
    canonical = f"{method}\n{target}\n\n" + "".join(f"{name}:{headers[name].lower()}\n" for name in names)
    canonical += f"\n{given['SignedHeaders']}\n{hashlib.sha256(body).hexdigest()}"
    text = f"{algorithm}\n{headers['x-tc-timestamp']}\n{day}/{service}/{request}\n"
    text += hashlib.sha256(canonical.encode()).hexdigest()
    derived = ("TC3" + SECRET).encode()
    for part in (day, service, request):
        derived = hmac.digest(derived, part.encode(), "sha256")
    return hmac.digest(derived, text.encode(), "sha256").hex() == given["Signature"]


def aliyun_fields(taken: Taken) -> dict[str, str]:
    """The form of a SendSms."""
    return {name: values[0] for name, values in parse_qs(taken.body.decode()).items()}


def tencent_fields(taken: Taken) -> dict[str, Any]:
    fields: dict[str, Any] = json.loads(taken.body)
    return fields
