"""Everything an operator may set, each with its default, unit and reason. Read once, in app and cli only."""

from __future__ import annotations

import base64
import ipaddress
import os
import re
from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from pydantic_settings import SettingsError as EnvironmentSettingsError

from xuexin_api.core.messages import catalogue
from xuexin_api.core.policies import (
    CasePolicy,
    ChallengePolicy,
    ChangePolicy,
    ClaimPolicy,
    CodePolicy,
    CorrectionPolicy,
    FactorPolicy,
    FailureLimits,
    HashingPolicy,
    HelpPolicy,
    IdempotencyPolicy,
    ImportPolicy,
    LoginPolicy,
    OfficePolicy,
    OutboxPolicy,
    PasskeyPolicy,
    PhotoPolicy,
    PicturePolicy,
    ProofPolicy,
    RecordListPolicy,
    RecordPolicy,
    RecoveryPolicy,
    RegistrationPolicy,
    RobotPolicy,
    SessionPolicy,
    StaffPolicy,
    ThirdPartyPolicy,
    VerificationPolicy,
    doubling_waits,
)
from xuexin_api.core.sealing import KEY_BYTES
from xuexin_api.core.tokens import TokenPolicy
from xuexin_api.gateways.alipay_gateway import AlipayApp, read_private_key, read_public_key
from xuexin_api.gateways.aliyun_sms import AliyunAccount
from xuexin_api.gateways.bounded_pool import PoolBounds
from xuexin_api.gateways.photo_store import Bucket
from xuexin_api.gateways.smtp_email import SmtpServer
from xuexin_api.gateways.tencent_faceid import FaceidAccount
from xuexin_api.gateways.tencent_sms import TencentAccount
from xuexin_api.gateways.wechat_login import WechatApp
from xuexin_api.gateways.weibo_login import WeiboApp

IdentityProviderName = Literal["alipay_certify", "tencent_faceid"]
LoginProvider = Literal["alipay", "wechat", "weibo"]
SmsGateway = Literal["console", "aliyun", "tencent"]
_NEEDED: Final = {
    "aliyun": ("aliyun_key_id", "aliyun_key_secret", "aliyun_sign_name"),
    "tencent": ("tencent_secret_id", "tencent_secret_key", "tencent_app_id", "tencent_sign_name"),
    "smtp": ("smtp_host", "smtp_sender"),
    "alipay": ("alipay_app_id", "alipay_private_key", "alipay_public_key"),
    "wechat": ("wechat_app_id", "wechat_app_secret"),
    "weibo": ("weibo_app_key", "weibo_app_secret"),
    "alipay_certify": ("alipay_app_id", "alipay_private_key", "alipay_public_key"),
    "s3": ("s3_bucket", "s3_endpoint", "s3_key_id", "s3_key_secret"),
    "tencent_faceid": ("tencent_secret_id", "tencent_secret_key", "tencent_faceid_rule_id"),
}
_LIMITS_URL: Final = re.compile(r"async\+(memory://|(redis|rediss|valkey|valkeys)(\+(unix|sentinel|cluster))?://.)")
_APP: Final = "android:apk-key-hash:"
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class SettingsError(Exception):
    """The service will not start like this; the message says what is missing and how to give it."""


