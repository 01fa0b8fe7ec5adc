"""From a request to the service that answers it: session → repositories → service, and who is asking."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.clock import Clock
from xuexin_api.core.entropy import Entropy
from xuexin_api.core.errors import NotForThisAddressError, TokenInvalidError, TokenMissingError
from xuexin_api.core.messages import Language
from xuexin_api.core.passkeys import PasskeyChallenges
from xuexin_api.core.platforms import Platform, platform_of
from xuexin_api.core.policies import PasskeyPolicy
from xuexin_api.core.refresh_tokens import RefreshTokens
from xuexin_api.core.sealing import KeyedHash, Sealer
from xuexin_api.core.tokens import Claims, TokenMint, TokenRejectedError
from xuexin_api.gateways.identity_providers import IdentityProvider
from xuexin_api.gateways.password_hashing import PasswordHashing
from xuexin_api.gateways.photo_store import PhotoStore
from xuexin_api.gateways.third_party import ThirdParty
from xuexin_api.gateways.throttle import Throttle
from xuexin_api.problems import language_of
from xuexin_api.repositories.accounts import AccountReads, AccountRepository
from xuexin_api.repositories.archive import ArchiveReads, RecordRepository
from xuexin_api.repositories.cases import CaseRepository
from xuexin_api.repositories.changes import ChangeRepository
from xuexin_api.repositories.codes import CodeRepository
from xuexin_api.repositories.counters import CounterRepository
from xuexin_api.repositories.database import Database
from xuexin_api.repositories.factors import FactorRepository
from xuexin_api.repositories.help_centre import HelpCountRepository
from xuexin_api.repositories.help_requests import HelpRequestRepository
from xuexin_api.repositories.help_robot import ConversationRepository, UnansweredRepository
from xuexin_api.repositories.holdings import HoldingRepository
from xuexin_api.repositories.idempotency import IdempotencyRepository
from xuexin_api.repositories.identity import VerificationRepository
from xuexin_api.repositories.logins import LoginRepository
from xuexin_api.repositories.messages import AuditRepository, OutboxRepository
from xuexin_api.repositories.passkeys import PasskeyRepository
from xuexin_api.repositories.persons import PersonRepository
from xuexin_api.repositories.readiness import ReadinessRepository
from xuexin_api.repositories.recoveries import RecoveryRepository
from xuexin_api.repositories.review_desk import ReviewDeskRepository
from xuexin_api.repositories.sessions import SessionRepository
from xuexin_api.repositories.staff import StaffRepository
from xuexin_api.repositories.third_party import ThirdPartyRepository
from xuexin_api.repositories.vouchings import VouchingRepository
from xuexin_api.services.accounts.account import AccountService
from xuexin_api.services.accounts.account_changes import AccountChangeService
from xuexin_api.services.accounts.account_closing import AccountClosingService
from xuexin_api.services.accounts.account_export import AccountExportService
from xuexin_api.services.accounts.change_log import ChangeLog
from xuexin_api.services.accounts.change_undoing import ChangeUndoingService
from xuexin_api.services.accounts.confirmations import Confirmations
from xuexin_api.services.accounts.consents import ConsentService
from xuexin_api.services.archive.archive import ArchiveService
from xuexin_api.services.callers import Callers
from xuexin_api.services.challenges import ChallengeService
from xuexin_api.services.codes.code_checking import CodeChecking
from xuexin_api.services.codes.phone_binding import PhoneBinding
from xuexin_api.services.codes.phone_proofs import PhoneProofService
from xuexin_api.services.codes.verification_codes import VerificationCodeService
from xuexin_api.services.help.centre import HelpCentreService
from xuexin_api.services.help.dialogues import DialogueService
from xuexin_api.services.help.interest import HelpInterest
from xuexin_api.services.help.library import HelpLibrary
from xuexin_api.services.help.requests import HelpRequestService
from xuexin_api.services.help.robot import RobotService
from xuexin_api.services.housekeeping import HousekeepingService
from xuexin_api.services.idempotency import IdempotencyService
from xuexin_api.services.identity.case_log import CaseLog
from xuexin_api.services.identity.case_opening import CaseOpening
from xuexin_api.services.identity.case_progress import CaseProgress
from xuexin_api.services.identity.case_view import CaseViews
from xuexin_api.services.identity.identity_cases import IdentityCaseService
from xuexin_api.services.identity.identity_verification import IdentityVerificationService
from xuexin_api.services.identity.provider_asking import ProviderAsking
from xuexin_api.services.identity.verification_results import VerificationResultService
from xuexin_api.services.identity.vouching import VouchingService
from xuexin_api.services.identity.vouching_codes import VouchingCodes
from xuexin_api.services.login.factor_changes import FactorChanges, FactorConfirmations
from xuexin_api.services.login.factors import FactorService
from xuexin_api.services.login.further_factors import FurtherFactors
from xuexin_api.services.login.linked_identities import LinkedIdentityService
from xuexin_api.services.login.login import LoginService
from xuexin_api.services.login.login_limits import LoginLimits
from xuexin_api.services.login.passkey_checking import PasskeyChecking
from xuexin_api.services.login.passkeys import PasskeyService
from xuexin_api.services.login.second_factors import SecondFactors
from xuexin_api.services.login.third_party import ThirdParties
from xuexin_api.services.login.third_party_login import ThirdPartyLoginService
from xuexin_api.services.lookups import Lookups
from xuexin_api.services.messaging.notices import Notices
from xuexin_api.services.messaging.outbox import OutboxDispatcher, Postbox
from xuexin_api.services.readiness import ReadinessService
from xuexin_api.services.recovery.password_recovery import PasswordRecoveryService
from xuexin_api.services.recovery.username_recovery import UsernameRecoveryService
from xuexin_api.services.registration.registration import RegistrationService
from xuexin_api.services.sessions.session_opening import DeviceTokens, SessionOpening
from xuexin_api.services.sessions.sessions import SessionService
from xuexin_api.services.staff.review_desk import ReviewDeskService
from xuexin_api.services.staff.staff_callers import StaffCallers
from xuexin_api.services.staff.staff_sessions import StaffSessionService
from xuexin_api.settings import Settings


@dataclass(frozen=True, slots=True)
class Wiring:
    """What lives as long as the application; made once by app.py."""

    settings: Settings
    clock: Clock
    entropy: Entropy
    database: Database
    sealer: Sealer
    lookups: Lookups
    codes_hash: KeyedHash
    mint: TokenMint
    staff_mint: TokenMint
    refresh_tokens: RefreshTokens
    passkey_challenges: PasskeyChallenges
    passkey_policy: PasskeyPolicy
    devices: DeviceTokens
    hashing: PasswordHashing
    throttle: Throttle
    challenges: ChallengeService
    dispatcher: OutboxDispatcher
    housekeeping: HousekeepingService
    login_providers: Mapping[str, ThirdParty]
    photos: PhotoStore
    help_library: HelpLibrary
    help_interest: HelpInterest
    account_reads: AccountReads
    archive_reads: ArchiveReads
    identity_providers: Mapping[str, IdentityProvider]


def wiring(request: Request) -> Wiring:
    """The application's long-lived parts."""
    parts: Wiring = request.app.state.wiring
    return parts


