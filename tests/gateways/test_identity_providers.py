"""Identity providers: signed as published, and believed only by their own signed answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest

from support.clock import HandClock
from support.identity_providers import RULE, Verifier, alipay, page_of_alipay, tencent
from support.login_providers import APP, key_pair, signed_by
from support.providers import SECRET
from xuexin_api.gateways.alipay_certify import AlipayCertify
from xuexin_api.gateways.alipay_gateway import AlipayApp
from xuexin_api.gateways.identity_providers import Claimed, IdentityProvider, Told, Verdict
from xuexin_api.gateways.tencent_faceid import FaceidAccount, TencentFaceid
from xuexin_api.gateways.third_party import ProviderSilentError, WrongAnswerError

CLAIMED = Claimed("示例·同学", "110101200001010002")
QUERY = "alipay_user_certify_open_query_response"


@pytest.fixture
def ali() -> Iterator[Verifier]:
    with alipay() as verifier:
        yield verifier


@pytest.fixture
def ten() -> Iterator[Verifier]:
    with tencent() as verifier:
        yield verifier


def _alipay(verifier: Verifier, clock: HandClock, *, secret: str = "application") -> AlipayCertify:
    app = AlipayApp(APP, key_pair(secret), key_pair("alipay").public_key())
    return AlipayCertify(app, url=f"{verifier.server.url}/gateway.do", scene="FACE", seconds=5, clock=clock)


def _tencent(verifier: Verifier, clock: HandClock, *, secret: str = SECRET) -> TencentFaceid:
    account = FaceidAccount("secret-id", secret, "ap-guangzhou", RULE)
    return TencentFaceid(account, url=verifier.server.url, seconds=5, clock=clock)


async def test_alipay_is_asked_about_one_name_and_number_and_its_page_is_signed(
    ali: Verifier, clock: HandClock
) -> None:
    provider = _alipay(ali, clock)
    opened = await provider.open(CLAIMED, reference="0" * 32, return_url="https://app.test/back")
    assert ali.opened == {opened.provider_id: (CLAIMED.name, CLAIMED.document_number)}
    assert page_of_alipay(opened.url) == {"certify_id": opened.provider_id}
    taken = ali.server.taken.get_nowait()
    # Nothing about anybody in an address.
    assert CLAIMED.document_number not in taken.target
    for verdict, expected in (("", Verdict.PENDING), ("failed", Verdict.FAILED), ("passed", Verdict.PASSED)):
        ali.verdicts[opened.provider_id] = verdict
        assert await provider.ask(opened.provider_id) == Told(expected)
    await provider.close()


@pytest.mark.parametrize(
    "answer",
    [
        signed_by("a stranger", QUERY, '{"code":"10000","passed":"T"}'),
        json.dumps({QUERY: {"code": "10000", "passed": "T"}}).encode(),
        signed_by("alipay", "alipay_user_certify_open_initialize_response", '{"code":"10000","passed":"T"}'),
        signed_by("alipay", QUERY, '{"code":"10000","passed":"yes"}'),
        signed_by("alipay", QUERY, '{"code":"10000"}'),
        signed_by("alipay", QUERY, '{"code":"10000","passed":["T"]}'),
        signed_by("alipay", QUERY, '{"code":"40004","passed":"T","sub_code":"CERTIFY_ID_NOT_EXIST"}'),
        b"not json",
    ],
)
async def test_alipays_word_counts_only_with_its_signature_over_the_right_answer(
    ali: Verifier, clock: HandClock, answer: bytes
) -> None:
    ali.server.answer = lambda _: (200, answer)
    provider = _alipay(ali, clock)
    with pytest.raises(WrongAnswerError):
        await provider.ask("certify-0")
    await provider.close()


async def test_tencent_is_asked_about_one_name_and_number_and_says_about_whom_it_answers(
    ten: Verifier, clock: HandClock
) -> None:
    provider = _tencent(ten, clock)
    opened = await provider.open(CLAIMED, reference="0" * 32, return_url="https://app.test/back")
    assert ten.opened == {opened.provider_id: (CLAIMED.name, CLAIMED.document_number)}
    assert await provider.ask(opened.provider_id) == Told(Verdict.PENDING)
    ten.verdicts[opened.provider_id] = "failed"
    assert await provider.ask(opened.provider_id) == Told(Verdict.FAILED)
    ten.verdicts[opened.provider_id] = "passed"
    assert await provider.ask(opened.provider_id) == Told(Verdict.PASSED, CLAIMED)
    await provider.close()


@pytest.mark.parametrize(
    "answer",
    [
        b'{"Response": {"Text": {"ErrCode": 0}}}',
        b'{"Response": {"Text": {"ErrCode": "0", "Name": "n", "IdCard": "1"}}}',
        b'{"Response": {"Text": {"ErrCode": false, "Name": "n", "IdCard": "1"}}}',
        b'{"Response": {}}',
        b'{"Response": []}',
        b"[]",
        b'{"Response": {"Error": {"Code": "InvalidParameterValue.BizTokenIllegal"}}}',
    ],
)
async def test_an_answer_of_another_shape_proves_nothing(ten: Verifier, clock: HandClock, answer: bytes) -> None:
    ten.server.answer = lambda _: (200, answer)
    provider = _tencent(ten, clock)
    with pytest.raises(WrongAnswerError):
        await provider.ask("token-0")
    await provider.close()


async def test_a_wrong_key_opens_nothing(ali: Verifier, ten: Verifier, clock: HandClock) -> None:
    for provider in (_alipay(ali, clock, secret="a stranger"), _tencent(ten, clock, secret="another")):
        with pytest.raises(WrongAnswerError):
            await provider.open(CLAIMED, reference="0" * 32, return_url="https://app.test/back")
        await provider.close()


@pytest.mark.parametrize("make", [_alipay, _tencent])
@pytest.mark.parametrize("status", [500, 503])
async def test_a_provider_that_is_down_is_silent(
    ali: Verifier, ten: Verifier, clock: HandClock, make: Callable[[Verifier, HandClock], IdentityProvider], status: int
) -> None:
    verifier = ali if make is _alipay else ten
    verifier.server.answer = lambda _: (status, b"{}")
    provider = make(verifier, clock)
    with pytest.raises(ProviderSilentError):
        await provider.ask("some-id")
    await provider.close()


async def test_tencent_that_is_overloaded_is_silent(ten: Verifier, clock: HandClock) -> None:
    ten.server.answer = lambda _: (200, b'{"Response": {"Error": {"Code": "InternalError.UnKnown"}}}')
    provider = _tencent(ten, clock)
    with pytest.raises(ProviderSilentError):
        await provider.ask("token-0")
    await provider.close()
