"""The services of `services/staff`, for one request."""

from __future__ import annotations

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.dependencies import shared
from xuexin_api.dependencies.wiring import Wiring, wiring
from xuexin_api.repositories.accounts.accounts import AccountRepository
from xuexin_api.repositories.archive.claim_notices import ClaimNoticeRepository
from xuexin_api.repositories.archive.claims import ClaimRepository
from xuexin_api.repositories.archive.corrections import CorrectionRepository
from xuexin_api.repositories.archive.earlier_photos import EarlierPhotoRepository
from xuexin_api.repositories.archive.institutions import InstitutionRepository
from xuexin_api.repositories.archive.proofs import ProofRepository
from xuexin_api.repositories.archive.record_photos import RecordPhotoRepository
from xuexin_api.repositories.archive.staged_photos import StagedPhotoRepository
from xuexin_api.repositories.codes import CodeRepository
from xuexin_api.repositories.counters import CounterRepository
from xuexin_api.repositories.identity.cases import CaseRepository
from xuexin_api.repositories.identity.former_identities import FormerIdentityRepository
from xuexin_api.repositories.identity.identity import VerificationRepository
from xuexin_api.repositories.identity.persons import PersonRepository
from xuexin_api.repositories.login.passkeys import StaffPasskeyRepository
from xuexin_api.repositories.sent_photos import PhotoRepository
from xuexin_api.repositories.staff.correction_desk import CorrectionDeskRepository
from xuexin_api.repositories.staff.office_contacts import OfficeContactRepository
from xuexin_api.repositories.staff.record_lists import RecordListRepository
from xuexin_api.repositories.staff.record_office import RecordOfficeRepository
from xuexin_api.repositories.staff.record_undoing import RecordUndoingRepository
from xuexin_api.repositories.staff.review_desk import ReviewDeskRepository
from xuexin_api.repositories.staff.staff import StaffRepository
from xuexin_api.repositories.staff.transfers import TransferRepository
from xuexin_api.repositories.staff.verification_desk import VerificationDeskRepository
from xuexin_api.services.archive.corrected_records import CorrectedRecords
from xuexin_api.services.login.passkey_checking import PasskeyChecking
from xuexin_api.services.login.passkey_making import PasskeyMaking
from xuexin_api.services.staff.claims import ClaimDeskService
from xuexin_api.services.staff.correction_judging import CorrectionJudging
from xuexin_api.services.staff.correction_lookup import CorrectionLookup
from xuexin_api.services.staff.correction_reach import CorrectionReach
from xuexin_api.services.staff.corrections import CorrectionDeskService
from xuexin_api.services.staff.office_contact import OfficeContactService
from xuexin_api.services.staff.photo_restoring import PhotoRestoring
from xuexin_api.services.staff.record_correcting import RecordCorrecting
from xuexin_api.services.staff.record_linking import RecordLinking
from xuexin_api.services.staff.record_lists import RecordListService
from xuexin_api.services.staff.record_office import RecordOfficeService
from xuexin_api.services.staff.record_restoring import RecordRestoring
from xuexin_api.services.staff.review_desk import ReviewDeskService
from xuexin_api.services.staff.staff_enrolment import StaffEnrolmentService
from xuexin_api.services.staff.staff_passkeys import StaffPasskeyCopies, StaffPasskeyService
from xuexin_api.services.staff.staff_proving import StaffProving
from xuexin_api.services.staff.staff_sessions import StaffSessionService
from xuexin_api.services.staff.transfers import TransferService
from xuexin_api.services.staff.verification_desk import VerificationDeskService


def _passkeys(parts: Wiring, session: AsyncSession) -> PasskeyChecking:
    return PasskeyChecking(
        passkeys=StaffPasskeyRepository(session),
        codes=CodeRepository(session),
        copies=StaffPasskeyCopies(staff=StaffRepository(session), entropy=parts.entropy),
        handles="staff_passkey_user",
        challenges=parts.passkey_challenges,
        lookups=parts.lookups,
        policy=parts.passkey_policy,
    )


def _making(parts: Wiring, session: AsyncSession) -> PasskeyMaking:
    return PasskeyMaking(
        passkeys=StaffPasskeyRepository(session),
        codes=CodeRepository(session),
        checking=_passkeys(parts, session),
        challenges=parts.passkey_challenges,
        policy=parts.passkey_policy,
        entropy=parts.entropy,
    )