def read_claims(request: Request) -> Claims:
    """What the access token says. Whether its session lives is asked by the service, with the data."""
    return _claims_by(wiring(request).mint, request)


def _claims_by(mint: TokenMint, request: Request) -> Claims:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise TokenMissingError
    try:
        return mint.read(token.strip())
    except TokenRejectedError:
        raise TokenInvalidError from None


async def claims_of_caller(request: Request) -> Claims:
    """`read_claims`, for endpoints that hand the caller on."""
    return read_claims(request)


def claims_if_any(request: Request) -> Claims | None:
    """What a good access token says, where one was sent."""
    return _claims_if_any(wiring(request).mint, request)


def staff_claims_if_any(request: Request) -> Claims | None:
    """What a good staff token says, where one was sent."""
    return _claims_if_any(wiring(request).staff_mint, request)


def _claims_if_any(mint: TokenMint, request: Request) -> Claims | None:
    try:
        return _claims_by(mint, request)
    except (TokenMissingError, TokenInvalidError):
        return None


async def claims_of_staff(request: Request) -> Claims:
    """What a staff token says; a student's is none."""
    return _claims_by(wiring(request).staff_mint, request)


CallerClaims = Annotated[Claims, Depends(claims_of_caller)]
StaffClaims = Annotated[Claims, Depends(claims_of_staff)]


