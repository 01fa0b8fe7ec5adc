"""The parts of the service, made from its settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock
from xuexin_api.core.entropy import Entropy
from xuexin_api.core.help.values import RULES
from xuexin_api.core.passkeys import PasskeyChallenges
from xuexin_api.core.refresh_tokens import RefreshTokens
from xuexin_api.core.sealing import KeyedHash, Sealer, derive_key
from xuexin_api.core.tokens import TokenMint
from xuexin_api.dependencies.wiring import Wiring
from xuexin_api.gateways.alipay_certify import AlipayCertify
from xuexin_api.gateways.alipay_login import AlipayLogin
from xuexin_api.gateways.aliyun_sms import AliyunSmsGateway
from xuexin_api.gateways.identity_providers import IdentityProvider, OfflineIdentityProvider
from xuexin_api.gateways.import_files import ImportFiles
from xuexin_api.gateways.import_process import ImportProcess
from xuexin_api.gateways.messaging import ConsoleGateway, GatewayChain, MessageGateway
from xuexin_api.gateways.password_hashing import PasswordHashing
from xuexin_api.gateways.photo_store import PhotoStore, in_bucket, in_folder
from xuexin_api.gateways.picture_intake import PictureIntake
from xuexin_api.gateways.smtp_email import SmtpEmailGateway
from xuexin_api.gateways.tencent_faceid import TencentFaceid
from xuexin_api.gateways.tencent_sms import TencentSmsGateway
from xuexin_api.gateways.third_party import OfflineThirdParty, ThirdParty
from xuexin_api.gateways.throttle import Throttle
from xuexin_api.gateways.upload_slots import UploadSlots
from xuexin_api.gateways.wechat_login import WechatLogin
from xuexin_api.gateways.weibo_login import WeiboLogin
from xuexin_api.keys import Keys
from xuexin_api.repositories.accounts.accounts import AccountReads, AccountRepository
from xuexin_api.repositories.accounts.holdings import HoldingRepository
from xuexin_api.repositories.archive.archive import ArchiveReads
from xuexin_api.repositories.archive.claim_notices import ClaimNoticeRepository
from xuexin_api.repositories.archive.claims import ClaimRepository
from xuexin_api.repositories.archive.corrections import CorrectionRepository
from xuexin_api.repositories.archive.earlier_photos import EarlierPhotoRepository
from xuexin_api.repositories.archive.import_jobs import ImportJobRepository
from xuexin_api.repositories.archive.staged_photos import StagedPhotoRepository
from xuexin_api.repositories.audit_trails import AuditTrailRepository
from xuexin_api.repositories.database import Database
from xuexin_api.repositories.expiry import ExpiryRepository
from xuexin_api.repositories.identity.cases import CaseRepository
from xuexin_api.repositories.identity.persons import PersonRepository
from xuexin_api.repositories.identity.verification_methods import MethodReads
from xuexin_api.repositories.identity.vouchings import VouchingRepository
from xuexin_api.repositories.login.sessions import SessionRepository
from xuexin_api.repositories.messages import AuditRepository, OutboxRepository
from xuexin_api.repositories.recoveries import RecoveryRepository
from xuexin_api.repositories.sent_photos import PhotoRepository
from xuexin_api.repositories.staff.office_contacts import OfficeContactRepository
from xuexin_api.repositories.staff.office_work import OfficeWorkRepository
from xuexin_api.services.accounts.account_erasure import AccountErasure
from xuexin_api.services.archive.claim_deadlines import ClaimDeadlines
from xuexin_api.services.archive.claim_holders import ClaimHolders
from xuexin_api.services.archive.claim_log import CLAIM_LOG, ClaimLog
from xuexin_api.services.archive.correction_deadlines import CorrectionDeadlines
from xuexin_api.services.archive.correction_log import CORRECTION_LOG, CorrectionLog
from xuexin_api.services.archive.import_cleaning import ImportCleaning
from xuexin_api.services.archive.import_dispatch import ImportDispatcher
from xuexin_api.services.archive.open_requests import OpenRequests
from xuexin_api.services.archive.staged_photo_erasure import StagedPhotoErasure
from xuexin_api.services.assurance import VerificationRule
from xuexin_api.services.audit.sealing import AuditSealer
from xuexin_api.services.challenges import ChallengeService
from xuexin_api.services.help.interest import HelpInterest
from xuexin_api.services.help.library import HelpLibrary
from xuexin_api.services.housekeeping import HousekeepingService
from xuexin_api.services.identity.asked_phone_erasure import AskedPhoneErasure
from xuexin_api.services.identity.case_deadlines import CaseDeadlines
from xuexin_api.services.identity.case_log import CASE_LOG, CaseLog
from xuexin_api.services.identity.case_progress import CaseProgress
from xuexin_api.services.lookups import Lookups
from xuexin_api.services.messaging.notices import NoticeLetters, Notices
from xuexin_api.services.messaging.outbox import Envelopes, OutboxDispatcher, Postbox
from xuexin_api.services.photos.photo_erasure import PhotoErasure
from xuexin_api.services.sessions.session_opening import DeviceTokens
from xuexin_api.services.staff.office_notices import OfficeNotices
from xuexin_api.settings import Settings

_SENT_PHOTOS: Final = "handheld"
"""Named after the first kind that was sent: what lies there, copies of it and rules of buckets know it so."""


def wire(settings: Settings, *, keys: Keys, database: Database, clock: Clock, entropy: Entropy) -> Wiring:
    """Everything that lives as long as the application."""
    sealer = Sealer(keys.sealing, entropy)
    throttle = Throttle(settings.limits_url.get_secret_value())
    lookups = Lookups(KeyedHash(keys.lookup))
    cleaning, chaining = database.session(), database.session()
    photos = _photo_store(settings, "photos", sealer)
    sent_photos = _photo_store(settings, _SENT_PHOTOS, sealer)
    identity_providers = _identity_providers(settings, clock)
    import_files = ImportFiles(settings.data_dir / "imports", sealer)
    return Wiring(
        settings=settings,
        clock=clock,
        entropy=entropy,
        database=database,
        sealer=sealer,
        lookups=lookups,
        codes_hash=KeyedHash(derive_key(keys.secret, "one-time codes")),
        mint=TokenMint(keys.token, settings.token_policy(), clock, entropy),
        staff_mint=TokenMint(keys.token, settings.staff_token_policy(), clock, entropy),
        refresh_tokens=RefreshTokens(derive_key(keys.secret, "refresh tokens")),
        passkey_challenges=PasskeyChallenges(KeyedHash(derive_key(keys.secret, "passkey challenges")), entropy),
        passkey_policy=settings.passkey_policy(),
        login_policy=settings.login_policy(),
        session_policy=settings.session_policy(),
        verification_rule=VerificationRule(
            settings.verified_seconds, frozenset(identity_providers), MethodReads(database)
        ),
        devices=DeviceTokens(KeyedHash(derive_key(keys.secret, "device tokens")), entropy),
        hashing=PasswordHashing(settings.hashing_policy()),
        throttle=throttle,
        challenges=ChallengeService(
            secret=derive_key(keys.secret, "challenges").hex(),
            policy=settings.challenge_policy(),
            throttle=throttle,
            clock=clock,
        ),
        dispatcher=OutboxDispatcher(
            new_session=database.session,
            gateways={"sms": _sms_gateway(settings, clock, entropy), "email": _email_gateway(settings, clock)},
            sealer=sealer,
            policy=settings.outbox_policy(),
            clock=clock,
        ),
        housekeeping=HousekeepingService(
            session=cleaning,
            expiry=ExpiryRepository(cleaning),
            accounts=AccountErasure(
                session=cleaning,
                holdings=HoldingRepository(cleaning),
                policy=settings.case_policy(),
                clock=clock,
            ),
            deadlines=_case_deadlines(cleaning, settings, sealer, lookups, clock, entropy),
            claims=_claim_deadlines(cleaning, settings, sealer, lookups, clock, entropy),
            corrections=_correction_deadlines(cleaning, settings, sealer, lookups, clock, entropy),
            offices=_office_notices(cleaning, settings, sealer, lookups, clock, entropy),
            phones=AskedPhoneErasure(
                session=cleaning,
                vouchings=VouchingRepository(cleaning),
                sealer=sealer,
                policy=settings.photo_policy(),
                clock=clock,
            ),
            photos=PhotoErasure(
                session=cleaning,
                photos=PhotoRepository(cleaning),
                store=sent_photos,
                policy=settings.photo_policy(),
                clock=clock,
            ),
            imports=ImportCleaning(
                session=cleaning,
                jobs=ImportJobRepository(cleaning),
                files=import_files,
                photos=StagedPhotoErasure(
                    session=cleaning,
                    staged=StagedPhotoRepository(cleaning),
                    earlier=EarlierPhotoRepository(cleaning),
                    store=photos,
                    clock=clock,
                ),
                clock=clock,
            ),
            policy=settings.session_policy(),
            clock=clock,
        ),
        login_providers=_login_providers(settings, clock),
        identity_providers=identity_providers,
        photos=photos,
        pictures=PictureIntake(settings.picture_policy(), settings.picture_bounds()),
        sent_photos=sent_photos,
        upload_slots=UploadSlots(settings.photo_bytes_at_once, settings.picture_bounds()),
        help_library=HelpLibrary(
            folder=settings.help_folder,
            values={**RULES, **settings.help_values()},
            every_seconds=settings.help_folder_seconds,
        ),
        help_interest=HelpInterest(
            new_session=database.session, clock=clock, every_seconds=settings.help_interest_seconds
        ),
        audit=AuditSealer(
            session=chaining,
            trails=AuditTrailRepository(chaining),
            keyed=KeyedHash(derive_key(keys.secret, "audit chain")),
            every_seconds=settings.audit_seconds,
            clock=clock,
        ),
        account_reads=AccountReads(database),
        archive_reads=ArchiveReads(database),
        import_files=import_files,
        import_dispatcher=ImportDispatcher(
            new_session=database.session,
            work=ImportProcess(database.url).run,
            processes=settings.import_processes,
            every_seconds=settings.import_poll_seconds,
            clock=clock,
        ),
    )


def _photo_store(settings: Settings, name: str, sealer: Sealer) -> PhotoStore:
    """Of one kind of photos, in the folder or bucket that was chosen for all."""
    if settings.photo_store == "folder":
        return PhotoStore(in_folder(settings.data_dir / name), sealer)
    return PhotoStore(in_bucket(settings.bucket(), name, seconds=settings.gateway_seconds), sealer)


def _case_deadlines(
    session: AsyncSession, settings: Settings, sealer: Sealer, lookups: Lookups, clock: Clock, entropy: Entropy
) -> CaseDeadlines:
    """What becomes of cases by the clock, with the session that cleans."""
    cases, policy = CaseRepository(session), settings.case_policy()
    log = CaseLog(kind=CASE_LOG, add_event=cases.add_event, **_of_steps(session, sealer, lookups, entropy))
    progress = CaseProgress(
        cases=cases,
        photos=PhotoRepository(session),
        accounts=AccountRepository(session),
        persons=PersonRepository(session),
        sessions=SessionRepository(session),
        recoveries=RecoveryRepository(session),
        requests=_open_requests(session, settings, sealer, lookups, entropy),
        log=log,
        lookups=lookups,
        policy=policy,
        entropy=entropy,
    )
    return CaseDeadlines(session=session, cases=cases, progress=progress, log=log, clock=clock)


def _open_requests(
    session: AsyncSession, settings: Settings, sealer: Sealer, lookups: Lookups, entropy: Entropy
) -> OpenRequests:
    """What the undoing of a grant ends."""
    steps = _of_steps(session, sealer, lookups, entropy)
    claims, corrections = ClaimRepository(session), CorrectionRepository(session)
    claim_log = ClaimLog(kind=CLAIM_LOG, add_event=claims.add_event, **steps)
    notices, policy = ClaimNoticeRepository(session), settings.claim_policy()
    return OpenRequests(
        corrections=corrections,
        correction_log=CorrectionLog(kind=CORRECTION_LOG, add_event=corrections.add_event, **steps),
        claims=claims,
        claim_log=claim_log,
        holders=ClaimHolders(claims=claims, notices=notices, log=claim_log, sealer=sealer, policy=policy),
    )


def _claim_deadlines(
    session: AsyncSession, settings: Settings, sealer: Sealer, lookups: Lookups, clock: Clock, entropy: Entropy
) -> ClaimDeadlines:
    """What becomes of claims by the clock, with the session that cleans."""
    claims = ClaimRepository(session)
    log = ClaimLog(kind=CLAIM_LOG, add_event=claims.add_event, **_of_steps(session, sealer, lookups, entropy))
    policy = settings.claim_policy()
    holders = ClaimHolders(claims=claims, notices=ClaimNoticeRepository(session), log=log, sealer=sealer, policy=policy)
    return ClaimDeadlines(session=session, claims=claims, holders=holders, log=log, policy=policy, clock=clock)


def _correction_deadlines(
    session: AsyncSession, settings: Settings, sealer: Sealer, lookups: Lookups, clock: Clock, entropy: Entropy
) -> CorrectionDeadlines:
    """What becomes of corrections by the clock, with the session that cleans."""
    corrections = CorrectionRepository(session)
    log = CorrectionLog(
        kind=CORRECTION_LOG, add_event=corrections.add_event, **_of_steps(session, sealer, lookups, entropy)
    )
    return CorrectionDeadlines(
        session=session, corrections=corrections, log=log, policy=settings.correction_policy(), clock=clock
    )


def _office_notices(
    session: AsyncSession, settings: Settings, sealer: Sealer, lookups: Lookups, clock: Clock, entropy: Entropy
) -> OfficeNotices:
    """What offices are told, with the session that cleans."""
    return OfficeNotices(
        session=session,
        contacts=OfficeContactRepository(session),
        work=OfficeWorkRepository(session),
        postbox=Postbox(OutboxRepository(session), Envelopes(sealer, entropy)),
        sealer=sealer,
        lookups=lookups,
        policy=settings.office_policy(),
        clock=clock,
    )


def _of_steps(session: AsyncSession, sealer: Sealer, lookups: Lookups, entropy: Entropy) -> dict[str, Any]:
    """What every log of steps needs."""
    envelopes = Envelopes(sealer, entropy)
    return {
        "accounts": AccountRepository(session),
        "audit": AuditRepository(session),
        "notices": Notices(Postbox(OutboxRepository(session), envelopes), NoticeLetters(envelopes, sealer, lookups)),
        "entropy": entropy,
    }


def _sms_gateway(settings: Settings, clock: Clock, entropy: Entropy) -> MessageGateway:
    """The one that is chosen, or the chain of several."""
    made: list[MessageGateway] = []
    for name in settings.sms_gateway:
        if name == "aliyun":
            account = settings.aliyun_account()
            made.append(
                AliyunSmsGateway(
                    account,
                    url=settings.aliyun_url,
                    seconds=settings.gateway_seconds,
                    clock=clock,
                    entropy=entropy,
                )
            )
        elif name == "tencent":
            made.append(
                TencentSmsGateway(
                    settings.tencent_account(),
                    url=settings.tencent_url,
                    seconds=settings.gateway_seconds,
                    clock=clock,
                )
            )
        else:
            return ConsoleGateway()
    return GatewayChain(made, clock)


def _email_gateway(settings: Settings, clock: Clock) -> MessageGateway:
    if settings.email_gateway == "console":
        return ConsoleGateway()
    return SmtpEmailGateway(settings.smtp_server(), seconds=settings.gateway_seconds, clock=clock)


def _identity_providers(settings: Settings, clock: Clock) -> Mapping[str, IdentityProvider]:
    """Those that are chosen; in a demo, where it is asked for, the offline twin of each."""
    made: dict[str, IdentityProvider] = {}
    for name in settings.identity_providers:
        if settings.identity_providers_offline:
            made[name] = OfflineIdentityProvider()
        elif name == "alipay_certify":
            made[name] = AlipayCertify(
                settings.alipay_app(),
                url=settings.alipay_url,
                scene=settings.alipay_certify_scene,
                seconds=settings.gateway_seconds,
                clock=clock,
            )
        else:
            made[name] = TencentFaceid(
                settings.faceid_account(),
                url=settings.tencent_faceid_url,
                seconds=settings.gateway_seconds,
                clock=clock,
            )
    return made


def _login_providers(settings: Settings, clock: Clock) -> Mapping[str, ThirdParty]:
    """Those that are chosen; in a demo where none is, the offline twin of each."""
    back = {name: f"{settings.front_end_url}/third-party/{name}" for name in ("alipay", "wechat", "weibo")}
    made: dict[str, ThirdParty] = {}
    for name in settings.login_providers:
        if name == "alipay":
            made[name] = AlipayLogin(
                settings.alipay_app(),
                url=settings.alipay_url,
                authorize_url=settings.alipay_authorize_url,
                redirect_uri=back[name],
                seconds=settings.gateway_seconds,
                clock=clock,
            )
        elif name == "wechat":
            made[name] = WechatLogin(
                settings.wechat_app(),
                url=settings.wechat_url,
                authorize_url=settings.wechat_authorize_url,
                redirect_uri=back[name],
                seconds=settings.gateway_seconds,
            )
        else:
            made[name] = WeiboLogin(
                settings.weibo_app(), url=settings.weibo_url, redirect_uri=back[name], seconds=settings.gateway_seconds
            )
    if made or settings.production:
        return made
    return {
        name: OfflineThirdParty(uri, code_parameter="auth_code" if name == "alipay" else "code")
        for name, uri in back.items()
    }