def _proving(parts: Wiring, session: AsyncSession) -> StaffProving:
    return StaffProving(
        session=session,
        staff=StaffRepository(session),
        counters=CounterRepository(session),
        codes=CodeRepository(session),
        passkeys=_passkeys(parts, session),
        challenges=parts.challenges,
        hashing=parts.hashing,
        throttle=parts.throttle,
        lookups=parts.lookups,
        sealer=parts.sealer,
        policy=parts.settings.staff_policy(),
        login_policy=parts.login_policy,
        clock=parts.clock,
    )


async def staff_enrolment_service(request: Request) -> StaffEnrolmentService:
    parts = wiring(request)
    session = parts.database.session()
    return StaffEnrolmentService(
        session=session,
        staff=StaffRepository(session),
        counters=CounterRepository(session),
        proving=_proving(parts, session),
        making=_making(parts, session),
        hashing=parts.hashing,
        lookups=parts.lookups,
        sealer=parts.sealer,
        policy=parts.settings.staff_policy(),
        clock=parts.clock,
        entropy=parts.entropy,
    )


async def staff_session_service(request: Request) -> StaffSessionService:
    parts = wiring(request)
    session = parts.database.session()
    return StaffSessionService(
        session=session,
        staff=StaffRepository(session),
        callers=shared.staff_callers(parts, session),
        proving=_proving(parts, session),
        passkeys=_passkeys(parts, session),
        mint=parts.staff_mint,
        policy=parts.settings.staff_policy(),
        clock=parts.clock,
        entropy=parts.entropy,
    )


async def staff_passkey_service(request: Request) -> StaffPasskeyService:
    parts = wiring(request)
    session = parts.database.session()
    return StaffPasskeyService(
        session=session,
        staff=StaffRepository(session),
        passkeys=StaffPasskeyRepository(session),
        callers=shared.staff_callers(parts, session),
        proving=_proving(parts, session),
        checking=_passkeys(parts, session),
        making=_making(parts, session),
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
        photos=PhotoRepository(session),
        store=parts.sent_photos,
        accounts=AccountRepository(session),
        staff=StaffRepository(session),
        trace=shared.record_trace(parts, session),
        callers=shared.staff_callers(parts, session),
        opening=shared.case_opening(parts, session),
        progress=shared.case_progress(parts, session),
        log=shared.case_log(parts, session),
        dispatcher=parts.dispatcher,
        sealer=parts.sealer,
        policy=parts.settings.case_policy(),
        staff_policy=parts.settings.staff_policy(),
        clock=parts.clock,
    )


async def record_office_service(request: Request) -> RecordOfficeService:
    parts = wiring(request)
    session = parts.database.session()
    return RecordOfficeService(
        session=session,
        records=RecordOfficeRepository(session),
        proofs=ProofRepository(session),
        present=RecordPhotoRepository(session),
        earlier=EarlierPhotoRepository(session),
        photos=parts.photos,
        trace=shared.record_trace(parts, session),
        callers=shared.staff_callers(parts, session),
        sealer=parts.sealer,
        policy=parts.settings.record_policy(),
        clock=parts.clock,
        entropy=parts.entropy,
    )


async def record_list_service(request: Request) -> RecordListService:
    parts = wiring(request)
    session = parts.database.session()
    return RecordListService(
        session=session,
        lists=RecordListRepository(session),
        counters=CounterRepository(session),
        trace=shared.record_trace(parts, session),
        callers=shared.staff_callers(parts, session),
        lookups=parts.lookups,
        sealer=parts.sealer,
        policy=parts.settings.record_list_policy(),
        clock=parts.clock,
    )


async def transfer_service(request: Request) -> TransferService:
    parts = wiring(request)
    session = parts.database.session()
    return TransferService(
        session=session,
        transfers=TransferRepository(session),
        records=RecordOfficeRepository(session),
        institutions=InstitutionRepository(session),
        photos=RecordPhotoRepository(session),
        staged=StagedPhotoRepository(session),
        store=parts.photos,
        trace=shared.record_trace(parts, session),
        callers=shared.staff_callers(parts, session),
        sealer=parts.sealer,
        policy=parts.settings.record_policy(),
        clock=parts.clock,
        entropy=parts.entropy,
    )