async def claims_where_sent(request: Request) -> Claims | None:
    """Who is asking, where a token came along: a bad one is refused, and not taken for nobody's."""
    return read_claims(request) if "authorization" in request.headers else None


SentClaims = Annotated[Claims | None, Depends(claims_where_sent)]


async def wants_events(request: Request) -> bool:
    """Whether the answer should be a stream of server-sent events."""
    return "text/event-stream" in request.headers.get("accept", "")


WantsEvents = Annotated[bool, Depends(wants_events)]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a request comes from: the address, the network that limits count by, and what system it says it is."""

    address: str
    network: str
    platform: Platform


async def source_of_request(request: Request) -> Source:
    """As the edge found it."""
    platform = platform_of(request.headers.get("user-agent", ""))
    return Source(request.state.client_address, request.state.client_network, platform)


RequestSource = Annotated[Source, Depends(source_of_request)]


async def refuse_unless_operator(request: Request) -> None:
    """NotForThisAddressError for addresses that do not watch the service."""
    try:
        address = ipaddress.ip_address(request.state.client_address)
    except ValueError:
        raise NotForThisAddressError from None
    if not any(address in network for network in wiring(request).settings.metrics_networks):
        raise NotForThisAddressError


async def language_of_request(request: Request) -> Language:
    """The language of the answer's words, noted for the edge, which names it in the answer."""
    language = language_of(request)
    request.state.language = language
    return language


RequestLanguage = Annotated[Language, Depends(language_of_request)]


async def known_tags(request: Request) -> str | None:
    """The entity tags of what the caller has already."""
    return request.headers.get("if-none-match")


KnownTags = Annotated[str | None, Depends(known_tags)]


async def challenge_service(request: Request) -> ChallengeService:
    return wiring(request).challenges


async def account_service(request: Request) -> AccountService:
    parts = wiring(request)
    return AccountService(
        claims=read_claims(request), reads=parts.account_reads, sealer=parts.sealer, clock=parts.clock
    )


async def archive_service(request: Request) -> ArchiveService:
    """Bound to the caller here, and not through another dependency: each costs at every request."""
    parts = wiring(request)
    return ArchiveService(
        claims=read_claims(request),
        reads=parts.archive_reads,
        photos=parts.photos,
        sealer=parts.sealer,
        verified_seconds=parts.settings.verified_seconds,
        identity_providers=parts.identity_providers,
        clock=parts.clock,
    )


async def token_mint(request: Request) -> TokenMint:
    return wiring(request).mint


async def readiness_service(request: Request) -> ReadinessService:
    parts = wiring(request)
    session = parts.database.session()
    return ReadinessService(session=session, readiness=ReadinessRepository(session), clock=parts.clock)


async def verification_code_service(request: Request) -> VerificationCodeService:
    parts = wiring(request)
    session = parts.database.session()
    codes, counters = CodeRepository(session), CounterRepository(session)
    policy = parts.settings.code_policy()
    return VerificationCodeService(
        session=session,
        codes=codes,
        accounts=AccountRepository(session),
        sessions=SessionRepository(session),
        devices=parts.devices,
        counters=counters,
        checking=_checking(parts, session),
        postbox=_postbox(parts, session),
        dispatcher=parts.dispatcher,
        challenges=parts.challenges,
        throttle=parts.throttle,
        lookups=parts.lookups,
        policy=policy,
        clock=parts.clock,
        entropy=parts.entropy,
    )


async def phone_proof_service(request: Request) -> PhoneProofService:
    parts = wiring(request)
    session = parts.database.session()
    codes = CodeRepository(session)
    policy = parts.settings.code_policy()
    return PhoneProofService(
        session=session,
        codes=codes,
        accounts=AccountRepository(session),
        checking=_checking(parts, session),
        throttle=parts.throttle,
        lookups=parts.lookups,
        sealer=parts.sealer,
        codes_policy=policy,
        policy=parts.settings.registration_policy(),
        clock=parts.clock,
        entropy=parts.entropy,
    )


def _opening(parts: Wiring, session: AsyncSession) -> SessionOpening:
    return SessionOpening(
        logins=LoginRepository(parts.database, session),
        mint=parts.mint,
        refresh_tokens=parts.refresh_tokens,
        devices=parts.devices,
        policy=parts.settings.session_policy(),
        entropy=parts.entropy,
    )


