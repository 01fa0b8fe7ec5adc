"""The house itself: locks, settings, and rules that no linter knows."""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from importlib import metadata
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from support.login_providers import settings_for
from xuexin_api.cli.migration import PROJECT
from xuexin_api.core.clock import SystemClock
from xuexin_api.core.entropy import SystemEntropy
from xuexin_api.core.messages import catalogue
from xuexin_api.keys import generate_keys, load_keys
from xuexin_api.settings import Settings, SettingsError

LOCKS = ("requirements.lock", "requirements-dev.lock")
PINNED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", re.MULTILINE)


def _pins(lock: str) -> dict[str, set[Version]]:
    """Versions by name; a package may be pinned twice, for different Pythons."""
    pins: dict[str, set[Version]] = defaultdict(set)
    for name, version in PINNED.findall((PROJECT / lock).read_text(encoding="utf-8")):
        pins[canonicalize_name(name)].add(Version(version))
    return pins


def _wanted(extras: tuple[str, ...]) -> list[Requirement]:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    texts = list(project["dependencies"])
    for extra in extras:
        texts += project["optional-dependencies"][extra]
    return [Requirement(text) for text in texts]


@pytest.mark.parametrize(("lock", "extras"), [(LOCKS[0], ("build",)), (LOCKS[1], ("build", "dev"))])
def test_a_lock_is_fresh(lock: str, extras: tuple[str, ...]) -> None:
    """Everything the project asks for, and everything that asks for, is pinned to a version that will do."""
    pins = _pins(lock)
    todo = [(requirement, "pyproject.toml") for requirement in _wanted(extras)]
    seen: set[tuple[str, frozenset[str]]] = set()
    while todo:
        requirement, asker = todo.pop()
        if requirement.marker and not any(
            requirement.marker.evaluate({"extra": extra}) for extra in ("", *requirement.extras)
        ):
            continue
        name = canonicalize_name(requirement.name)
        assert name in pins, f"{asker} needs {name}: run `make lock`"
        fits = [requirement.specifier.contains(version, prereleases=True) for version in pins[name]]
        assert any(fits), f"{asker} needs {requirement}"
        if (name, frozenset(requirement.extras)) in seen:
            continue
        seen.add((name, frozenset(requirement.extras)))
        for text in metadata.requires(name) or []:
            needed = Requirement(text)
            chosen = ["", *requirement.extras]
            if needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in chosen):
                needed.marker = None
                todo.append((needed, name))


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_is_hashed_throughout_and_names_no_index(lock: str) -> None:
    text = (PROJECT / lock).read_text(encoding="utf-8")
    blocks = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)[1:]
    assert all("--hash=sha256:" in block for block in blocks)
    assert "://" not in text
    assert "--index" not in text


def test_what_is_installed_is_what_is_locked() -> None:
    for name, versions in _pins("requirements-dev.lock").items():
        try:
            assert Version(metadata.version(name)) in versions, name
        except metadata.PackageNotFoundError:
            continue  # for another platform or Python


def test_every_setting_says_what_it_is_for() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_tokens_name_the_address_unless_somebody_names_another_issuer() -> None:
    assert Settings(host="::1", port=8123).token_policy().issuer == "http://[::1]:8123"
    assert Settings(port=8123, token_issuer="https://id.example.edu").token_policy().issuer == "https://id.example.edu"


def test_production_names_everything_it_lacks() -> None:
    with pytest.raises(SettingsError) as refused:
        # Also where the tests run on a given server.
        Settings(environment="production", database_url=None).refuse_unfit()
    for name in ("DATABASE_URL", "SECRET_KEY", "LOOKUP_KEY", "SEALING_KEYS", "TOKEN_KEYS"):
        assert f"XUEXIN_{name}" in str(refused.value)


def test_production_sends_no_message_to_a_console() -> None:
    keys = {name.removeprefix("XUEXIN_").lower(): value for name, value in _fresh_keys().items()}
    with pytest.raises(SettingsError, match="XUEXIN_SMS_GATEWAY"):
        Settings(environment="production", database_url="postgresql://x/y", **keys).refuse_unfit()  # type: ignore[arg-type]


def test_production_starts_with_all_login_providers_or_none() -> None:
    Settings(**_production()).refuse_unfit()
    given = settings_for({}) | {"login_providers": "alipay,wechat,weibo"}
    urls = {name: "https://provider.example" for name in given if name.endswith("_url")}
    Settings(**(_production() | given | urls)).refuse_unfit()


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"alipay_public_key": None}, "XUEXIN_ALIPAY_PUBLIC_KEY"),
        ({"alipay_private_key": "not-a-key-of-anybody"}, "XUEXIN_ALIPAY_PRIVATE_KEY"),
        ({"wechat_app_secret": ""}, "XUEXIN_WECHAT_APP_SECRET"),
        ({"weibo_app_key": None, "weibo_app_secret": None}, "XUEXIN_WEIBO_APP_KEY, XUEXIN_WEIBO_APP_SECRET"),
        ({"wechat_url": "http://api.weixin.qq.com"}, "XUEXIN_WECHAT_URL"),
        ({"alipay_authorize_url": "http://openauth.alipay.com"}, "XUEXIN_ALIPAY_AUTHORIZE_URL"),
    ],
)
def test_production_refuses_a_login_provider_that_is_half_configured(changed: dict[str, Any], named: str) -> None:
    given = settings_for({}) | {"login_providers": "alipay,wechat,weibo"}
    urls = {name: "https://provider.example" for name in given if name.endswith("_url")}
    with pytest.raises(SettingsError, match=named) as refused:
        Settings(**(_production() | given | urls | changed)).refuse_unfit()
    assert "not-a-key-of-anybody" not in str(refused.value)


