"""What several services are made of, for one session."""

from __future__ import annotations

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.dependencies.wiring import Wiring
from xuexin_api.repositories.accounts.accounts import AccountRepository
from xuexin_api.repositories.accounts.changes import ChangeRepository
from xuexin_api.repositories.archive.claim_notices import ClaimNoticeRepository
from xuexin_api.repositories.archive.claims import ClaimRepository
from xuexin_api.repositories.archive.corrections import CorrectionRepository
from xuexin_api.repositories.archive.import_jobs import ImportJobRepository
from xuexin_api.repositories.archive.institutions import InstitutionRepository
from xuexin_api.repositories.codes import CodeRepository
from xuexin_api.repositories.counters import CounterRepository
from xuexin_api.repositories.help.help_requests import HelpRequestRepository
from xuexin_api.repositories.identity.cases import CaseRepository
from xuexin_api.repositories.identity.persons import PersonRepository
from xuexin_api.repositories.login.factors import FactorRepository
from xuexin_api.repositories.login.openings import OpeningRepository
from xuexin_api.repositories.login.passkeys import PasskeyRepository, StaffPasskeyRepository
from xuexin_api.repositories.login.sessions import SessionRepository
from xuexin_api.repositories.messages import AuditRepository, OutboxRepository
from xuexin_api.repositories.recoveries import RecoveryRepository
from xuexin_api.repositories.sent_photos import PhotoRepository
from xuexin_api.repositories.staff.record_office import RecordOfficeRepository
from xuexin_api.repositories.staff.staff import StaffRepository
from xuexin_api.services.accounts.change_log import ChangeLog
from xuexin_api.services.accounts.confirmations import Confirmations
from xuexin_api.services.archive.claim_holders import ClaimHolders
from xuexin_api.services.archive.claim_log import CLAIM_LOG, ClaimLog
from xuexin_api.services.archive.correction_log import CORRECTION_LOG, CorrectionLog
from xuexin_api.services.archive.open_requests import OpenRequests
from xuexin_api.services.callers import Callers
from xuexin_api.services.codes.code_checking import CodeChecking
from xuexin_api.services.codes.code_sending import CodeSending
from xuexin_api.services.codes.phone_binding import PhoneBinding
from xuexin_api.services.identity.case_log import CASE_LOG, CaseLog
from xuexin_api.services.identity.case_opening import CaseOpening
from xuexin_api.services.identity.case_progress import CaseProgress
from xuexin_api.services.login.passkey_checking import PasskeyChecking
from xuexin_api.services.login.passkey_copies import AccountPasskeyCopies
from xuexin_api.services.login.second_factors import SecondFactors
from xuexin_api.services.messaging.notices import NoticeLetters, Notices
from xuexin_api.services.messaging.outbox import Envelopes, Postbox
from xuexin_api.services.photos.photo_erasure import PhotoErasure
from xuexin_api.services.photos.photo_home import PhotoHome
from xuexin_api.services.photos.sent_photos import SentPhotoService
from xuexin_api.services.sessions.session_opening import SessionOpening
from xuexin_api.services.staff.help_desk import HelpDeskService
from xuexin_api.services.staff.record_trace import RecordTrace
from xuexin_api.services.staff.staff_accounts import StaffAccountService
from xuexin_api.services.staff.staff_callers import StaffCallers


def opening(parts: Wiring) -> SessionOpening:
    return SessionOpening(
        openings=OpeningRepository(parts.database),
        mint=parts.mint,
        refresh_tokens=parts.refresh_tokens,
        devices=parts.devices,
        policy=parts.session_policy,
        entropy=parts.entropy,
    )


def letters(parts: Wiring) -> NoticeLetters:
    return NoticeLetters(Envelopes(parts.sealer, parts.entropy), parts.sealer, parts.lookups)


def callers(parts: Wiring, session: AsyncSession) -> Callers:
    return Callers(
        accounts=AccountRepository(session),
        sessions=SessionRepository(session),
        rule=parts.verification_rule,
        clock=parts.clock,
    )


def postbox(parts: Wiring, session: AsyncSession) -> Postbox:
    return Postbox(OutboxRepository(session), Envelopes(parts.sealer, parts.entropy))


def checking(parts: Wiring, session: AsyncSession) -> CodeChecking:
    return CodeChecking(
        codes=CodeRepository(session),
        counters=CounterRepository(session),
        keyed=parts.codes_hash,
        policy=parts.settings.code_policy(),
    )


def code_sending(parts: Wiring, session: AsyncSession) -> CodeSending:
    return CodeSending(
        codes=CodeRepository(session),
        counters=CounterRepository(session),
        checking=checking(parts, session),
        postbox=postbox(parts, session),
        policy=parts.settings.code_policy(),
        entropy=parts.entropy,
    )


def notices(parts: Wiring, session: AsyncSession) -> Notices:
    return Notices(postbox(parts, session), letters(parts))


def binding(parts: Wiring, session: AsyncSession) -> PhoneBinding:
    return PhoneBinding(
        accounts=AccountRepository(session),
        codes=CodeRepository(session),
        sessions=SessionRepository(session),
        audit=AuditRepository(session),
        notices=notices(parts, session),
        lookups=parts.lookups,
        entropy=parts.entropy,
    )


def passkeys(parts: Wiring, session: AsyncSession) -> PasskeyChecking:
    return PasskeyChecking(
        passkeys=PasskeyRepository(session),
        codes=CodeRepository(session),
        copies=AccountPasskeyCopies(
            accounts=AccountRepository(session),
            audit=AuditRepository(session),
            notices=notices(parts, session),
            entropy=parts.entropy,
        ),
        handles="passkey_user",
        challenges=parts.passkey_challenges,
        lookups=parts.lookups,
        policy=parts.passkey_policy,
    )