def _callers(parts: Wiring, session: AsyncSession) -> Callers:
    return Callers(accounts=AccountRepository(session), sessions=SessionRepository(session), clock=parts.clock)


def _postbox(parts: Wiring, session: AsyncSession) -> Postbox:
    return Postbox(OutboxRepository(session), parts.sealer, parts.entropy)


async def idempotency_service(request: Request) -> IdempotencyService:
    parts = wiring(request)
    session = parts.database.session()
    return IdempotencyService(
        session=session,
        operations=IdempotencyRepository(session),
        callers=_callers(parts, session),
        staff_callers=_staff_callers(parts, session),
        throttle=parts.throttle,
        lookups=parts.lookups,
        sealer=parts.sealer,
        policy=parts.settings.idempotency_policy(),
        clock=parts.clock,
    )


async def registration_service(request: Request) -> RegistrationService:
    parts = wiring(request)
    session = parts.database.session()
    return RegistrationService(
        session=session,
        accounts=AccountRepository(session),
        codes=CodeRepository(session),
        cases=_case_opening(parts, session),
        waiting_cases=CaseRepository(session),
        binding=_binding(parts, session),
        dispatcher=parts.dispatcher,
        opening=_opening(parts, session),
        hashing=parts.hashing,
        throttle=parts.throttle,
        lookups=parts.lookups,
        sealer=parts.sealer,
        policy=parts.settings.registration_policy(),
        codes_policy=parts.settings.code_policy(),
        clock=parts.clock,
        entropy=parts.entropy,
    )


async def login_service(request: Request) -> LoginService:
    parts = wiring(request)
    return _login(parts, parts.database.session())


def _login(parts: Wiring, session: AsyncSession) -> LoginService:
    codes = CodeRepository(session)
    return LoginService(
        session=session,
        accounts=AccountRepository(session),
        sessions=SessionRepository(session),
        codes=codes,
        limits=_login_limits(parts, session),
        notices=_notices(parts, session),
        dispatcher=parts.dispatcher,
        factors=_further_factors(parts, session),
        second=_factors(parts, session),
        passkeys=_passkeys(parts, session),
        binding=_binding(parts, session),
        checking=_checking(parts, session),
        challenges=parts.challenges,
        opening=_opening(parts, session),
        devices=parts.devices,
        hashing=parts.hashing,
        lookups=parts.lookups,
        sealer=parts.sealer,
        policy=parts.settings.login_policy(),
        clock=parts.clock,
        entropy=parts.entropy,
    )


def _further_factors(parts: Wiring, session: AsyncSession) -> FurtherFactors:
    return FurtherFactors(
        second=_factors(parts, session),
        accounts=AccountRepository(session),
        records=RecordRepository(session),
        counters=CounterRepository(session),
        lookups=parts.lookups,
        policy=parts.settings.login_policy(),
    )


def _login_limits(parts: Wiring, session: AsyncSession) -> LoginLimits:
    return LoginLimits(
        logins=LoginRepository(parts.database, session),
        challenges=parts.challenges,
        hashing=parts.hashing,
        throttle=parts.throttle,
        lookups=parts.lookups,
        policy=parts.settings.login_policy(),
        clock=parts.clock,
    )


def _checking(parts: Wiring, session: AsyncSession) -> CodeChecking:
    return CodeChecking(
        codes=CodeRepository(session),
        counters=CounterRepository(session),
        keyed=parts.codes_hash,
        policy=parts.settings.code_policy(),
    )


def _notices(parts: Wiring, session: AsyncSession) -> Notices:
    return Notices(_postbox(parts, session), parts.sealer, parts.lookups)


def _binding(parts: Wiring, session: AsyncSession) -> PhoneBinding:
    return PhoneBinding(
        accounts=AccountRepository(session),
        codes=CodeRepository(session),
        sessions=SessionRepository(session),
        audit=AuditRepository(session),
        notices=_notices(parts, session),
        lookups=parts.lookups,
        entropy=parts.entropy,
    )


def _passkeys(parts: Wiring, session: AsyncSession) -> PasskeyChecking:
    return PasskeyChecking(
        passkeys=PasskeyRepository(session),
        accounts=AccountRepository(session),
        codes=CodeRepository(session),
        audit=AuditRepository(session),
        notices=_notices(parts, session),
        challenges=parts.passkey_challenges,
        lookups=parts.lookups,
        policy=parts.passkey_policy,
        entropy=parts.entropy,
    )