async def claim_desk_service(request: Request) -> ClaimDeskService:
    parts = wiring(request)
    session = parts.database.session()
    claims, records = ClaimRepository(session), RecordOfficeRepository(session)
    identities = FormerIdentityRepository(session)
    trace = shared.record_trace(parts, session)
    holders = shared.claim_holders(parts, session)
    undoing = RecordUndoingRepository(session)
    restoring = RecordRestoring(
        records=CorrectedRecords(office=records, sealer=parts.sealer),
        undoing=undoing,
        desk=CorrectionDeskRepository(session),
    )
    return ClaimDeskService(
        session=session,
        claims=claims,
        identities=identities,
        records=records,
        accounts=AccountRepository(session),
        notices=ClaimNoticeRepository(session),
        holders=holders,
        photos=PhotoRepository(session),
        store=parts.sent_photos,
        linking=RecordLinking(
            holders=holders,
            identities=identities,
            records=records,
            undoing=undoing,
            restoring=restoring,
            photos=PhotoRestoring(
                photos=RecordPhotoRepository(session),
                earlier=EarlierPhotoRepository(session),
                policy=parts.settings.record_policy(),
            ),
            requests=shared.open_requests(parts, session),
            trace=trace,
            sealer=parts.sealer,
            entropy=parts.entropy,
        ),
        log=shared.claim_log(parts, session),
        trace=trace,
        callers=shared.staff_callers(parts, session),
        sealer=parts.sealer,
        policy=parts.settings.claim_policy(),
        clock=parts.clock,
    )


async def verification_desk_service(request: Request) -> VerificationDeskService:
    parts = wiring(request)
    session = parts.database.session()
    return VerificationDeskService(
        session=session,
        queue=VerificationDeskRepository(session),
        verifications=VerificationRepository(session),
        photos=PhotoRepository(session),
        store=parts.sent_photos,
        desk=ReviewDeskRepository(session),
        cases=CaseRepository(session),
        accounts=AccountRepository(session),
        persons=PersonRepository(session),
        staff=StaffRepository(session),
        trace=shared.record_trace(parts, session),
        callers=shared.staff_callers(parts, session),
        notices=shared.notices(parts, session),
        dispatcher=parts.dispatcher,
        sealer=parts.sealer,
        policy=parts.settings.photo_policy(),
        staff_policy=parts.settings.staff_policy(),
        clock=parts.clock,
        entropy=parts.entropy,
    )


async def correction_desk_service(request: Request) -> CorrectionDeskService:
    parts = wiring(request)
    session = parts.database.session()
    desk, office = CorrectionDeskRepository(session), RecordOfficeRepository(session)
    trace = shared.record_trace(parts, session)
    return CorrectionDeskService(
        session=session,
        corrections=CorrectionRepository(session),
        desk=desk,
        office=office,
        accounts=AccountRepository(session),
        judging=_correction_judging(parts, session),
        reach=_correction_reach(parts, session),
        correcting=RecordCorrecting(
            records=CorrectedRecords(office=office, sealer=parts.sealer),
            office=office,
            desk=desk,
            identities=FormerIdentityRepository(session),
            trace=trace,
            sealer=parts.sealer,
            entropy=parts.entropy,
        ),
        log=shared.correction_log(parts, session),
        trace=trace,
        policy=parts.settings.correction_policy(),
        clock=parts.clock,
    )


async def office_contact_service(request: Request) -> OfficeContactService:
    parts = wiring(request)
    session = parts.database.session()
    return OfficeContactService(
        session=session,
        contacts=OfficeContactRepository(session),
        counters=CounterRepository(session),
        sending=shared.code_sending(parts, session),
        checking=shared.checking(parts, session),
        postbox=shared.postbox(parts, session),
        dispatcher=parts.dispatcher,
        callers=shared.staff_callers(parts, session),
        trace=shared.record_trace(parts, session),
        lookups=parts.lookups,
        sealer=parts.sealer,
        policy=parts.settings.office_policy(),
        clock=parts.clock,
    )


async def correction_lookup(request: Request) -> CorrectionLookup:
    parts = wiring(request)
    session = parts.database.session()
    return CorrectionLookup(
        session=session,
        corrections=CorrectionRepository(session),
        desk=CorrectionDeskRepository(session),
        office=RecordOfficeRepository(session),
        accounts=AccountRepository(session),
        photos=PhotoRepository(session),
        store=parts.sent_photos,
        judging=_correction_judging(parts, session),
        reach=_correction_reach(parts, session),
        trace=shared.record_trace(parts, session),
        sealer=parts.sealer,
        policy=parts.settings.correction_policy(),
        clock=parts.clock,
    )


def _correction_judging(parts: Wiring, session: AsyncSession) -> CorrectionJudging:
    return CorrectionJudging(
        office=RecordOfficeRepository(session), sealer=parts.sealer, policy=parts.settings.record_policy()
    )


def _correction_reach(parts: Wiring, session: AsyncSession) -> CorrectionReach:
    return CorrectionReach(
        corrections=CorrectionRepository(session),
        callers=shared.staff_callers(parts, session),
        trace=shared.record_trace(parts, session),
        policy=parts.settings.staff_policy(),
        clock=parts.clock,
    )
