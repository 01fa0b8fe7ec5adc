"""Alipay, WeChat and Weibo: signed and checked as published, and every answer that is none told apart."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization

from support.alipay_vectors import ALIPAY_KEY, ANSWER, APP_KEY, EXTRACTED, SIGNED
from support.clock import HandClock
from support.login_providers import (
    APP,
    SECRET,
    LoginProvider,
    key_pair,
    private_text,
    public_text,
    running_provider,
    signed_by,
    textbook_sign,
)
from support.providers import Provider
from xuexin_api.gateways.alipay_gateway import (
    AlipayApp,
    is_signed,
    read_private_key,
    read_public_key,
    sign_rsa2,
    split_answer,
)
from xuexin_api.gateways.alipay_login import AlipayLogin
from xuexin_api.gateways.third_party import (
    CodeNotAcceptedError,
    OfflineThirdParty,
    ProviderSilentError,
    ThirdParty,
    WrongAnswerError,
)
from xuexin_api.gateways.wechat_login import WechatApp, WechatLogin
from xuexin_api.gateways.weibo_login import WeiboApp, WeiboLogin

TOKEN = "alipay_system_oauth_token_response"
PERSON = "2088102150477652"


@pytest.fixture(params=["alipay", "wechat", "weibo"])
def provider(request: pytest.FixtureRequest) -> Iterator[LoginProvider]:
    with running_provider(request.param) as running:
        yield running


@pytest.fixture
def alipay() -> Iterator[LoginProvider]:
    with running_provider("alipay") as running:
        yield running


def _gateway(provider: LoginProvider, clock: HandClock, seconds: float = 5) -> ThirdParty:
    url, back = provider.server.url, f"http://localhost:3000/third-party/{provider.name}"
    if provider.name == "alipay":
        app = AlipayApp(APP, key_pair("application"), key_pair("alipay").public_key())
        page = f"{url}/oauth2/publicAppAuthorize.htm"
        return AlipayLogin(
            app, url=f"{url}/gateway.do", authorize_url=page, redirect_uri=back, seconds=seconds, clock=clock
        )
    if provider.name == "wechat":
        page = f"{url}/connect/qrconnect"
        return WechatLogin(WechatApp(APP, SECRET), url=url, authorize_url=page, redirect_uri=back, seconds=seconds)
    return WeiboLogin(WeiboApp(APP, SECRET), url=url, redirect_uri=back, seconds=seconds)


async def _identify(provider: LoginProvider, clock: HandClock, seconds: float = 5) -> str:
    """Somebody agreed on the provider's page, and his code is asked about."""
    gateway = _gateway(provider, clock, seconds)
    try:
        return await gateway.identify(provider.let_in(gateway.authorize_url("5f" * 32), PERSON)["code"])
    finally:
        await gateway.close()


@pytest.mark.parametrize(("params", "signature"), SIGNED)
def test_rsa2_signs_requests_as_alipays_own_sdk_does(params: dict[str, str], signature: str) -> None:
    assert sign_rsa2(read_private_key(APP_KEY), params) == signature
    # What is empty, and an earlier `sign`, are not signed.
    assert sign_rsa2(read_private_key(APP_KEY), params | {"sign": "x", "biz_content": ""}) == signature


def test_rsa2_accepts_an_answer_that_alipays_sandbox_gave() -> None:
    members = split_answer(ANSWER)
    _, text = members["alipay_open_file_upload_response"]
    key = read_public_key(ALIPAY_KEY)
    assert is_signed(key, text, members["sign"][0])
    assert not is_signed(key, text.replace("Success", "success"), members["sign"][0])
    assert not is_signed(key, text + " ", members["sign"][0])
    assert not is_signed(key_pair("stranger").public_key(), text, members["sign"][0])


@pytest.mark.parametrize("blank", ["", " ", "\r\n\t "])
@pytest.mark.parametrize("content", EXTRACTED)
def test_what_an_answers_signature_is_over_is_its_text_to_the_letter(content: str, blank: str) -> None:
    text = (
        f'{{{blank}"alipay_trade_create_response"{blank}:{blank}{content}{blank},{blank}"sign":{blank}"TS3="{blank}}}'
    )
    members = split_answer(text)
    assert (members["alipay_trade_create_response"][1], members["sign"][0]) == (content, "TS3=")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        "null",
        '{"a":1',
        '{"a":1}x',
        '{"a":1,}',
        '{"a" 1}',
        "{1:1}",
        '{"a":1,"a":2}',
        '{"a":' + "[" * 9999,
    ],
)
def test_an_answer_that_could_be_read_in_two_ways_is_read_in_none(text: str) -> None:
    with pytest.raises((ValueError, RecursionError)):
        split_answer(text)