def _factors(parts: Wiring, session: AsyncSession) -> SecondFactors:
    return SecondFactors(
        factors=FactorRepository(session),
        passkeys=_passkeys(parts, session),
        counters=CounterRepository(session),
        lookups=parts.lookups,
        sealer=parts.sealer,
        policy=parts.settings.factor_policy(),
    )


def _confirmations(parts: Wiring, session: AsyncSession) -> Confirmations:
    return Confirmations(
        session=session,
        callers=_callers(parts, session),
        accounts=AccountRepository(session),
        counters=CounterRepository(session),
        hashing=parts.hashing,
        throttle=parts.throttle,
        lookups=parts.lookups,
        policy=parts.settings.change_policy(),
        sessions_policy=parts.settings.session_policy(),
        identity_providers=parts.identity_providers,
        clock=parts.clock,
    )


def _change_log(parts: Wiring, session: AsyncSession) -> ChangeLog:
    return ChangeLog(
        changes=ChangeRepository(session),
        recoveries=RecoveryRepository(session),
        counters=CounterRepository(session),
        audit=AuditRepository(session),
        notices=_notices(parts, session),
        lookups=parts.lookups,
        sealer=parts.sealer,
        policy=parts.settings.change_policy(),
        entropy=parts.entropy,
    )


async def account_change_service(request: Request) -> AccountChangeService:
    parts = wiring(request)
    session = parts.database.session()
    return AccountChangeService(
        session=session,
        confirmations=_confirmations(parts, session),
        callers=_callers(parts, session),
        accounts=AccountRepository(session),
        changes=ChangeRepository(session),
        sessions=SessionRepository(session),
        log=_change_log(parts, session),
        checking=_checking(parts, session),
        binding=_binding(parts, session),
        hashing=parts.hashing,
        dispatcher=parts.dispatcher,
        lookups=parts.lookups,
        sealer=parts.sealer,
        clock=parts.clock,
    )


async def change_undoing_service(request: Request) -> ChangeUndoingService:
    parts = wiring(request)
    session = parts.database.session()
    return ChangeUndoingService(
        session=session,
        accounts=AccountRepository(session),
        changes=ChangeRepository(session),
        factors=FactorRepository(session),
        passkeys=PasskeyRepository(session),
        codes=CodeRepository(session),
        sessions=SessionRepository(session),
        recoveries=RecoveryRepository(session),
        links=ThirdPartyRepository(session),
        audit=AuditRepository(session),
        log=_change_log(parts, session),
        notices=_notices(parts, session),
        dispatcher=parts.dispatcher,
        throttle=parts.throttle,
        lookups=parts.lookups,
        sealer=parts.sealer,
        policy=parts.settings.change_policy(),
        clock=parts.clock,
        entropy=parts.entropy,
    )


async def consent_service(request: Request) -> ConsentService:
    parts = wiring(request)
    session = parts.database.session()
    return ConsentService(
        session=session,
        callers=_callers(parts, session),
        accounts=AccountRepository(session),
        counters=CounterRepository(session),
        policy=parts.settings.change_policy(),
        clock=parts.clock,
        entropy=parts.entropy,
    )


async def account_export_service(request: Request) -> AccountExportService:
    parts = wiring(request)
    session = parts.database.session()
    return AccountExportService(
        session=session,
        confirmations=_confirmations(parts, session),
        holdings=HoldingRepository(session),
        links=ThirdPartyRepository(session),
        counters=CounterRepository(session),
        audit=AuditRepository(session),
        lookups=parts.lookups,
        sealer=parts.sealer,
        policy=parts.settings.change_policy(),
        clock=parts.clock,
        entropy=parts.entropy,
    )


async def account_closing_service(request: Request) -> AccountClosingService:
    parts = wiring(request)
    session = parts.database.session()
    return AccountClosingService(
        session=session,
        confirmations=_confirmations(parts, session),
        accounts=AccountRepository(session),
        holdings=HoldingRepository(session),
        sessions=SessionRepository(session),
        audit=AuditRepository(session),
        checking=_checking(parts, session),
        notices=_notices(parts, session),
        dispatcher=parts.dispatcher,
        lookups=parts.lookups,
        policy=parts.settings.change_policy(),
        clock=parts.clock,
        entropy=parts.entropy,
    )