def test_production_signs_tokens_in_its_own_name() -> None:
    Settings(**_production()).refuse_unfit()
    with pytest.raises(SettingsError, match="XUEXIN_TOKEN_ISSUER"):
        Settings(**_production() | {"token_issuer": "http://127.0.0.1:8000"}).refuse_unfit()


def test_production_refuses_several_workers_with_limits_in_memory() -> None:
    with pytest.raises(SettingsError, match="XUEXIN_LIMITS_URL"):
        Settings(environment="production", workers=2).refuse_unfit()


@pytest.mark.parametrize(
    ("given", "rp_id", "origins"),
    [
        ({}, "localhost", ("http://localhost:3000",)),
        ({"front_end_url": "https://My.Example.edu:443/app"}, "my.example.edu", ("https://my.example.edu",)),
        (
            {
                "front_end_url": "https://my.example.edu",
                "passkey_rp_id": "example.edu",
                "passkey_origins": "https://my.example.edu:8443, android:apk-key-hash:c2hhMjU2",
            },
            "example.edu",
            ("https://my.example.edu:8443", "android:apk-key-hash:c2hhMjU2"),
        ),
    ],
)
def test_passkeys_belong_to_the_front_end(given: dict[str, Any], rp_id: str, origins: tuple[str, ...]) -> None:
    settings = Settings(**given)
    settings.refuse_unfit()
    assert (settings.passkey_policy().rp_id, settings.passkey_policy().origins) == (rp_id, origins)


@pytest.mark.parametrize(
    ("rp_id", "origin"),
    [
        ("example.com", "https://example.edu"),
        ("example.edu", "https://evilexample.edu"),
        ("my.example.edu", "https://example.edu"),
        ("example.edu", "https://example.edu/"),
        ("example.edu", "https://Example.edu"),
        ("example.edu", "https://example.edu:443"),
        ("example.edu", "ios:bundle-id:edu.example"),
    ],
)
def test_an_origin_that_could_never_use_a_passkey_is_refused(rp_id: str, origin: str) -> None:
    with pytest.raises(SettingsError, match="XUEXIN_PASSKEY_ORIGINS"):
        Settings(passkey_rp_id=rp_id, passkey_origins=origin).refuse_unfit()


@pytest.mark.parametrize(
    ("rp_id", "origin"),
    [("example.edu", "http://example.edu"), ("edu", "https://edu"), ("192.0.2.1", "https://192.0.2.1")],
)
def test_production_gives_passkeys_to_https_pages_of_a_domain_only(rp_id: str, origin: str) -> None:
    with pytest.raises(SettingsError, match="https origins of a domain"):
        Settings(**_production(), passkey_rp_id=rp_id, passkey_origins=origin).refuse_unfit()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("secret_key", "short"),
        ("lookup_key", "bm90IDMyIGJ5dGVz"),
        ("sealing_keys", "not-a-key"),
        ("sealing_keys", "0:" + "A" * 44),
        ("token_keys", "-----BEGIN nothing"),
        ("token_keys", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"),
    ],
)
def test_a_malformed_secret_is_named_and_never_shown(name: str, value: str) -> None:
    keys = {key.removeprefix("XUEXIN_").lower(): text for key, text in _fresh_keys().items()}
    settings = Settings(**(keys | {name: value}))  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match=f"XUEXIN_{name.upper()}") as refused:
        load_keys(settings, SystemEntropy(SystemClock()))
    assert value not in str(refused.value)
    assert value not in repr(settings)


def _production() -> dict[str, Any]:
    """Everything that production needs."""
    keys = {name.removeprefix("XUEXIN_").lower(): value for name, value in _fresh_keys().items()}
    return keys | {
        "environment": "production",
        "database_url": "postgresql://x/y",
        "token_issuer": "https://api.example.edu",
        "front_end_url": "https://my.example.edu",
        "sms_gateway": "aliyun",
        "aliyun_key_id": "x",
        "aliyun_key_secret": "x",
        "aliyun_sign_name": "x",
        "aliyun_templates": {word: "SMS_1" for word in catalogue() if word.startswith("body_")},
        "email_gateway": "smtp",
        "smtp_host": "mail.example.edu",
        "smtp_sender": "no-reply@example.edu",
    }


def _fresh_keys() -> dict[str, str]:
    return generate_keys(SystemEntropy(SystemClock()))