def test_keys_are_read_as_alipay_gives_them_and_as_pem_and_nothing_else() -> None:
    key = key_pair("application")
    pkcs1 = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    ).decode()
    bare = "".join(line for line in pkcs1.splitlines() if not line.startswith("-"))
    for text in (private_text(key), pkcs1, bare):
        assert read_private_key(text).private_numbers() == key.private_numbers()
    spki = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    for text in (public_text(key), spki.decode()):
        assert read_public_key(text) == key.public_key()
    for text in (
        "",
        "nonsense",
        base64.b64encode(b"nonsense").decode(),
        "-----BEGIN PRIVATE KEY-----",
        public_text(key),
    ):
        with pytest.raises(ValueError, match="RSA private key"):
            read_private_key(text)
    with pytest.raises(ValueError, match="RSA public key"):
        read_public_key(private_text(key))


async def test_somebody_who_agreed_is_known_by_the_providers_id(provider: LoginProvider, clock: HandClock) -> None:
    assert await _identify(provider, clock) == PERSON


async def test_alipay_gets_the_code_in_the_body_rightly_signed_in_chinas_time(
    alipay: LoginProvider, clock: HandClock
) -> None:
    await _identify(alipay, clock)
    taken = alipay.server.taken.get_nowait()
    assert taken.rightly_signed
    assert b"code=alipay-code-0" in taken.body
    assert "alipay-code" not in taken.target
    in_china = clock.now() + timedelta(hours=8)
    assert f"timestamp={in_china:%Y-%m-%d+%H}%3A{in_china:%M}%3A{in_china:%S}" in taken.target


async def test_a_code_that_the_provider_does_not_know_is_not_accepted(
    provider: LoginProvider, clock: HandClock
) -> None:
    gateway = _gateway(provider, clock)
    code = provider.let_in(gateway.authorize_url("5f" * 32), PERSON)["code"]
    assert await gateway.identify(code) == PERSON
    for again in (code, "made-up"):
        with pytest.raises(CodeNotAcceptedError):
            await gateway.identify(again)
    await gateway.close()


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (200, b"<html>", WrongAnswerError),
        (200, b"[]", WrongAnswerError),
        (200, b"{}", WrongAnswerError),
        (200, b"\xff\xfe", WrongAnswerError),
        (200, b'{"a":' + b"[" * 50_000, WrongAnswerError),
        (200, b'{"pad":"' + b"x" * 100_000 + b'"}', WrongAnswerError),
        (302, b"{}", WrongAnswerError),
        (404, b"not here", WrongAnswerError),
        (429, b"{}", ProviderSilentError),
        (500, b"{}", ProviderSilentError),
        (503, b"", ProviderSilentError),
    ],
)
async def test_an_answer_that_is_none_identifies_nobody(
    provider: LoginProvider, clock: HandClock, status: int, body: bytes, error: type[Exception]
) -> None:
    provider.server.answer = lambda _: (status, body)
    with pytest.raises(error):
        await _identify(provider, clock)


async def test_a_right_answer_that_is_too_large_is_not_read_to_its_end(
    provider: LoginProvider, clock: HandClock
) -> None:
    well = provider.server.answer
    provider.server.answer = lambda taken: (200, well(taken)[1] + b" " * 60_000)
    assert await _identify(provider, clock) == PERSON
    provider.server.answer = lambda taken: (200, well(taken)[1] + b" " * 70_000)
    with pytest.raises(WrongAnswerError):
        await _identify(provider, clock)


async def test_a_provider_is_waited_for_so_long_and_no_longer(provider: LoginProvider, clock: HandClock) -> None:
    provider.server.gate.clear()
    with pytest.raises(ProviderSilentError):
        await _identify(provider, clock, seconds=0.2)
    provider.server.gate.set()
    # Each byte comes in time, and the whole never does.
    provider.server.drips = True
    with pytest.raises(ProviderSilentError):
        await _identify(provider, clock, seconds=0.2)


async def test_a_provider_that_is_not_there_is_silent(clock: HandClock) -> None:
    with running_provider("wechat") as gone:
        pass
    with pytest.raises(ProviderSilentError):
        await _identify(gone, clock)


def _tampered(content: dict[str, Any]) -> bytes:
    signed = signed_by("alipay", TOKEN, json.dumps({"user_id": PERSON}))
    return signed.replace(json.dumps({"user_id": PERSON}).encode(), json.dumps(content).encode())