def _factor_confirmations(parts: Wiring, session: AsyncSession) -> FactorConfirmations:
    return FactorConfirmations(
        session=session,
        confirmations=_confirmations(parts, session),
        checking=_factors(parts, session),
        clock=parts.clock,
    )


def _factor_changes(parts: Wiring, session: AsyncSession) -> FactorChanges:
    return FactorChanges(
        confirmations=_confirmations(parts, session),
        factors=FactorRepository(session),
        checking=_factors(parts, session),
        log=_change_log(parts, session),
        audit=AuditRepository(session),
        notices=_notices(parts, session),
        policy=parts.settings.factor_policy(),
        entropy=parts.entropy,
    )


async def factor_service(request: Request) -> FactorService:
    parts = wiring(request)
    session = parts.database.session()
    return FactorService(
        session=session,
        confirmations=_factor_confirmations(parts, session),
        callers=_callers(parts, session),
        factors=FactorRepository(session),
        passkeys=PasskeyRepository(session),
        checking=_factors(parts, session),
        changes=_factor_changes(parts, session),
        dispatcher=parts.dispatcher,
        sealer=parts.sealer,
        policy=parts.settings.factor_policy(),
        clock=parts.clock,
    )


async def passkey_service(request: Request) -> PasskeyService:
    parts = wiring(request)
    session = parts.database.session()
    return PasskeyService(
        session=session,
        confirmations=_factor_confirmations(parts, session),
        callers=_callers(parts, session),
        passkeys=PasskeyRepository(session),
        codes=CodeRepository(session),
        checking=_passkeys(parts, session),
        changes=_factor_changes(parts, session),
        challenges=parts.passkey_challenges,
        dispatcher=parts.dispatcher,
        sealer=parts.sealer,
        policy=parts.passkey_policy,
        clock=parts.clock,
        entropy=parts.entropy,
    )


def _third_parties(parts: Wiring, session: AsyncSession) -> ThirdParties:
    return ThirdParties(
        providers=parts.login_providers,
        repository=ThirdPartyRepository(session),
        limits=_login_limits(parts, session),
        lookups=parts.lookups,
        policy=parts.settings.third_party_policy(),
        entropy=parts.entropy,
    )


async def third_party_login_service(request: Request) -> ThirdPartyLoginService:
    parts = wiring(request)
    session = parts.database.session()
    return ThirdPartyLoginService(
        session=session,
        parties=_third_parties(parts, session),
        links=ThirdPartyRepository(session),
        accounts=AccountRepository(session),
        login=_login(parts, session),
        devices=parts.devices,
        dispatcher=parts.dispatcher,
        lookups=parts.lookups,
        clock=parts.clock,
    )


async def login_provider_names(request: Request) -> list[str]:
    """The providers that are open."""
    return list(wiring(request).login_providers)


async def linked_identity_service(request: Request) -> LinkedIdentityService:
    parts = wiring(request)
    session = parts.database.session()
    return LinkedIdentityService(
        session=session,
        confirmations=_confirmations(parts, session),
        callers=_callers(parts, session),
        parties=_third_parties(parts, session),
        links=ThirdPartyRepository(session),
        log=_change_log(parts, session),
        dispatcher=parts.dispatcher,
        lookups=parts.lookups,
        sealer=parts.sealer,
        clock=parts.clock,
    )


async def username_recovery_service(request: Request) -> UsernameRecoveryService:
    parts = wiring(request)
    session = parts.database.session()
    return UsernameRecoveryService(
        session=session,
        accounts=AccountRepository(session),
        codes=CodeRepository(session),
        counters=CounterRepository(session),
        challenges=parts.challenges,
        notices=_notices(parts, session),
        dispatcher=parts.dispatcher,
        throttle=parts.throttle,
        lookups=parts.lookups,
        sealer=parts.sealer,
        policy=parts.settings.recovery_policy(),
        clock=parts.clock,
    )