def factors(parts: Wiring, session: AsyncSession) -> SecondFactors:
    return SecondFactors(
        factors=FactorRepository(session),
        passkeys=passkeys(parts, session),
        counters=CounterRepository(session),
        lookups=parts.lookups,
        sealer=parts.sealer,
        policy=parts.settings.factor_policy(),
    )


def confirmations(parts: Wiring, session: AsyncSession) -> Confirmations:
    return Confirmations(
        session=session,
        callers=callers(parts, session),
        accounts=AccountRepository(session),
        counters=CounterRepository(session),
        hashing=parts.hashing,
        throttle=parts.throttle,
        lookups=parts.lookups,
        policy=parts.settings.change_policy(),
        clock=parts.clock,
    )


def change_log(parts: Wiring, session: AsyncSession) -> ChangeLog:
    return ChangeLog(
        changes=ChangeRepository(session),
        recoveries=RecoveryRepository(session),
        counters=CounterRepository(session),
        audit=AuditRepository(session),
        notices=notices(parts, session),
        lookups=parts.lookups,
        sealer=parts.sealer,
        policy=parts.settings.change_policy(),
        entropy=parts.entropy,
    )


def case_log(parts: Wiring, session: AsyncSession) -> CaseLog:
    return CaseLog(kind=CASE_LOG, add_event=CaseRepository(session).add_event, **_of_steps(parts, session))


def claim_log(parts: Wiring, session: AsyncSession) -> ClaimLog:
    return ClaimLog(kind=CLAIM_LOG, add_event=ClaimRepository(session).add_event, **_of_steps(parts, session))


def correction_log(parts: Wiring, session: AsyncSession) -> CorrectionLog:
    return CorrectionLog(
        kind=CORRECTION_LOG, add_event=CorrectionRepository(session).add_event, **_of_steps(parts, session)
    )


def claim_holders(parts: Wiring, session: AsyncSession) -> ClaimHolders:
    return ClaimHolders(
        claims=ClaimRepository(session),
        notices=ClaimNoticeRepository(session),
        log=claim_log(parts, session),
        sealer=parts.sealer,
        policy=parts.settings.claim_policy(),
    )


def open_requests(parts: Wiring, session: AsyncSession) -> OpenRequests:
    return OpenRequests(
        corrections=CorrectionRepository(session),
        correction_log=correction_log(parts, session),
        claims=ClaimRepository(session),
        claim_log=claim_log(parts, session),
        holders=claim_holders(parts, session),
    )


def _of_steps(parts: Wiring, session: AsyncSession) -> dict[str, Any]:
    """What every log of steps needs."""
    return {
        "accounts": AccountRepository(session),
        "audit": AuditRepository(session),
        "notices": notices(parts, session),
        "entropy": parts.entropy,
    }


def case_opening(parts: Wiring, session: AsyncSession) -> CaseOpening:
    return CaseOpening(
        cases=CaseRepository(session),
        log=case_log(parts, session),
        policy=parts.settings.case_policy(),
        entropy=parts.entropy,
    )


def case_progress(parts: Wiring, session: AsyncSession) -> CaseProgress:
    return CaseProgress(
        cases=CaseRepository(session),
        photos=PhotoRepository(session),
        accounts=AccountRepository(session),
        persons=PersonRepository(session),
        sessions=SessionRepository(session),
        recoveries=RecoveryRepository(session),
        requests=open_requests(parts, session),
        log=case_log(parts, session),
        lookups=parts.lookups,
        policy=parts.settings.case_policy(),
        entropy=parts.entropy,
    )


def sent_photos(parts: Wiring, session: AsyncSession, home: PhotoHome) -> SentPhotoService:
    """Those of one home."""
    photos, policy = PhotoRepository(session), parts.settings.photo_policy()
    return SentPhotoService(
        session=session,
        photos=photos,
        home=home,
        counters=CounterRepository(session),
        callers=callers(parts, session),
        erasure=PhotoErasure(session=session, photos=photos, store=parts.sent_photos, policy=policy, clock=parts.clock),
        intake=parts.pictures,
        store=parts.sent_photos,
        slots=parts.upload_slots,
        policy=policy,
        pictures=parts.settings.picture_policy(),
        clock=parts.clock,
        entropy=parts.entropy,
    )


def record_trace(parts: Wiring, session: AsyncSession) -> RecordTrace:
    return RecordTrace(records=RecordOfficeRepository(session), staff=StaffRepository(session), entropy=parts.entropy)


def help_desk(parts: Wiring, session: AsyncSession) -> HelpDeskService:
    return HelpDeskService(
        session=session,
        requests=HelpRequestRepository(session),
        audit=AuditRepository(session),
        staff=StaffRepository(session),
        callers=staff_callers(parts, session),
        sealer=parts.sealer,
        clock=parts.clock,
        entropy=parts.entropy,
    )


def staff_accounts(parts: Wiring, session: AsyncSession) -> StaffAccountService:
    return StaffAccountService(
        session=session,
        staff=StaffRepository(session),
        passkeys=StaffPasskeyRepository(session),
        institutions=InstitutionRepository(session),
        imports=ImportJobRepository(session),
        counters=CounterRepository(session),
        callers=staff_callers(parts, session),
        lookups=parts.lookups,
        policy=parts.settings.staff_policy(),
        clock=parts.clock,
        entropy=parts.entropy,
    )


def staff_callers(parts: Wiring, session: AsyncSession) -> StaffCallers:
    return StaffCallers(staff=StaffRepository(session), policy=parts.settings.staff_policy(), clock=parts.clock)
