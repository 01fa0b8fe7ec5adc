"""The services of `services/staff`, for one request."""

from __future__ import annotations

from fastapi import Request

from xuexin_api.dependencies import shared
from xuexin_api.dependencies.wiring import wiring
from xuexin_api.repositories.accounts.accounts import AccountRepository
from xuexin_api.repositories.archive.institutions import InstitutionRepository
from xuexin_api.repositories.archive.proofs import ProofRepository
from xuexin_api.repositories.archive.record_photos import RecordPhotoRepository
from xuexin_api.repositories.codes import CodeRepository
from xuexin_api.repositories.counters import CounterRepository
from xuexin_api.repositories.identity.cases import CaseRepository
from xuexin_api.repositories.identity.identity import VerificationRepository
from xuexin_api.repositories.identity.persons import PersonRepository
from xuexin_api.repositories.identity.photos import PhotoRepository
from xuexin_api.repositories.staff.record_office import RecordOfficeRepository
from xuexin_api.repositories.staff.review_desk import ReviewDeskRepository
from xuexin_api.repositories.staff.staff import StaffRepository
from xuexin_api.repositories.staff.transfers import TransferRepository
from xuexin_api.repositories.staff.verification_desk import VerificationDeskRepository
from xuexin_api.services.staff.record_office import RecordOfficeService
from xuexin_api.services.staff.record_trace import RecordTrace
from xuexin_api.services.staff.review_desk import ReviewDeskService
from xuexin_api.services.staff.staff_sessions import StaffSessionService
from xuexin_api.services.staff.transfers import TransferService
from xuexin_api.services.staff.verification_desk import VerificationDeskService


async def staff_session_service(request: Request) -> StaffSessionService:
    parts = wiring(request)
    session = parts.database.session()
    return StaffSessionService(
        session=session,
        staff=StaffRepository(session),
        counters=CounterRepository(session),
        codes=CodeRepository(session),
        callers=shared.staff_callers(parts, session),
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
        photos=PhotoRepository(session),
        store=parts.handheld,
        accounts=AccountRepository(session),
        staff=StaffRepository(session),
        callers=shared.staff_callers(parts, session),
        opening=shared.case_opening(parts, session),
        progress=shared.case_progress(parts, session),
        log=shared.case_log(parts, session),
        dispatcher=parts.dispatcher,
        sealer=parts.sealer,
        policy=parts.settings.case_policy(),
        staff_policy=parts.settings.staff_policy(),
        clock=parts.clock,
        entropy=parts.entropy,
    )


async def record_office_service(request: Request) -> RecordOfficeService:
    parts = wiring(request)
    session = parts.database.session()
    records = RecordOfficeRepository(session)
    return RecordOfficeService(
        session=session,
        records=records,
        proofs=ProofRepository(session),
        trace=RecordTrace(records=records, staff=StaffRepository(session), entropy=parts.entropy),
        callers=shared.staff_callers(parts, session),
        sealer=parts.sealer,
        policy=parts.settings.record_policy(),
        clock=parts.clock,
        entropy=parts.entropy,
    )


async def transfer_service(request: Request) -> TransferService:
    parts = wiring(request)
    session = parts.database.session()
    records = RecordOfficeRepository(session)
    return TransferService(
        session=session,
        transfers=TransferRepository(session),
        records=records,
        institutions=InstitutionRepository(session),
        photos=RecordPhotoRepository(session),
        store=parts.photos,
        trace=RecordTrace(records=records, staff=StaffRepository(session), entropy=parts.entropy),
        callers=shared.staff_callers(parts, session),
        sealer=parts.sealer,
        policy=parts.settings.record_policy(),
        clock=parts.clock,
        entropy=parts.entropy,
    )


async def verification_desk_service(request: Request) -> VerificationDeskService:
    parts = wiring(request)
    session = parts.database.session()
    return VerificationDeskService(
        session=session,
        queue=VerificationDeskRepository(session),
        verifications=VerificationRepository(session),
        photos=PhotoRepository(session),
        store=parts.handheld,
        desk=ReviewDeskRepository(session),
        cases=CaseRepository(session),
        accounts=AccountRepository(session),
        persons=PersonRepository(session),
        staff=StaffRepository(session),
        callers=shared.staff_callers(parts, session),
        notices=shared.notices(parts, session),
        dispatcher=parts.dispatcher,
        sealer=parts.sealer,
        policy=parts.settings.photo_policy(),
        staff_policy=parts.settings.staff_policy(),
        clock=parts.clock,
        entropy=parts.entropy,
    )