async def password_recovery_service(request: Request) -> PasswordRecoveryService:
    parts = wiring(request)
    session = parts.database.session()
    return PasswordRecoveryService(
        session=session,
        recoveries=RecoveryRepository(session),
        accounts=AccountRepository(session),
        changes=ChangeRepository(session),
        sessions=SessionRepository(session),
        links=ThirdPartyRepository(session),
        records=RecordRepository(session),
        codes=CodeRepository(session),
        counters=CounterRepository(session),
        audit=AuditRepository(session),
        devices=parts.devices,
        checking=_checking(parts, session),
        challenges=parts.challenges,
        factors=_factors(parts, session),
        passkeys=_passkeys(parts, session),
        binding=_binding(parts, session),
        postbox=_postbox(parts, session),
        notices=_notices(parts, session),
        dispatcher=parts.dispatcher,
        hashing=parts.hashing,
        throttle=parts.throttle,
        lookups=parts.lookups,
        sealer=parts.sealer,
        policy=parts.settings.recovery_policy(),
        codes_policy=parts.settings.code_policy(),
        clock=parts.clock,
        entropy=parts.entropy,
    )


async def help_centre_service(request: Request) -> HelpCentreService:
    parts = wiring(request)
    session = parts.database.session()
    return HelpCentreService(
        session=session,
        library=parts.help_library,
        interest=parts.help_interest,
        counts=HelpCountRepository(session),
        counters=CounterRepository(session),
        throttle=parts.throttle,
        lookups=parts.lookups,
        policy=parts.settings.help_policy(),
        clock=parts.clock,
    )


async def help_request_service(request: Request) -> HelpRequestService:
    parts = wiring(request)
    session = parts.database.session()
    return HelpRequestService(
        session=session,
        requests=HelpRequestRepository(session),
        callers=_callers(parts, session),
        counters=CounterRepository(session),
        throttle=parts.throttle,
        lookups=parts.lookups,
        sealer=parts.sealer,
        policy=parts.settings.help_policy(),
        clock=parts.clock,
        entropy=parts.entropy,
    )


async def robot_service(request: Request) -> RobotService:
    parts = wiring(request)
    session = parts.database.session()
    return RobotService(
        session=session,
        conversations=ConversationRepository(session),
        unanswered=UnansweredRepository(session),
        callers=_callers(parts, session),
        library=parts.help_library,
        interest=parts.help_interest,
        throttle=parts.throttle,
        lookups=parts.lookups,
        sealer=parts.sealer,
        policy=parts.settings.robot_policy(),
        clock=parts.clock,
        entropy=parts.entropy,
    )


async def dialogue_service(request: Request) -> DialogueService:
    parts = wiring(request)
    session = parts.database.session()
    return DialogueService(
        session=session,
        conversations=ConversationRepository(session),
        callers=_callers(parts, session),
        sealer=parts.sealer,
        clock=parts.clock,
    )


async def session_service(request: Request) -> SessionService:
    parts = wiring(request)
    session = parts.database.session()
    return SessionService(
        session=session,
        sessions=SessionRepository(session),
        accounts=AccountRepository(session),
        callers=_callers(parts, session),
        audit=AuditRepository(session),
        opening=_opening(parts, session),
        refresh_tokens=parts.refresh_tokens,
        notices=_notices(parts, session),
        dispatcher=parts.dispatcher,
        policy=parts.settings.session_policy(),
        clock=parts.clock,
        entropy=parts.entropy,
    )


async def identity_verification_service(request: Request) -> IdentityVerificationService:
    parts = wiring(request)
    session = parts.database.session()
    return IdentityVerificationService(
        session=session,
        verifications=VerificationRepository(session),
        sessions=SessionRepository(session),
        accounts=AccountRepository(session),
        callers=_callers(parts, session),
        cases=CaseRepository(session),
        case_opening=_case_opening(parts, session),
        persons=PersonRepository(session),
        asking=ProviderAsking(
            providers=parts.identity_providers, sealer=parts.sealer, policy=parts.settings.verification_policy()
        ),
        records=RecordRepository(session),
        counters=CounterRepository(session),
        audit=AuditRepository(session),
        opening=_opening(parts, session),
        policy=parts.settings.verification_policy(),
        clock=parts.clock,
        entropy=parts.entropy,
    )


async def verification_result_service(request: Request) -> VerificationResultService:
    parts = wiring(request)
    session = parts.database.session()
    return VerificationResultService(
        session=session,
        verifications=VerificationRepository(session),
        sessions=SessionRepository(session),
        callers=_callers(parts, session),
        audit=AuditRepository(session),
        policy=parts.settings.session_policy(),
        clock=parts.clock,
        entropy=parts.entropy,
    )


