"""What the contract says about itself: title, order of its parts, rules that hold everywhere."""

from __future__ import annotations

from typing import Any, Final

TITLE: Final = "学信 API"
VERSION: Final = "0.1.0"
SERVERS: Final[list[dict[str, Any]]] = [
    {"url": "/", "description": "The server that this document was read from."},
    {"url": "http://127.0.0.1:8000", "description": "What `make run` serves."},
]
TAGS: Final = {
    "service": "Health, metrics and public keys.",
    "bot defence": "Proof of work before anything that costs money or patience.",
    "codes": "One-time codes by SMS or e-mail, and what they prove.",
    "registration": "实名注册: the real-name form and what it agrees to.",
    "sessions": "Logging in, staying, leaving.",
    "third-party login": "Logging in as whom Alipay, WeChat or Weibo says one is, where the account linked that.",
    "recovery": "找回: a forgotten username or password, and lost channels.",
    "account": "One's own account.",
    "identity": "实人认证: proving who one is. Its tokens read the archive.",
    "identity cases": "证件重号审核: a document that somebody else registered, and the classmates who vouch.",
    "staff": "Staff: two factors always, the review desk, registrars with the records of their school, and operators. "
    "Their tokens and students' are never taken for another.",
    "schools": "What schools hand in: rosters, lists of graduates and photos, by registrars for their own institution.",
    "archive": "学籍 with its photos and its history, 学历 and 学位, as schools registered them.",
    "help": "帮助中心: articles, search, requests to people, and the platforms that take the account. No login needed.",
}
DESCRIPTION: Final = """\
学生账号与学籍档案服务。Accounts and the academic archive for students.

**The journey**: `POST /v1/challenges` → `POST /v1/verification-codes` → `POST /v1/phone-proofs` →
`POST /v1/registrations` → `POST /v1/sessions` → `POST /v1/identity-verifications` → `…/answers` →
`GET /v1/archive/enrollments`.

Errors are problem documents (RFC 9457): `code` is for programs, `title` for people, in Chinese or, by
`Accept-Language`, in English. 422 lists in `errors` which fields
are missing or of another type, else every broken rule. 429 and 503 carry `Retry-After`.
What needs a fresh identity verification answers 401 with RFC 9470's challenge. Times are UTC, dates `YYYY-MM-DD`.
Lists are paged by an opaque cursor. Every answer names its request in `X-Request-Id`. Examples whose name ends in
`.en` are what `Accept-Language: en` gets; the others are what everybody else does.

What creates, sends, or uses a code up takes an `Idempotency-Key` (random, up to 255 printable ASCII characters, kept
24 hours for this caller and this body): asked again, it is not done again. The answer comes again with
`Idempotent-Replayed: true`, or, where it held secrets, as 409 `already_done`. After a refusal the same key may ask
again. What takes no key may be asked again as it is: it leaves the same state, and sends nothing more."""
