"""SMS and e-mail: signed as published, sent once, handed on only when certainly not sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from uuid import UUID

import pytest

from support.clock import HandClock
from support.entropy import KnownEntropy
from support.providers import SECRET, Provider, aliyun_fields, checks_acs3, checks_tc3, running, tencent_fields
from xuexin_api.gateways.aliyun_sms import AliyunAccount, AliyunSmsGateway, sign_acs3
from xuexin_api.gateways.messaging import GatewayChain, Letter, NotSentError
from xuexin_api.gateways.provider_http import LateAnswerError, UnclearAnswerError
from xuexin_api.gateways.tencent_api import sign_tc3
from xuexin_api.gateways.tencent_sms import TencentAccount, TencentSmsGateway

LETTER = Letter(
    "+8617012340001", "验证码424242，5分钟内有效", "body_code_login", {"code": "424242", "minutes": "5"}, UUID(int=1)
)
TEMPLATES = {"body_code_login": "SMS_1001"}
SENT = b'{"Code": "OK", "Message": "OK"}'
SENT_BY_TENCENT = b'{"Response": {"SendStatusSet": [{"Code": "Ok"}], "RequestId": "1"}}'


@pytest.fixture
def aliyun() -> Iterator[Provider]:
    with running(checks_acs3) as provider:
        provider.answer = lambda _: (200, SENT)
        yield provider


@pytest.fixture
def tencent() -> Iterator[Provider]:
    with running(checks_tc3) as provider:
        provider.answer = lambda _: (200, SENT_BY_TENCENT)
        yield provider


def _aliyun(provider: Provider, clock: HandClock, seconds: float = 5) -> AliyunSmsGateway:
    account = AliyunAccount("key-id", SECRET, "学信", TEMPLATES)
    return AliyunSmsGateway(account, url=provider.url, seconds=seconds, clock=clock, entropy=KnownEntropy(clock))


def _tencent(provider: Provider, clock: HandClock) -> TencentSmsGateway:
    account = TencentAccount("secret-id", SECRET, "1400000000", "学信", "ap-guangzhou", TEMPLATES)
    return TencentSmsGateway(account, url=provider.url, seconds=5, clock=clock)


def test_acs3_reproduces_the_published_example() -> None:
    """Aliyun, "Request syntax and signature method V3": the fixed parameters of its last section."""
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    headers = {
        "host": "ecs.cn-shanghai.aliyuncs.com",
        "x-acs-action": "RunInstances",
        "x-acs-content-sha256": empty,
        "x-acs-date": "2023-10-26T10:22:32Z",
        "x-acs-signature-nonce": "3156853299f313e23d1673dc12e1703d",
        "x-acs-version": "2014-05-26",
    }
    query = {"ImageId": "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd", "RegionId": "cn-shanghai"}
    authorization = sign_acs3(
        "YourAccessKeyId", "YourAccessKeySecret", method="POST", query=query, headers=headers, content=b""
    )
    assert authorization == (
        "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;"
        "x-acs-signature-nonce;x-acs-version,"
        "Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
    )


def test_tc3_reproduces_the_published_example() -> None:
    """Tencent Cloud, "Signature v3": DescribeInstances, with the masked keys that it prints."""
    content = b'{"Limit": 1, "Filters": [{"Values": ["\\u672a\\u547d\\u540d"], "Name": "instance-name"}]}'
    authorization = sign_tc3(
        "AKIDz8krbsJ5yKBZQpn74WFkmLPx3*******",
        "Gu5t9xGARNpq86cd98joQYCN3*******",
        service="cvm",
        timestamp=1551113065,
        headers={"content-type": "application/json; charset=utf-8", "host": "cvm.tencentcloudapi.com"},
        content=content,
    )
    assert authorization == (
        "TC3-HMAC-SHA256 Credential=AKIDz8krbsJ5yKBZQpn74WFkmLPx3*******/2019-02-25/cvm/tc3_request, "
        "SignedHeaders=content-type;host, "
        "Signature=2230eefd229f582d8b1b891af7107b91597240707d778ab3738f756258d7652c"
    )


async def test_aliyun_gets_a_rightly_signed_template_and_nothing_in_the_address(
    aliyun: Provider, clock: HandClock
) -> None:
    gateway = _aliyun(aliyun, clock)
    await gateway.send(LETTER)
    await gateway.close()
    taken = aliyun.taken.get_nowait()
    assert taken.rightly_signed
    fields = aliyun_fields(taken)
    assert (fields["PhoneNumbers"], fields["SignName"], fields["TemplateCode"]) == ("17012340001", "学信", "SMS_1001")
    assert json.loads(fields["TemplateParam"]) == {"code": "424242", "minutes": "5"}


async def test_tencent_gets_a_rightly_signed_template_filled_in_order(tencent: Provider, clock: HandClock) -> None:
    gateway = _tencent(tencent, clock)
    await gateway.send(LETTER)
    await gateway.close()
    taken = tencent.taken.get_nowait()
    assert taken.rightly_signed
    fields = tencent_fields(taken)
    assert (fields["PhoneNumberSet"], fields["TemplateId"]) == (["+8617012340001"], "SMS_1001")
    assert fields["TemplateParamSet"] == ["424242", "5"]


@pytest.mark.parametrize(
    ("status", "answer", "error"),
    [
        (200, b'{"Code": "isv.BUSINESS_LIMIT_CONTROL"}', NotSentError),
        (403, b'{"Code": "SignatureDoesNotMatch"}', NotSentError),
        (503, b"", NotSentError),
        (429, b"", NotSentError),
        (500, b"<html>", UnclearAnswerError),
        (200, b"[]", UnclearAnswerError),
        (200, b"{" * 100_000, UnclearAnswerError),
        (302, b"", UnclearAnswerError),
    ],
)
async def test_an_answer_of_aliyun_that_is_no_success_is_told_apart(
    aliyun: Provider, clock: HandClock, status: int, answer: bytes, error: type[Exception]
) -> None:
    aliyun.answer = lambda _: (status, answer)
    gateway = _aliyun(aliyun, clock)
    with pytest.raises(error):
        await gateway.send(LETTER)
    await gateway.close()


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b'{"Response": {"Error": {"Code": "AuthFailure.SignatureFailure"}}}', NotSentError),
        (b'{"Response": {"SendStatusSet": [{"Code": "LimitExceeded.PhoneNumberDailyLimit"}]}}', NotSentError),
        (b'{"Response": {"SendStatusSet": []}}', UnclearAnswerError),
        (b'{"Response": null}', UnclearAnswerError),
    ],
)
async def test_an_answer_of_tencent_that_is_no_success_is_told_apart(
    tencent: Provider, clock: HandClock, answer: bytes, error: type[Exception]
) -> None:
    tencent.answer = lambda _: (200, answer)
    gateway = _tencent(tencent, clock)
    with pytest.raises(error):
        await gateway.send(LETTER)
    await gateway.close()


async def test_the_next_gateway_is_asked_where_one_certainly_did_not_send(
    aliyun: Provider, tencent: Provider, clock: HandClock
) -> None:
    aliyun.answer = lambda _: (200, b'{"Code": "isv.AMOUNT_NOT_ENOUGH"}')
    chain = GatewayChain([_aliyun(aliyun, clock), _tencent(tencent, clock)], clock)
    await chain.send(LETTER)
    assert (aliyun.taken.qsize(), tencent.taken.qsize()) == (1, 1)
    await chain.close()


async def test_a_lost_answer_is_not_sent_again_by_another(
    aliyun: Provider, tencent: Provider, clock: HandClock
) -> None:
    aliyun.gate.clear()
    chain = GatewayChain([_aliyun(aliyun, clock, seconds=0.2), _tencent(tencent, clock)], clock)
    with pytest.raises(LateAnswerError):
        await chain.send(LETTER)
    assert (aliyun.taken.qsize(), tencent.taken.qsize()) == (1, 0)
    await chain.close()


async def test_a_gateway_that_fails_five_times_is_left_alone_for_a_minute(
    aliyun: Provider, tencent: Provider, clock: HandClock
) -> None:
    aliyun.answer = lambda _: (503, b"")
    chain = GatewayChain([_aliyun(aliyun, clock), _tencent(tencent, clock)], clock)
    for _ in range(8):
        await chain.send(LETTER)
    assert (aliyun.taken.qsize(), tencent.taken.qsize()) == (5, 8)
    clock.pass_time(minutes=1)
    aliyun.answer = lambda _: (200, SENT)
    await chain.send(LETTER)
    assert (aliyun.taken.qsize(), tencent.taken.qsize()) == (6, 8)
    await chain.close()


async def test_a_provider_that_is_not_there_did_not_send(clock: HandClock) -> None:
    with running(checks_acs3) as gone:
        pass
    gateway = _aliyun(gone, clock)
    with pytest.raises(NotSentError):
        await gateway.send(LETTER)
    await gateway.close()


async def test_a_text_without_a_template_is_not_sent(aliyun: Provider, clock: HandClock) -> None:
    gateway = _aliyun(aliyun, clock)
    with pytest.raises(NotSentError, match="no template"):
        await gateway.send(Letter("+8617012340001", "别的", "body_other", {}, UUID(int=2)))
    assert aliyun.taken.empty()
    await gateway.close()