def _case_log(parts: Wiring, session: AsyncSession) -> CaseLog:
    return CaseLog(
        cases=CaseRepository(session),
        audit=AuditRepository(session),
        notices=_notices(parts, session),
        entropy=parts.entropy,
    )


def _case_opening(parts: Wiring, session: AsyncSession) -> CaseOpening:
    return CaseOpening(
        cases=CaseRepository(session),
        log=_case_log(parts, session),
        policy=parts.settings.case_policy(),
        entropy=parts.entropy,
    )


def _case_progress(parts: Wiring, session: AsyncSession) -> CaseProgress:
    return CaseProgress(
        cases=CaseRepository(session),
        accounts=AccountRepository(session),
        persons=PersonRepository(session),
        sessions=SessionRepository(session),
        recoveries=RecoveryRepository(session),
        log=_case_log(parts, session),
        lookups=parts.lookups,
        policy=parts.settings.case_policy(),
        entropy=parts.entropy,
    )


def _case_views(parts: Wiring, session: AsyncSession) -> CaseViews:
    return CaseViews(
        cases=CaseRepository(session),
        vouchings=VouchingRepository(session),
        codes=VouchingCodes(parts.codes_hash),
        providers=parts.identity_providers,
        sealer=parts.sealer,
        policy=parts.settings.case_policy(),
    )


async def identity_case_service(request: Request) -> IdentityCaseService:
    parts = wiring(request)
    session = parts.database.session()
    return IdentityCaseService(
        session=session,
        cases=CaseRepository(session),
        vouchings=VouchingRepository(session),
        accounts=AccountRepository(session),
        records=RecordRepository(session),
        counters=CounterRepository(session),
        callers=_callers(parts, session),
        opening=_case_opening(parts, session),
        progress=_case_progress(parts, session),
        views=_case_views(parts, session),
        log=_case_log(parts, session),
        dispatcher=parts.dispatcher,
        throttle=parts.throttle,
        lookups=parts.lookups,
        sealer=parts.sealer,
        policy=parts.settings.case_policy(),
        facts_policy=parts.settings.verification_policy(),
        clock=parts.clock,
        entropy=parts.entropy,
    )


async def vouching_service(request: Request) -> VouchingService:
    parts = wiring(request)
    session = parts.database.session()
    return VouchingService(
        session=session,
        vouchings=VouchingRepository(session),
        cases=CaseRepository(session),
        counters=CounterRepository(session),
        callers=_callers(parts, session),
        opening=_case_opening(parts, session),
        log=_case_log(parts, session),
        codes=VouchingCodes(parts.codes_hash),
        sealer=parts.sealer,
        policy=parts.settings.case_policy(),
        sessions_policy=parts.settings.session_policy(),
        identity_providers=parts.identity_providers,
        clock=parts.clock,
    )


def _staff_callers(parts: Wiring, session: AsyncSession) -> StaffCallers:
    return StaffCallers(staff=StaffRepository(session), policy=parts.settings.staff_policy(), clock=parts.clock)


async def staff_session_service(request: Request) -> StaffSessionService:
    parts = wiring(request)
    session = parts.database.session()
    return StaffSessionService(
        session=session,
        staff=StaffRepository(session),
        counters=CounterRepository(session),
        codes=CodeRepository(session),
        callers=_staff_callers(parts, session),
        challenges=parts.challenges,
        hashing=parts.hashing,
        mint=parts.staff_mint,
        throttle=parts.throttle,
        lookups=parts.lookups,
        sealer=parts.sealer,
        policy=parts.settings.staff_policy(),
        login_policy=parts.settings.login_policy(),
        clock=parts.clock,
        entropy=parts.entropy,
    )


async def review_desk_service(request: Request) -> ReviewDeskService:
    parts = wiring(request)
    session = parts.database.session()
    return ReviewDeskService(
        session=session,
        cases=CaseRepository(session),
        desk=ReviewDeskRepository(session),
        accounts=AccountRepository(session),
        staff=StaffRepository(session),
        callers=_staff_callers(parts, session),
        opening=_case_opening(parts, session),
        progress=_case_progress(parts, session),
        log=_case_log(parts, session),
        dispatcher=parts.dispatcher,
        sealer=parts.sealer,
        policy=parts.settings.case_policy(),
        staff_policy=parts.settings.staff_policy(),
        clock=parts.clock,
        entropy=parts.entropy,
    )