def _unsigned(name: str, content: dict[str, Any]) -> bytes:
    return json.dumps({name: content}).encode()


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(signed_by("stranger", TOKEN, json.dumps({"user_id": PERSON})), id="foreign"),
        pytest.param(signed_by("application", TOKEN, json.dumps({"user_id": PERSON})), id="by our own key"),
        pytest.param(_unsigned(TOKEN, {"user_id": PERSON}), id="absent"),
        pytest.param(_unsigned(TOKEN, {"user_id": PERSON})[:-1] + b',"sign":""}', id="empty"),
        pytest.param(_unsigned(TOKEN, {"user_id": PERSON})[:-1] + b',"sign":null}', id="null"),
        pytest.param(_unsigned(TOKEN, {"user_id": PERSON})[:-1] + b',"sign":"not base64"}', id="no base64"),
        pytest.param(_tampered({"user_id": "2088000000000000"}), id="over another text"),
        pytest.param(signed_by("alipay", "alipay_user_info_share_response", '{"user_id":"1"}'), id="another answer"),
        pytest.param(_unsigned("error_response", {"sub_code": "isv.code-invalid"}), id="unsigned refusal"),
        pytest.param(signed_by("alipay", "error_response", '{"code":"40002"}'), id="refused for another reason"),
        pytest.param(signed_by("alipay", TOKEN, '{"access_token":"x"}'), id="nobody"),
        pytest.param(signed_by("alipay", TOKEN, '{"user_id":{"$ne":1}}'), id="no text"),
        pytest.param(signed_by("alipay", TOKEN, '{"user_id":"' + "2" * 200 + '"}'), id="too long"),
        pytest.param(signed_by("alipay", TOKEN, '"2088102150477652"'), id="encrypted"),
    ],
)
async def test_alipay_is_believed_by_its_signature_only(alipay: LoginProvider, clock: HandClock, body: bytes) -> None:
    alipay.server.answer = lambda _: (200, body)
    with pytest.raises(WrongAnswerError):
        await _identify(alipay, clock)


async def test_a_name_written_twice_is_not_read_behind_the_signature(alipay: LoginProvider, clock: HandClock) -> None:
    good = signed_by("alipay", TOKEN, json.dumps({"user_id": "2088000000000000"}))
    twice = good[:-1] + f',"{TOKEN}":{{"user_id":"{PERSON}"}}}}'.encode()
    alipay.server.answer = lambda _: (200, twice)
    with pytest.raises(WrongAnswerError):
        await _identify(alipay, clock)


async def test_alipay_says_that_it_is_busy_and_newer_applications_get_an_open_id(
    alipay: LoginProvider, clock: HandClock
) -> None:
    busy = signed_by("alipay", "error_response", '{"code":"20000","sub_code":"isp.unknow-error"}')
    alipay.server.answer = lambda _: (200, busy)
    with pytest.raises(ProviderSilentError):
        await _identify(alipay, clock)
    opened = signed_by("alipay", TOKEN, '{"open_id":"074a1CcTG1LelxKe4xQC0zgNdId0nxi95b5lsNpazWYoCo5"}')
    alipay.server.answer = lambda _: (200, opened)
    assert await _identify(alipay, clock) == "074a1CcTG1LelxKe4xQC0zgNdId0nxi95b5lsNpazWYoCo5"


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b'{"errcode":40163,"errmsg":"code been used"}', CodeNotAcceptedError),
        (b'{"errcode":-1,"errmsg":"system error"}', ProviderSilentError),
        (b'{"errcode":40125,"errmsg":"invalid appsecret"}', WrongAnswerError),
        (b'{"errcode":[40029]}', WrongAnswerError),
        (b'{"errcode":0,"openid":7.5}', WrongAnswerError),
        (b'{"openid":"two\\nlines"}', WrongAnswerError),
    ],
)
async def test_wechats_refusals_are_told_apart(clock: HandClock, body: bytes, error: type[Exception]) -> None:
    with running_provider("wechat") as wechat:
        wechat.server.answer = lambda _: (200, body)
        with pytest.raises(error):
            await _identify(wechat, clock)


async def test_wechat_without_a_unionid_knows_people_by_their_openid(clock: HandClock) -> None:
    with running_provider("wechat") as wechat:
        wechat.server.answer = lambda _: (200, b'{"access_token":"t","openid":"oOfThisApp"}')
        assert await _identify(wechat, clock) == "oOfThisApp"


def _weibo_says(server: Provider, told: bytes) -> None:
    """The token comes; what it is worth is told by `told`."""
    server.answer = lambda taken: (
        200,
        told if taken.target == "/oauth2/get_token_info" else b'{"access_token":"t","uid":"7"}',
    )


@pytest.mark.parametrize(
    "told",
    [
        b'{"uid":7,"appkey":"1999999999","expire_in":7200}',
        b'{"uid":7,"expire_in":7200}',
        f'{{"appkey":"{APP}","expire_in":7200}}'.encode(),
        b'{"error":"invalid_access_token","error_code":21332}',
    ],
)
async def test_a_token_of_weibo_counts_only_where_it_is_of_our_application_and_somebodys(
    clock: HandClock, told: bytes
) -> None:
    with running_provider("weibo") as weibo:
        _weibo_says(weibo.server, told)
        with pytest.raises(WrongAnswerError):
            await _identify(weibo, clock)


async def test_the_offline_twin_comes_back_at_once_and_knows_who_the_code_names() -> None:
    twin = OfflineThirdParty("http://localhost:3000/third-party/alipay", code_parameter="auth_code")
    assert twin.authorize_url("5f") == "http://localhost:3000/third-party/alipay?auth_code=demo-user&state=5f"
    assert await twin.identify("demo-anna") == "demo-anna"
    with pytest.raises(CodeNotAcceptedError):
        await twin.identify("anna")
    await twin.close()


def test_the_arithmetic_of_the_tests_and_the_library_agree() -> None:
    key = key_pair("alipay")
    assert is_signed(key.public_key(), "学信", textbook_sign(key, "学信".encode()))
