"""Third parties that say who somebody is there: what each offers, how it fails, and the offline twin."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final, Protocol
from urllib.parse import urlencode

from xuexin_api.gateways.messaging import NotSentError
from xuexin_api.gateways.provider_http import LateAnswerError, ProviderAnswer, ProviderHttp, UnclearAnswerError

_FORM: Final = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
_LONGEST_SUBJECT: Final = 128
_NUMBER: Final = re.compile("-?[0-9]{1,9}")
_OFFLINE_CODE: Final = re.compile("demo-[a-z0-9]{1,32}")


class CodeNotAcceptedError(Exception):
    """The provider knows no such code: wrong, late, used, or another application's."""


class ProviderSilentError(Exception):
    """The provider does not answer now. The text is a reason for operators, and nothing personal."""


class WrongAnswerError(Exception):
    """The provider's answer is not what it promises, or not the provider's. The text as above."""


class ThirdParty(Protocol):
    """One provider, for one application of ours there."""

    def authorize_url(self, state: str) -> str:
        """Where somebody is sent to say who he is; he comes back with a code and this state."""

    async def identify(self, code: str) -> str:
        """Who the code stands for, by the provider's lasting id; one of the errors of this module otherwise."""

    async def close(self) -> None: ...


class OfflineThirdParty:
    """The offline twin: comes straight back to the front end, with a code that names the person (demo-anna)."""

    def __init__(self, redirect_uri: str, *, code_parameter: str = "code") -> None:
        self._redirect_uri = redirect_uri
        self._code_parameter = code_parameter

    def authorize_url(self, state: str) -> str:
        """The front end's own page, as the provider would come back to it."""
        return f"{self._redirect_uri}?{urlencode({self._code_parameter: 'demo-user', 'state': state})}"

    async def identify(self, code: str) -> str:
        """The person that the code names."""
        if not _OFFLINE_CODE.fullmatch(code):
            raise CodeNotAcceptedError
        return code

    async def close(self) -> None:
        """Nothing is open."""


async def ask(http: ProviderHttp, method: str, target: str, form: Mapping[str, str] | None = None) -> ProviderAnswer:
    """The answer to a request that may carry a form, or the error that says how the provider failed."""
    headers, content = (None, None) if form is None else (dict(_FORM), urlencode(form).encode())
    return await ask_content(http, method, target, headers=headers, content=content)


async def ask_content(
    http: ProviderHttp, method: str, target: str, *, headers: dict[str, str] | None, content: bytes | None
) -> ProviderAnswer:
    """The same with content of any kind."""
    try:
        answer = await http.ask(method, target, headers=headers, content=content)
    except (NotSentError, LateAnswerError) as failed:
        raise ProviderSilentError(str(failed)) from None
    except UnclearAnswerError as unclear:
        raise WrongAnswerError(str(unclear)) from None
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise ProviderSilentError(f"status {answer.status}")
    return answer


def json_object(answer: ProviderAnswer) -> dict[str, Any]:
    """The JSON object that the answer is, or WrongAnswerError."""
    try:
        return answer.json_object()
    except UnclearAnswerError as unclear:
        raise WrongAnswerError(str(unclear)) from None


def error_number(value: object) -> int:
    """The number of an error as a provider writes it, 0 where there is none; WrongAnswerError for anything else."""
    text = str(value) if isinstance(value, str | int) else "0" if value is None else ""
    if not _NUMBER.fullmatch(text):
        raise WrongAnswerError("an error without a number")
    return int(text)


def subject(value: object) -> str:
    """An id of somebody as a provider writes it, text or number; WrongAnswerError for anything else."""
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if not 1 <= len(text) <= _LONGEST_SUBJECT or not text.isascii() or not text.isprintable():
        raise WrongAnswerError("no id of anybody")
    return text
