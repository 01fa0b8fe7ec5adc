"""A small Alipay and a small Tencent that verify identities on real HTTP, and check signatures by their own reading."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlsplit

from support.login_providers import APP, key_pair, signed_by, textbook_verify
from support.providers import Provider, Taken, checks_tc3, running

RULE = "rule-1"


@dataclass
class Verifier:
    """What was opened (id → name and number), and who has passed or failed since."""

    server: Provider
    opened: dict[str, tuple[str, str]] = field(default_factory=dict)
    verdicts: dict[str, str] = field(default_factory=dict)
    says_about: Callable[[str, str], tuple[str, str]] = lambda name, number: (name, number)

    def last(self) -> str:
        """The newest verification's id."""
        return list(self.opened)[-1]


def asked_of(target: str, body: bytes) -> dict[str, str]:
    """Everything in address and body, undone once."""
    pairs = [part.partition("=") for part in f"{target.partition('?')[2]}&{body.decode()}".split("&") if part]
    return {unquote_plus(name): unquote_plus(value) for name, _, value in pairs}


def is_rightly_signed(given: dict[str, str]) -> bool:
    """RSA2 as Alipay publishes it: sorted by name, without `sign`, without what is empty."""
    signature = given.pop("sign")
    text = "&".join("=".join(pair) for pair in sorted(given.items()) if pair[1])
    return (given["app_id"], given["sign_type"]) == (APP, "RSA2") and textbook_verify(
        key_pair("application").public_key(), text.encode(), signature
    )


def _checks(method: str, target: str, headers: Mapping[str, str], body: bytes) -> bool:
    return method == "POST" and "biz_content" not in target and is_rightly_signed(asked_of(target, body))


@contextmanager
def alipay() -> Iterator[Verifier]:
    with running(_checks) as server:
        verifier = Verifier(server)
        server.answer = lambda taken: _alipay_answer(verifier, taken)
        yield verifier


def _alipay_answer(verifier: Verifier, taken: Taken) -> tuple[int, bytes]:
    given = asked_of(taken.target, taken.body)
    name = f"{given['method'].replace('.', '_')}_response"
    if not taken.rightly_signed:
        refusal = '{"code":"40002","msg":"Invalid Arguments","sub_code":"isv.invalid-signature"}'
        return 200, signed_by("alipay", "error_response", refusal)
    content = json.loads(given["biz_content"])
    if given["method"].endswith("initialize"):
        identity = content["identity_param"]
        assert (content["biz_code"], identity["cert_type"], len(content["outer_order_no"])) == (
            "FACE",
            "IDENTITY_CARD",
            32,
        )
        certify_id = f"certify-{len(verifier.opened)}"
        verifier.opened[certify_id] = (identity["cert_name"], identity["cert_no"])
        return 200, signed_by("alipay", name, json.dumps({"code": "10000", "certify_id": certify_id}))
    verdict = verifier.verdicts.get(content["certify_id"], "")
    answer: dict[str, Any] = {"code": "10000", "passed": "T" if verdict == "passed" else "F"}
    if verdict == "failed":
        answer["fail_reason"] = "FACE_NOT_MATCH"
    return 200, signed_by("alipay", name, json.dumps(answer))


def page_of_alipay(url: str) -> dict[str, Any]:
    """What the page's address asks for, its signature checked."""
    query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    method = query["method"]
    assert is_rightly_signed(query)
    assert method == "alipay.user.certify.open.certify"
    content: dict[str, Any] = json.loads(query["biz_content"])
    return content


@contextmanager
def tencent() -> Iterator[Verifier]:
    with running(checks_tc3) as server:
        verifier = Verifier(server)
        server.answer = lambda taken: _tencent_answer(verifier, taken)
        yield verifier


def _tencent_answer(verifier: Verifier, taken: Taken) -> tuple[int, bytes]:
    if not taken.rightly_signed:
        return 200, b'{"Response": {"Error": {"Code": "AuthFailure.SignatureFailure", "Message": ""}}}'
    given = json.loads(taken.body)
    assert (taken.headers["x-tc-version"], given["RuleId"]) == ("2018-03-01", RULE)
    if taken.headers["x-tc-action"] == "DetectAuth":
        token = f"token-{len(verifier.opened)}"
        verifier.opened[token] = (given["Name"], given["IdCard"])
        return 200, json.dumps({"Response": {"BizToken": token, "Url": f"https://faceid.test/{token}"}}).encode()
    assert taken.headers["x-tc-action"] == "GetDetectInfoEnhanced"
    verdict = verifier.verdicts.get(given["BizToken"])
    name, number = verifier.says_about(*verifier.opened[given["BizToken"]])
    code = {None: None, "passed": 0, "failed": 2014}[verdict]
    text = {"ErrCode": code, "ErrMsg": "", "Name": name, "IdCard": number}
    return 200, json.dumps({"Response": {"Text": text}}).encode()