def _names(value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _networks(value: object) -> object:
    if isinstance(value, str):
        return [ipaddress.ip_network(part.strip(), strict=False) for part in value.split(",") if part.strip()]
    return value


def _limits_store(url: SecretStr) -> SecretStr:
    if not _LIMITS_URL.match(url.get_secret_value()):
        raise ValueError("async+memory:// or async+redis://host:6379/0 is meant (valkey, rediss, +cluster, …)")
    return url


class Settings(BaseSettings):
    """Read from the environment, prefix XUEXIN_. `xuexin settings` prints this table with secrets hidden."""

    model_config = SettingsConfigDict(env_prefix="XUEXIN_", env_ignore_empty=True, extra="ignore", frozen=True)

    # Where it runs
    environment: Literal["demo", "production"] = Field(
        "demo", description="demo makes its own secrets in the data directory; production refuses to start so"
    )
    data_dir: Path = Field(Path("var"), description="files, photos, and the embedded database")
    database_url: SecretStr | None = Field(
        None, description="postgresql://… of your server; unset: an embedded PostgreSQL in the data directory"
    )
    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(8000, ge=1, le=65535, description="port to listen on")
    workers: int = Field(1, ge=1, le=64, description="server processes; more than one needs XUEXIN_LIMITS_URL")
    trusted_proxies: Annotated[list[Network], NoDecode, BeforeValidator(_networks)] = Field(
        default_factory=list,
        description="networks (comma-separated) whose X-Forwarded-For is believed; none by default",
    )
    request_seconds: float = Field(
        60.0, gt=0, description="longest time for a request to arrive and its answer to leave; then the line is cut"
    )
    metrics_networks: Annotated[list[Network], NoDecode, BeforeValidator(_networks)] = Field(
        default_factory=lambda: [ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128")],
        description="networks (comma-separated) that may read /metrics; 404 for others",
    )
    log_requests: bool = Field(
        default=False, description="a log line for each request, and not only for failures; metrics count all"
    )
    database_pool: int = Field(10, ge=1, description="connections for writes, per process")
    hot_pool: int = Field(6, ge=1, description="connections for the hottest reads and password logins, per process")

    # Secrets
    secret_key: SecretStr | None = Field(
        None, description="base64 of 32 bytes; refresh tokens, codes and challenges are derived from it"
    )
    lookup_key: SecretStr | None = Field(
        None, description="base64 of 32 bytes; keyed hashes by which phones and documents are found; for ever"
    )
    sealing_keys: SecretStr | None = Field(
        None, description="version:base64 of 32 bytes, comma-separated; the highest version seals, all open"
    )
    token_keys: SecretStr | None = Field(
        None, description="PEM of EC P-256 private keys, one after the other; the first signs, all verify"
    )

    # Tokens and sessions
    token_issuer: str | None = Field(
        None, description="`iss` of access tokens; unset: the address to listen on, which only a laptop's callers know"
    )
    token_audience: str = Field("xuexin-api", description="`aud` of access tokens")
    token_client_id: str = Field("xuexin-app", description="`client_id` of access tokens")
    access_token_seconds: int = Field(600, gt=0, description="an access token lives this long")
    refresh_grace_seconds: int = Field(
        30, ge=0, description="a rotated refresh token still answers with its successor: lost answers happen"
    )
    session_idle_seconds: int = Field(14 * 86400, gt=0, description="a session unused for so long ends")
    session_absolute_seconds: int = Field(90 * 86400, gt=0, description="no session lives longer")
    verified_seconds: int = Field(
        1800,
        gt=0,
        description="an identity verification opens the archive for so long; refresh never renews it",
    )
    login_ticket_seconds: int = Field(300, gt=0, description="time for the further factor of a login")
    login_ticket_tries: int = Field(5, gt=0, description="wrong further factors that end a login ticket")

    # Codes
    code_seconds: int = Field(300, gt=0, description="a code lives this long (the source: 15 minutes)")
    code_resend_seconds: int = Field(60, gt=0, description="between two codes to one destination")
    codes_per_destination_day: int = Field(10, gt=0, description="codes to one destination and day")
    code_tries: int = Field(5, gt=0, description="wrong tries that kill a code")
    wrong_codes_per_destination_day: int = Field(
        15, gt=0, description="wrong tries, over all codes, that close a destination for the day"
    )
    codes_per_address_day: int = Field(
        3000, gt=0, description="codes asked for from one address and day: high, a dormitory is one address"
    )
    codes_abroad_per_day: int = Field(
        2000,
        ge=0,
        description="codes to numbers outside +86 a day, all together: there floods earn money, and cost the most",
    )
    phone_proof_seconds: int = Field(900, gt=0, description="a proven phone may register for so long")
    documents_per_proof: int = Field(3, gt=0, description="documents that one phone proof may try")

    # Bot defence
    challenge_seconds: int = Field(600, gt=0, description="a challenge may be answered for so long")
    challenge_cost: int = Field(
        2000, gt=0, description="PBKDF2 rounds per try, 256 tries on average: half a second on a phone"
    )
    challenge_cost_doubles_every: int = Field(
        20,
        gt=0,
        description="recent codes and failures of one address after which the cost doubles, to 16 times",
    )
    challenges_per_address_minute: int = Field(
        300, gt=0, description="challenges given to one address and minute; a neighbour's flood ends with the minute"
    )

    # Login
    login_failures_before_challenge: int = Field(
        3, gt=0, description="failures of one login name from one address that ask for a challenge: people mistype"
    )
    login_failures_before_wait: int = Field(
        10,
        gt=0,
        description="failures of one login name from one address or one known device that mean waiting",
    )
    login_strangers_failures_before_challenge: int = Field(
        20,
        gt=0,
        description="failures of one login name from all unknown devices together that ask for a challenge: guessing "
        "from many addresses",
    )
    login_strangers_failures_before_wait: int = Field(
        50, gt=0, description="and that mean waiting, on unknown devices only"
    )
    login_first_wait_seconds: int = Field(30, gt=0, description="the first wait after failures; each next is twice it")
    login_longest_wait_seconds: int = Field(
        3600, gt=0, description="no wait after failures is longer: some forty guesses a day, and an owner may come back"
    )
    login_failures_remembered_seconds: int = Field(
        86400,
        gt=0,
        description="failures are forgotten so long after the last: longer than the longest wait, or waiting pays",
    )
    login_failures_per_address_hour: int = Field(
        100,
        gt=0,
        description="failures of one address, over all login names, after which unknown devices there bring a "
        "challenge: a dormitory mistypes, and is never shut out",
    )
    logins_per_address_minute: int = Field(
        600,
        gt=0,
        description="logins of unknown devices of one address and minute; past it with a challenge, as many again",
    )
    logins_per_device_minute: int = Field(
        30, gt=0, description="logins of one known device and minute, whatever its address does"
    )

    # Third-party login; each provider comes back to <XUEXIN_FRONT_END_URL>/third-party/<provider>
    login_providers: Annotated[tuple[LoginProvider, ...], NoDecode, BeforeValidator(_names)] = Field(
        (),
        description="alipay, wechat, weibo, comma-separated; none: in production closed, in demo all, answered offline",
    )
    third_party_seconds: int = Field(
        600, gt=0, description="time to come back from a provider: their codes live ten minutes"
    )
    third_party_retry_after_seconds: int = Field(30, gt=0, description="Retry-After where a provider does not answer")
    alipay_app_id: str | None = Field(None, description="APPID of the application")
    alipay_private_key: SecretStr | None = Field(
        None, description="应用私钥 (RSA2), base64 as Alipay's tool writes it, or PEM"
    )
    alipay_public_key: str | None = Field(
        None, description="支付宝公钥, base64 as its console shows it, or PEM: not the application's own"
    )
    alipay_url: str = Field("https://openapi.alipay.com/gateway.do", description="gateway")
    alipay_authorize_url: str = Field(
        "https://openauth.alipay.com/oauth2/publicAppAuthorize.htm", description="page that asks"
    )
    wechat_app_id: str | None = Field(None, description="AppID of the website application (open.weixin.qq.com)")
    wechat_app_secret: SecretStr | None = Field(None, description="AppSecret")
    wechat_url: str = Field("https://api.weixin.qq.com", description="endpoint")
    wechat_authorize_url: str = Field(
        "https://open.weixin.qq.com/connect/qrconnect", description="page with the QR code"
    )
    weibo_app_key: str | None = Field(None, description="App Key")
    weibo_app_secret: SecretStr | None = Field(None, description="App Secret")
    weibo_url: str = Field("https://api.weibo.com", description="endpoint, and page that asks")

    # Second factors
    factor_tries_per_day: int = Field(
        30,
        gt=0,
        description="tries of a second factor, and of the password after a phone code, per account and day, "
        "all unknown devices together",
    )
    recovery_codes: int = Field(10, gt=0, le=50, description="recovery codes given with the first second factor")
    totp_issuer: str = Field("学信", description="the name that authenticator apps and passkey dialogs show")
    passkey_rp_id: str | None = Field(
        None,
        description="domain that passkeys belong to, for ever: another makes every passkey worthless; unset: the host "
        "of XUEXIN_FRONT_END_URL",
    )
    passkey_origins: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_names)] = Field(
        (),
        description="origins, comma-separated, whose pages (https://…) and apps (android:apk-key-hash:…) use passkeys; "
        "unset: that of XUEXIN_FRONT_END_URL",
    )
    passkey_seconds: int = Field(300, gt=0, description="time to answer a passkey dialog (W3C: five minutes)")
    passkeys_per_account: int = Field(
        10, gt=0, le=50, description="passkeys of an account: more than its devices, and few enough to look through"
    )

    # Recovery
    recovery_seconds: int = Field(1800, gt=0, description="a recovery, and a proven one again, lives this long")
    recovery_tries: int = Field(8, gt=0, description="wrong proofs that end a recovery")
    recovery_objection_seconds: int = Field(
        86400,
        gt=0,
        description="between a recovery by facts of the record alone and its effect: the owner objects by logging in",
    )
    recovery_by_questions: bool = Field(
        default=True,
        description="security questions, with a fact of the record, recover a password; standards advise against it",
    )
    recoveries_per_identifier_day: int = Field(
        10, gt=0, description="recoveries begun for one username from one address and day"
    )
    usernames_per_document_day: int = Field(3, gt=0, description="recoveries of the username per document and day")
    recoveries_per_address_minute: int = Field(
        3000, gt=0, description="recovery steps of one address and minute: high, a dormitory is one address"
    )

    # Account changes
    front_end_url: str = Field(
        "http://localhost:3000",
        pattern="^https?://[^#?]+[^/#?]$",
        description="where links in messages lead, and login providers come back to; no slash",
    )
    undo_seconds: int = Field(72 * 3600, gt=0, description="the old channel may undo a change for so long")
    undos_per_address_minute: int = Field(30, gt=0, description="wrong links to undo, of one address and minute")
    closing_seconds: int = Field(15 * 86400, gt=0, description="a closing account comes back by a login for so long")
    changes_per_day: int = Field(20, gt=0, description="changes of an account per day, for each sends messages")
    confirmations_per_minute: int = Field(
        20, gt=0, description="times an account's password is asked again per minute: each costs a hash"
    )
    confirmation_tries: int = Field(
        10, gt=0, description="wrong ones of them, per session and window, that mean waiting"
    )
    confirmation_window_seconds: int = Field(900, gt=0, description="how long those are remembered")
    exports_per_day: int = Field(5, gt=0, description="exports of an account's data per day")

    # Identity verification
    verification_seconds: int = Field(900, gt=0, description="time to answer the questions of a verification")
    verification_classmates_seconds: int = Field(
        3 * 86400, gt=0, description="time for classmates to vouch in a verification: they are asked in person"
    )
    verification_tries: int = Field(3, gt=0, description="tries to answer one verification")
    verification_tries_per_person_day: int = Field(
        5,
        gt=0,
        description="tries per claimed document and day, over all accounts: the person is what is guarded",
    )
    verification_tries_per_account_day: int = Field(10, gt=0, description="tries per account and day")

    # Providers that verify an identity; each comes back to <XUEXIN_FRONT_END_URL>/identity-verification
    identity_providers: Annotated[tuple[IdentityProviderName, ...], NoDecode, BeforeValidator(_names)] = Field(
        (), description="alipay_certify, tencent_faceid, comma-separated; none: these ways are closed"
    )
    identity_providers_offline: bool = Field(
        default=False, description="in a demo: the chosen providers are not asked, and everybody passes"
    )
    alipay_certify_scene: str = Field("FACE", description="biz_code of the certification that was signed up for")
    tencent_faceid_rule_id: str | None = Field(None, description="RuleId that was approved")
    tencent_faceid_region: str = Field("ap-guangzhou", description="region of the endpoint")
    tencent_faceid_url: str = Field("https://faceid.tencentcloudapi.com", description="endpoint")

    # Identity cases
    case_draft_seconds: int = Field(86400, gt=0, description="a case that nobody hands in expires after")
    case_notice_unverified_seconds: int = Field(
        86400, gt=0, description="a holder who never verified is told so long before weak evidence wins"
    )
    case_notice_verified_seconds: int = Field(
        72 * 3600, gt=0, description="a holder who verified is told so long before anything happens"
    )
    case_undo_seconds: int = Field(30 * 86400, gt=0, description="a grant can be undone for so long")
    case_review_seconds: int = Field(
        3 * 86400, gt=0, description="deadline of a review, and the waiting time that is told until reviews say better"
    )
    case_abandoned_seconds: int = Field(
        30 * 86400, gt=0, description="an account in conflict without a living case is erased after"
    )
    cases_per_account: int = Field(5, gt=0, description="cases that one account may open, all its life")
    case_submissions_per_document_day: int = Field(
        4,
        ge=2,
        description="claims to one document handed in per day with photos alone, and as many with weak evidence: each "
        "tells its holder or takes a reviewer's time; the last is for an account that never handed one in",
    )
    case_submissions_per_account_day: int = Field(2, gt=0, description="claims handed in per account and day")
    classmates_needed: int = Field(2, ge=2, description="classmates who must vouch")
    classmates_asked: int = Field(
        5,
        gt=0,
        description="classmates whom one case may ask, and one account for verifications in a day; each is told",
    )
    vouchings_per_year: int = Field(5, gt=0, description="people for whom one person may vouch in a year")
    objections_per_address_minute: int = Field(30, gt=0, description="objections by link of one address and minute")

    # Hand-held photos
    photos_per_account_day: int = Field(
        20, gt=0, description="photos that one account may send in a day; those that are refused count, too"
    )
    photos_per_case: int = Field(12, gt=0, description="photos that one side of a case may send, refused ones too")
    photos_kept_seconds: int = Field(
        30 * 86400,
        gt=0,
        description="photos and phones of asked classmates are erased so long after the decision, and not before a "
        "grant can be undone no more",
    )
    photo_draft_seconds: int = Field(
        86400,
        gt=0,
        description="photos of a verification, and pictures of a correction, that nobody hands in expire after",
    )
    photo_result_seconds: int = Field(
        7 * 86400,
        gt=0,
        description="the session that sent accepted photos may take its tokens so long",
    )
    photo_bytes_at_once: int = Field(
        18 * 1024 * 1024,
        gt=0,
        description="bytes of photos that a process holds at once, others wait unread: eighteen of 1 MB, or two of 8",
    )

    # Staff
    staff_invitation_seconds: int = Field(72 * 3600, gt=0, description="an invitation to enrol is good for so long")
    staff_session_seconds: int = Field(8 * 3600, gt=0, description="no staff session lives longer: a working day")
    staff_idle_seconds: int = Field(1800, gt=0, description="a staff session without a request ends after")
    staff_codes_per_day: int = Field(
        30, gt=0, description="tries of an authenticator code per member and day, from anywhere"
    )
    staff_disabled_per_day: int = Field(
        20, gt=0, description="members that an operator disables in a day; a stolen session locks out no more"
    )
    staff_failure_window_seconds: int = Field(900, gt=0, description="how long failed logins of staff are remembered")
    staff_audience: str = Field("xuexin-staff", description="`aud` and `client_id` of staff tokens")
    case_assignment_seconds: int = Field(86400, gt=0, description="a case taken and left is free again after")

    # Records
    registration_months: int = Field(3, gt=0, le=24, description="a new student is registered within, from entry")
    freeze_month: int = Field(7, ge=1, le=12, description="from this day what certificates will say stands: the month")
    freeze_day: int = Field(1, ge=1, le=28, description="and the day, in China")
    school_year_month: int = Field(9, ge=1, le=12, description="the school year begins, and the freeze ends: the month")
    school_year_day: int = Field(1, ge=1, le=28, description="and the day, in China")
    transfer_seconds: int = Field(30 * 86400, gt=0, description="a transfer waits for the other school's answer")
    earlier_photo_kept_seconds: int = Field(
        90 * 86400,
        gt=0,
        description="a replaced photo is kept so long: one of July is still there when students are back in September",
    )
    earlier_photos: int = Field(5, gt=0, description="replaced photos kept of one record and kind; older ones go first")
    search_records: int = Field(
        3000, ge=100, description="records that a page of a search looks at, so that each takes the same time"
    )
    record_export_rows: int = Field(500, gt=0, le=5000, description="records read at once for an export")
    record_export_seconds: float = Field(
        3600, gt=0, description="longest answer to an export, which is cut off then; others end after request_seconds"
    )
    record_exports_per_day: int = Field(20, gt=0, description="exports of records per registrar and day")
    photo_proof_seconds: int = Field(600, gt=0, description="a photo proof is confirmed within")
    claims_per_day: int = Field(
        5, gt=0, description="records asked for by their numbers, per account and per person and day: no guessing"
    )
    claim_equal_fields: int = Field(
        2, ge=1, le=3, description="of name, birth date and document equal to be told which fields are not"
    )
    claim_draft_seconds: int = Field(7 * 86400, gt=0, description="a claim that nobody hands in expires after")
    claim_school_seconds: int = Field(15 * 86400, gt=0, description="a claim that its school left goes to the province")
    claim_province_seconds: int = Field(30 * 86400, gt=0, description="a claim is overdue in the province after")
    claim_notice_seconds: int = Field(7 * 86400, gt=0, description="who holds a claimed record is told so long before")
    claim_undo_seconds: int = Field(30 * 86400, gt=0, description="a granted claim can be undone for so long")
    corrections_per_day: int = Field(5, gt=0, description="corrections of records handed in per account and day")
    correction_school_seconds: int = Field(
        15 * 86400, gt=0, description="a school decides about a correction within; then it goes to its province"
    )
    correction_province_seconds: int = Field(
        30 * 86400, gt=0, description="a province decides about a correction within; then it is overdue"
    )
    correction_returned_seconds: int = Field(
        30 * 86400, gt=0, description="a correction that was returned is handed in again within, or it is withdrawn"
    )
    correction_returns: int = Field(
        2, ge=0, description="how often a school may return one correction: each time its own time begins anew"
    )
    office_notice_seconds: int = Field(
        3600,
        gt=0,
        description="a school or province is told at most once in, of all that is new: a message each would be a flood",
    )
    office_deadline_seconds: int = Field(
        3 * 86400, gt=0, description="a school or province is told of deadlines so long before: time to act still"
    )
    office_codes_per_day: int = Field(
        10, gt=0, description="codes to prove an office's address, per member and day: they go to whom the member says"
    )
    record_proofs_per_day: int = Field(20, gt=0, description="checks and photo proofs of one record and day")

    # Passwords
    argon2_memory_kib: int = Field(19 * 1024, ge=8, description="Argon2id memory (OWASP: 19 MiB)")
    argon2_passes: int = Field(2, ge=1, description="Argon2id passes")
    hashing_threads: int = Field(
        default_factory=lambda: os.cpu_count() or 1, gt=0, description="hashes at once; as many as cores"
    )
    hashing_queue: int = Field(40, gt=0, description="callers waiting for a hash; past it 503")
    hashing_wait_seconds: float = Field(1.0, gt=0, description="longest wait for a hash; past it 503")
    hashing_retry_after_seconds: int = Field(2, gt=0, description="Retry-After of that 503")

    # Messages
    sms_gateway: Annotated[tuple[SmsGateway, ...], NoDecode, BeforeValidator(_names)] = Field(
        ("console",),
        min_length=1,
        description="console, aliyun, tencent, or several, comma-separated: the next is asked where one fails",
    )
    email_gateway: Literal["console", "smtp"] = Field("console", description="console or smtp")
    gateway_seconds: float = Field(5.0, gt=0, description="longest wait for a gateway")
    sms_per_day: int = Field(100_000, gt=0, description="SMS a day, all together: what a flood may cost; notices +20 %")
    emails_per_day: int = Field(100_000, gt=0, description="e-mails a day, all together; notices +20 %")
    aliyun_key_id: str | None = Field(None, description="AccessKey id")
    aliyun_key_secret: SecretStr | None = Field(None, description="AccessKey secret")
    aliyun_sign_name: str | None = Field(None, description="approved signature (签名)")
    aliyun_templates: dict[str, str] = Field(
        default_factory=dict, description='JSON: word of content/messages → approved template, {"body_code_login": …}'
    )
    aliyun_url: str = Field("https://dysmsapi.aliyuncs.com", description="endpoint")
    tencent_secret_id: str | None = Field(None, description="SecretId")
    tencent_secret_key: SecretStr | None = Field(None, description="SecretKey")
    tencent_app_id: str | None = Field(None, description="SmsSdkAppId")
    tencent_sign_name: str | None = Field(None, description="approved signature (签名)")
    tencent_templates: dict[str, str] = Field(default_factory=dict, description="as XUEXIN_ALIYUN_TEMPLATES")
    tencent_region: str = Field("ap-guangzhou", description="region of the endpoint")
    tencent_url: str = Field("https://sms.tencentcloudapi.com", description="endpoint")
    smtp_host: str | None = Field(None, description="mail server that takes our messages")
    smtp_port: int = Field(465, ge=1, le=65535, description="its port")
    smtp_protection: Literal["tls", "starttls", "none"] = Field("tls", description="production refuses none")
    smtp_username: str | None = Field(None, description="where the server asks for one")
    smtp_password: SecretStr | None = Field(None, description="where the server asks for one")
    smtp_sender: str | None = Field(None, description="From of our messages")
    outbox_poll_seconds: float = Field(2.0, gt=0, description="how often waiting messages are looked for")
    outbox_lease_seconds: int = Field(30, gt=0, description="a message taken by a process that died is free after")
    outbox_tries: int = Field(
        40, gt=0, description="tries to send a message that has not left: a day, for providers fail for hours"
    )
    outbox_lost_answers: int = Field(
        6,
        gt=0,
        description="tries after which a message is given up whose provider's answer was lost: it may have left",
    )

    # Repeated requests
    idempotency_seconds: int = Field(86400, gt=0, description="an Idempotency-Key and its answer are kept so long")
    idempotency_longest_run_seconds: int = Field(
        120, gt=0, description="a keyed operation without an answer counts as broken off after"
    )
    idempotency_per_address_minute: int = Field(1200, gt=0, description="keyed requests of one address and minute")

    # Help centre
    help_folder: Path | None = Field(
        None,
        description="articles that replace and add to those of the package, as <language>/<name>.md; "
        "read again without a restart",
    )
    help_folder_seconds: float = Field(10.0, gt=0, description="how often that folder is looked at")
    help_cache_seconds: int = Field(300, ge=0, description="how long anybody may keep an answer of the help centre")
    audit_seconds: float = Field(
        2.0, gt=0, description="how often new lines of the logs are chained: a line is safe from then on"
    )
    help_interest_seconds: float = Field(30.0, gt=0, description="how often counts of what is read are written")
    help_messages_per_address_hour: int = Field(
        1000, gt=0, description="messages to the robot, and words on articles, of one address and hour"
    )
    robot_characters: int = Field(100, gt=0, le=1000, description="characters of one message to the robot")
    robot_messages_per_conversation_minute: int = Field(30, gt=0, description="messages of one dialogue and minute")
    robot_conversation_seconds: int = Field(86400, gt=0, description="a dialogue without account is deleted after")
    robot_account_conversation_seconds: int = Field(
        180 * 86400, gt=0, description="a dialogue of an account is deleted after"
    )
    robot_unanswered_seconds: int = Field(
        90 * 86400, gt=0, description="a question that no article answered, masked, is kept so long after it came last"
    )
    robot_log: bool = Field(
        default=False,
        description="a log line for each answer: which article, how sure, by which words of articles",
    )
    help_requests_per_address_day: int = Field(
        200, gt=0, description="requests to people of one address and day: a dormitory is one address"
    )
    help_requests_per_account_day: int = Field(10, gt=0, description="requests to people of one account and day")
    help_request_seconds: int = Field(90 * 86400, gt=0, description="a request to people is deleted so long after it")

    # Limits
    limits_url: Annotated[SecretStr, AfterValidator(_limits_store)] = Field(
        SecretStr("async+memory://"), description="where rate limits live; async+redis://… for workers"
    )

    # Where photos lie; sealed in either
    photo_store: Literal["folder", "s3"] = Field(
        "folder", description="folder, in the data directory, or s3, a bucket that several servers share"
    )
    s3_bucket: str | None = Field(
        None, description="bucket; its objects begin with photos/, or, if people sent them, handheld/"
    )
    s3_endpoint: str | None = Field(None, description="address of the S3-compatible service, without the bucket")
    s3_region: str = Field("us-east-1", description="region, as the service names it")
    s3_key_id: str | None = Field(None, description="access key id")
    s3_key_secret: SecretStr | None = Field(None, description="secret access key")
    s3_bucket_in_host: bool = Field(
        default=False, description="https://BUCKET.endpoint and not https://endpoint/BUCKET: what OSS and COS want"
    )

    # Imports and photos
    roster_chunk_rows: int = Field(5000, gt=0, description="roster rows staged at a time")
    import_max_bytes: int = Field(
        1 << 30, gt=0, description="largest file that a school uploads: a million rows of XLSX, or 20,000 photos"
    )
    import_upload_seconds: float = Field(
        1800, gt=0, description="longest upload of a school's file; other requests end after request_seconds"
    )
    imports_per_institution_hour: int = Field(60, gt=0, description="uploads of one institution and hour")
    imports_open: int = Field(5, gt=0, description="imports of one institution that have not ended")
    import_processes: int = Field(
        1, ge=0, le=8, description="processes that each server starts to work on uploads; 0 where others do that"
    )
    import_lease_seconds: int = Field(60, gt=2, description="a process that is silent for so long has lost its import")
    import_attempts: int = Field(5, gt=0, description="processes that may break off an import before it is given up")
    import_kept_seconds: int = Field(
        7 * 86400, gt=0, description="rejected rows, and what a dry run staged, are deleted so long after the end"
    )
    import_poll_seconds: float = Field(
        1.0, gt=0, description="how often servers look for waiting imports, and streams of events for progress"
    )
    import_stream_seconds: float = Field(
        45, gt=0, description="a stream of events ends after; the client asks again. Below request_seconds"
    )
    photo_min_bytes: int = Field(20 * 1024, description="smallest archive photo")
    photo_max_bytes: int = Field(60 * 1024, description="largest archive photo")

    # Uploaded pictures
    picture_bytes: int = Field(
        1024 * 1024, gt=0, description="largest picture as it is sent, and as it is stored (the source: 1 MB)"
    )
    picture_fit_bytes: int = Field(
        8 * 1024 * 1024, gt=0, description="largest picture with ?fit=true, which reduces it: what phones make"
    )
    picture_pixels: int = Field(
        25_000_000,
        gt=0,
        description="most pixels, read before decoding: what phones make unasked; eight bytes of memory each",
    )
    picture_smallest_side: int = Field(
        300, gt=0, description="fewest pixels across: a card that fills them has digits of 13 pixels"
    )
    picture_long_side: int = Field(
        2400,
        gt=0,
        description="a picture is not reduced below so many pixels: a hand-held card's digits keep strokes of two",
    )
    picture_quality: int = Field(90, ge=50, le=95, description="JPEG quality of what does not come as JPEG")
    picture_lowest_quality: int = Field(70, ge=50, le=95, description="JPEG quality below which none is reduced")
    picture_seconds: float = Field(
        10.0, gt=0, description="longest time to compute on one picture, past which it is refused; most take a tenth"
    )
    picture_good_sharpness: float = Field(
        15.0, gt=0, description="percent of steepness from which a picture counts as sharp; a hint, never a decision"
    )
    picture_good_card: float = Field(
        0.25, gt=0, lt=1, description="share of the long side from which a card counts as large enough; a hint"
    )
    picture_processes: int = Field(
        default_factory=lambda: os.cpu_count() or 1,
        gt=0,
        description="processes that read pictures, started when needed; as many as cores",
    )
    picture_queue: int = Field(60, gt=0, description="pictures waiting to be read; past it 503")
    picture_wait_seconds: float = Field(30.0, gt=0, description="longest wait to be read; past it 503")
    picture_retry_after_seconds: int = Field(5, gt=0, description="Retry-After of that 503")

    @property
    def production(self) -> bool:
        """Whether the careful refusals apply."""
        return self.environment == "production"

    @property
    def address(self) -> str:
        """Where this machine reaches the service."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def issuer(self) -> str:
        """Who tokens say they are from."""
        return self.token_issuer or self.address

    def code_policy(self) -> CodePolicy:
        return CodePolicy(
            lifetime=self.code_seconds,
            resend=self.code_resend_seconds,
            per_destination_day=self.codes_per_destination_day,
            tries=self.code_tries,
            wrong_per_destination_day=self.wrong_codes_per_destination_day,
            per_address_day=self.codes_per_address_day,
            abroad_per_day=self.codes_abroad_per_day,
        )

    def challenge_policy(self) -> ChallengePolicy:
        return ChallengePolicy(
            lifetime=self.challenge_seconds,
            cost=self.challenge_cost,
            doubles_every=self.challenge_cost_doubles_every,
            per_address_minute=self.challenges_per_address_minute,
        )

    def registration_policy(self) -> RegistrationPolicy:
        return RegistrationPolicy(proof_lifetime=self.phone_proof_seconds, documents_per_proof=self.documents_per_proof)

    def session_policy(self) -> SessionPolicy:
        return SessionPolicy(
            access_lifetime=self.access_token_seconds,
            refresh_grace=self.refresh_grace_seconds,
            idle=self.session_idle_seconds,
            absolute=self.session_absolute_seconds,
            verified=self.verified_seconds,
        )

    def login_policy(self) -> LoginPolicy:
        return LoginPolicy(
            of_one=FailureLimits(self.login_failures_before_challenge, self.login_failures_before_wait),
            of_strangers=FailureLimits(
                self.login_strangers_failures_before_challenge, self.login_strangers_failures_before_wait
            ),
            waits=doubling_waits(self.login_first_wait_seconds, self.login_longest_wait_seconds),
            remembered=self.login_failures_remembered_seconds,
            failures_per_address_hour=self.login_failures_per_address_hour,
            per_address_minute=self.logins_per_address_minute,
            per_device_minute=self.logins_per_device_minute,
            ticket_lifetime=self.login_ticket_seconds,
            ticket_tries=self.login_ticket_tries,
            factor_tries_per_day=self.factor_tries_per_day,
            facts_per_person_day=self.verification_tries_per_person_day,
        )

    def third_party_policy(self) -> ThirdPartyPolicy:
        return ThirdPartyPolicy(
            flow_lifetime=self.third_party_seconds,
            retry_after=self.third_party_retry_after_seconds,
        )

    def factor_policy(self) -> FactorPolicy:
        return FactorPolicy(
            tries_per_day=self.factor_tries_per_day, recovery_codes=self.recovery_codes, issuer=self.totp_issuer
        )

    def passkey_policy(self) -> PasskeyPolicy:
        return PasskeyPolicy(
            rp_id=self.passkey_rp_id or _host_of(self.front_end_url),
            rp_name=self.totp_issuer,
            origins=self.passkey_origins or (_origin_of(self.front_end_url),),
            lifetime=self.passkey_seconds,
            per_account=self.passkeys_per_account,
        )

    def change_policy(self) -> ChangePolicy:
        return ChangePolicy(
            undo=self.undo_seconds,
            front_end=self.front_end_url,
            undo_per_address_minute=self.undos_per_address_minute,
            closing=self.closing_seconds,
            changes_per_day=self.changes_per_day,
            confirmations_per_minute=self.confirmations_per_minute,
            confirmation_tries=self.confirmation_tries,
            confirmation_window=self.confirmation_window_seconds,
            exports_per_day=self.exports_per_day,
        )

    def recovery_policy(self) -> RecoveryPolicy:
        return RecoveryPolicy(
            lifetime=self.recovery_seconds,
            tries=self.recovery_tries,
            objection=self.recovery_objection_seconds,
            by_questions=self.recovery_by_questions,
            per_identifier_day=self.recoveries_per_identifier_day,
            usernames_per_document_day=self.usernames_per_document_day,
            facts_per_person_day=self.verification_tries_per_person_day,
            per_address_minute=self.recoveries_per_address_minute,
            undo=self.undo_seconds,
        )

    def idempotency_policy(self) -> IdempotencyPolicy:
        return IdempotencyPolicy(
            kept=self.idempotency_seconds,
            longest_run=self.idempotency_longest_run_seconds,
            per_address_minute=self.idempotency_per_address_minute,
        )

    def verification_policy(self) -> VerificationPolicy:
        return VerificationPolicy(
            lifetime=self.verification_seconds,
            classmates=self.verification_classmates_seconds,
            tries=self.verification_tries,
            per_person_day=self.verification_tries_per_person_day,
            per_account_day=self.verification_tries_per_account_day,
            front_end=self.front_end_url,
            retry_after=self.third_party_retry_after_seconds,
        )

    def faceid_account(self) -> FaceidAccount:
        return FaceidAccount(
            self.tencent_secret_id or "",
            _secret(self.tencent_secret_key),
            self.tencent_faceid_region,
            self.tencent_faceid_rule_id or "",
        )

    def help_policy(self) -> HelpPolicy:
        return HelpPolicy(
            per_address_hour=self.help_messages_per_address_hour,
            requests_per_address_day=self.help_requests_per_address_day,
            requests_per_account_day=self.help_requests_per_account_day,
            request_kept=self.help_request_seconds,
        )

    def robot_policy(self) -> RobotPolicy:
        return RobotPolicy(
            longest=self.robot_characters,
            per_conversation_minute=self.robot_messages_per_conversation_minute,
            per_address_hour=self.help_messages_per_address_hour,
            kept=self.robot_conversation_seconds,
            kept_with_account=self.robot_account_conversation_seconds,
            unanswered_kept=self.robot_unanswered_seconds,
            log=self.robot_log,
        )

    def help_values(self) -> dict[str, int]:
        """What articles may say of settings: every whole number."""
        return {name: getattr(self, name) for name, field in type(self).model_fields.items() if field.annotation is int}

    def case_policy(self) -> CasePolicy:
        return CasePolicy(
            draft=self.case_draft_seconds,
            notice_unverified=self.case_notice_unverified_seconds,
            notice_verified=self.case_notice_verified_seconds,
            undo=self.case_undo_seconds,
            review=self.case_review_seconds,
            abandoned=self.case_abandoned_seconds,
            per_account=self.cases_per_account,
            submissions_per_document_day=self.case_submissions_per_document_day,
            submissions_per_account_day=self.case_submissions_per_account_day,
            classmates_needed=self.classmates_needed,
            classmates_asked=self.classmates_asked,
            vouchings_per_year=self.vouchings_per_year,
            objections_per_address_minute=self.objections_per_address_minute,
            front_end=self.front_end_url,
        )

    def bucket(self) -> Bucket:
        return Bucket(
            name=self.s3_bucket or "",
            endpoint=self.s3_endpoint or "",
            region=self.s3_region,
            key_id=self.s3_key_id or "",
            key_secret=_secret(self.s3_key_secret),
            in_host=self.s3_bucket_in_host,
        )

    def photo_policy(self) -> PhotoPolicy:
        return PhotoPolicy(
            per_account_day=self.photos_per_account_day,
            per_case=self.photos_per_case,
            kept=self.photos_kept_seconds,
            draft=self.photo_draft_seconds,
            result=self.photo_result_seconds,
            review=self.case_review_seconds,
        )

    def staff_policy(self) -> StaffPolicy:
        return StaffPolicy(
            invitation=self.staff_invitation_seconds,
            session=self.staff_session_seconds,
            idle=self.staff_idle_seconds,
            codes_per_day=self.staff_codes_per_day,
            disabled_per_day=self.staff_disabled_per_day,
            failure_window=self.staff_failure_window_seconds,
            assignment=self.case_assignment_seconds,
            issuer=self.totp_issuer,
            front_end=self.front_end_url,
        )

    def record_policy(self) -> RecordPolicy:
        return RecordPolicy(
            freeze=(self.freeze_month, self.freeze_day),
            school_year_begins=(self.school_year_month, self.school_year_day),
            registration_months=self.registration_months,
            transfer=self.transfer_seconds,
            earlier_photo_kept=self.earlier_photo_kept_seconds,
            earlier_photos=self.earlier_photos,
        )

    def correction_policy(self) -> CorrectionPolicy:
        return CorrectionPolicy(
            per_day=self.corrections_per_day,
            school=self.correction_school_seconds,
            province=self.correction_province_seconds,
            returned=self.correction_returned_seconds,
            returns=self.correction_returns,
        )

    def office_policy(self) -> OfficePolicy:
        return OfficePolicy(
            every=self.office_notice_seconds,
            near=self.office_deadline_seconds,
            codes_per_day=self.office_codes_per_day,
            front_end=self.front_end_url,
        )

    def claim_policy(self) -> ClaimPolicy:
        return ClaimPolicy(
            per_day=self.claims_per_day,
            equal_fields=self.claim_equal_fields,
            draft=self.claim_draft_seconds,
            school=self.claim_school_seconds,
            province=self.claim_province_seconds,
            notice=self.claim_notice_seconds,
            undo=self.claim_undo_seconds,
        )

    def record_list_policy(self) -> RecordListPolicy:
        return RecordListPolicy(
            seen_by_page=self.search_records,
            export_rows=self.record_export_rows,
            exports_per_day=self.record_exports_per_day,
        )

    def proof_policy(self) -> ProofPolicy:
        return ProofPolicy(confirmation=self.photo_proof_seconds, per_day=self.record_proofs_per_day)

    def import_policy(self) -> ImportPolicy:
        return ImportPolicy(
            per_institution_hour=self.imports_per_institution_hour,
            most_open=self.imports_open,
            chunk_rows=self.roster_chunk_rows,
            lease=self.import_lease_seconds,
            most_attempts=self.import_attempts,
            kept=self.import_kept_seconds,
            poll=self.import_poll_seconds,
            stream=self.import_stream_seconds,
        )

    def outbox_policy(self) -> OutboxPolicy:
        return OutboxPolicy(
            poll=self.outbox_poll_seconds,
            lease=self.outbox_lease_seconds,
            tries=self.outbox_tries,
            lost_answers=self.outbox_lost_answers,
            per_day={"sms": self.sms_per_day, "email": self.emails_per_day},
        )

    def aliyun_account(self) -> AliyunAccount:
        return AliyunAccount(
            self.aliyun_key_id or "",
            _secret(self.aliyun_key_secret),
            self.aliyun_sign_name or "",
            self.aliyun_templates,
        )

    def tencent_account(self) -> TencentAccount:
        return TencentAccount(
            self.tencent_secret_id or "",
            _secret(self.tencent_secret_key),
            self.tencent_app_id or "",
            self.tencent_sign_name or "",
            self.tencent_region,
            self.tencent_templates,
        )

    def alipay_app(self) -> AlipayApp:
        """SettingsError for a key that is none."""
        try:
            private = read_private_key(_secret(self.alipay_private_key))
            public = read_public_key(self.alipay_public_key or "")
        except ValueError as unreadable:
            raise SettingsError(f"XUEXIN_ALIPAY_PRIVATE_KEY or XUEXIN_ALIPAY_PUBLIC_KEY: {unreadable}") from None
        return AlipayApp(self.alipay_app_id or "", private, public)

    def wechat_app(self) -> WechatApp:
        return WechatApp(self.wechat_app_id or "", _secret(self.wechat_app_secret))

    def weibo_app(self) -> WeiboApp:
        return WeiboApp(self.weibo_app_key or "", _secret(self.weibo_app_secret))

    def smtp_server(self) -> SmtpServer:
        return SmtpServer(
            self.smtp_host or "",
            self.smtp_port,
            self.smtp_protection,
            self.smtp_username,
            None if self.smtp_password is None else self.smtp_password.get_secret_value(),
            self.smtp_sender or "",
        )

    def hashing_policy(self) -> HashingPolicy:
        return HashingPolicy(
            memory_kib=self.argon2_memory_kib,
            passes=self.argon2_passes,
            threads=self.hashing_threads,
            queue=self.hashing_queue,
            longest_wait_seconds=self.hashing_wait_seconds,
            retry_after_seconds=self.hashing_retry_after_seconds,
        )

    def picture_policy(self) -> PicturePolicy:
        return PicturePolicy(
            largest_bytes=self.picture_bytes,
            fit_bytes=self.picture_fit_bytes,
            most_pixels=self.picture_pixels,
            smallest_side=self.picture_smallest_side,
            long_side=self.picture_long_side,
            best_quality=self.picture_quality,
            lowest_quality=self.picture_lowest_quality,
            longest_seconds=self.picture_seconds,
            good_sharpness=self.picture_good_sharpness,
            good_card=self.picture_good_card,
        )

    def picture_bounds(self) -> PoolBounds:
        return PoolBounds(
            threads=self.picture_processes,
            queue=self.picture_queue,
            longest_wait_seconds=self.picture_wait_seconds,
            retry_after_seconds=self.picture_retry_after_seconds,
        )

    def token_policy(self) -> TokenPolicy:
        return TokenPolicy(
            issuer=self.issuer,
            audience=self.token_audience,
            client_id=self.token_client_id,
            lifetime_seconds=self.access_token_seconds,
        )

    def staff_token_policy(self) -> TokenPolicy:
        """Another type and another audience: neither kind of token is ever taken for the other."""
        return TokenPolicy(
            issuer=self.issuer,
            audience=self.staff_audience,
            client_id=self.staff_audience,
            lifetime_seconds=self.staff_session_seconds,
            type="staff+jwt",
            scopes=("staff", "staff"),
        )

    def refuse_unfit(self) -> None:
        """SettingsError, naming everything that production needs and does not have."""
        asked = () if self.identity_providers_offline else self.identity_providers
        chosen = (*self.sms_gateway, self.email_gateway, self.photo_store, *self.login_providers, *asked)
        unset = [
            f"XUEXIN_{name.upper()}"
            for gateway in chosen
            for name in _NEEDED.get(gateway, ())
            if not getattr(self, name)
        ]
        if unset:
            raise SettingsError(f"the chosen gateways, providers and stores need {', '.join(unset)}")
        if {"alipay", "alipay_certify"} & {*self.login_providers, *asked}:
            self.alipay_app()
        if self.workers > 1 and self.limits_url.get_secret_value().startswith("async+memory") and self.production:
            raise SettingsError("several workers need shared limits: set XUEXIN_LIMITS_URL=async+redis://…")
        self._refuse_short_lease()
        if not self.production:
            self._refuse_strange_origins()
            return
        missing = [
            f"XUEXIN_{name.upper()}"
            for name in ("database_url", "secret_key", "lookup_key", "sealing_keys", "token_keys")
            if getattr(self, name) is None
        ]
        if missing:
            raise SettingsError(f"production needs its own {', '.join(missing)} (see `xuexin keys generate`)")
        self._refuse_careless_gateways()
        if not self.front_end_url.startswith("https://"):
            raise SettingsError("production sends secrets in links: set XUEXIN_FRONT_END_URL to an https address")
        if not (self.token_issuer or "").startswith("https://"):
            raise SettingsError("production signs tokens in its own name: set XUEXIN_TOKEN_ISSUER to its https address")
        self._refuse_strange_origins()

    def _refuse_careless_gateways(self) -> None:
        """Messages of production leave, with approved texts, and through TLS."""
        console = [name for name in ("sms_gateway", "email_gateway") if "console" in getattr(self, name)]
        if console:
            names = ", ".join(f"XUEXIN_{name.upper()}" for name in console)
            raise SettingsError(f"production does not send messages to a console: set {names}")
        for gateway in self.sms_gateway:
            templates: dict[str, str] = getattr(self, f"{gateway}_templates")
            words = [word for word in sorted(catalogue()) if word.startswith("body_") and word not in templates]
            if words:
                raise SettingsError(f"XUEXIN_{gateway.upper()}_TEMPLATES has no template for {', '.join(words)}")
        self._refuse_open_ways()

    def _refuse_open_ways(self) -> None:
        """SettingsError where secrets would travel without TLS."""
        open_ways = [name for name in ("aliyun_url", "tencent_url") if not getattr(self, name).startswith("https://")]
        if open_ways or self.smtp_protection == "none":
            raise SettingsError("production speaks to message gateways through TLS only")
        if self.identity_providers_offline:
            raise SettingsError("production asks identity providers: unset XUEXIN_IDENTITY_PROVIDERS_OFFLINE")
        unsafe = [
            f"XUEXIN_{name.upper()}"
            for provider in self.login_providers
            for name in (f"{provider}_url", f"{provider}_authorize_url")
            if not getattr(self, name, "https://").startswith("https://")
        ]
        urls = {"alipay_certify": "alipay_url", "tencent_faceid": "tencent_faceid_url"}
        asked = [urls[provider] for provider in self.identity_providers]
        unsafe += [f"XUEXIN_{name.upper()}" for name in asked if not getattr(self, name).startswith("https://")]
        if self.photo_store == "s3" and not (self.s3_endpoint or "").startswith("https://"):
            raise SettingsError("production keeps photos behind TLS only: XUEXIN_S3_ENDPOINT")
        if unsafe:
            raise SettingsError(
                f"production speaks to login and identity providers through TLS only: {', '.join(unsafe)}"
            )

    def _refuse_short_lease(self) -> None:
        """A message is asked of each gateway in turn, and marked; meanwhile nobody else may send it."""
        longest = 2 * self.gateway_seconds * len(self.sms_gateway)
        if self.outbox_lease_seconds <= longest:
            raise SettingsError(
                f"XUEXIN_OUTBOX_LEASE_SECONDS must be over {longest:g}, for that long gateways may take"
            )

    def _refuse_strange_origins(self) -> None:
        """Browsers give a passkey to pages of its own domain and of those under it."""
        policy = self.passkey_policy()
        for origin in policy.origins:
            if origin.startswith(_APP):
                continue
            host = _host_of(origin)
            if origin != _origin_of(origin) or (host != policy.rp_id and not host.endswith(f".{policy.rp_id}")):
                raise SettingsError(
                    f"XUEXIN_PASSKEY_ORIGINS: {origin} is no origin (scheme://host[:port]) of {policy.rp_id}"
                )
            if self.production and (not origin.startswith("https://") or not _is_domain(policy.rp_id)):
                raise SettingsError(f"production gives passkeys to https origins of a domain, and not to {origin}")


def _origin_of(url: str) -> str:
    """As browsers write it: lower case, and no port that goes without saying; "null" where there is none."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "null"
    host = _host_of(url)
    shown = f"[{host}]" if ":" in host else host
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    return f"{parts.scheme}://{shown}" + ("" if port in {None, usual} else f":{port}")


def _host_of(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _is_domain(name: str) -> bool:
    """A name with a dot that is no address."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return "." in name
    return False


def read_settings() -> Settings:
    """The settings of the environment; SettingsError with each that is no value of its kind, and never the value."""
    try:
        return Settings()
    except ValidationError as invalid:
        wrong = [f"XUEXIN_{str(error['loc'][0]).upper()}: {error['msg']}" for error in invalid.errors()]
        raise SettingsError("; ".join(wrong)) from None
    except EnvironmentSettingsError as invalid:
        raise SettingsError(str(invalid)) from None


def _secret(value: SecretStr | None) -> str:
    return "" if value is None else value.get_secret_value()


def decode_key(text: str, name: str) -> bytes:
    """32 bytes from base64, or SettingsError."""
    try:
        key = base64.b64decode(text, validate=True)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise SettingsError(f"{name} must be base64 of {KEY_BYTES} bytes")
    return key
