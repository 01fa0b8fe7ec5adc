"""The services of `services/archive`, for one request."""

from __future__ import annotations

from fastapi import Request

from xuexin_api.dependencies import shared
from xuexin_api.dependencies.callers import read_claims
from xuexin_api.dependencies.wiring import wiring
from xuexin_api.repositories.archive.claim_notices import ClaimNoticeRepository
from xuexin_api.repositories.archive.claims import ClaimRepository
from xuexin_api.repositories.archive.corrections import CorrectionRepository
from xuexin_api.repositories.archive.proofs import ProofRepository
from xuexin_api.repositories.counters import CounterRepository
from xuexin_api.repositories.identity.former_identities import FormerIdentityRepository
from xuexin_api.repositories.sent_photos import PhotoRepository
from xuexin_api.repositories.staff.record_office import RecordOfficeRepository
from xuexin_api.services.archive.archive import ArchiveService
from xuexin_api.services.archive.claim_photos import ClaimPhotos
from xuexin_api.services.archive.claims import ClaimService
from xuexin_api.services.archive.corrected_records import CorrectedRecords
from xuexin_api.services.archive.correction_photos import CorrectionPhotos
from xuexin_api.services.archive.corrections import CorrectionService
from xuexin_api.services.archive.former_identities import FormerIdentityService
from xuexin_api.services.archive.held_claims import HeldClaimService
from xuexin_api.services.archive.proofs import ProofService
from xuexin_api.services.photos.sent_photos import SentPhotoService


async def archive_service(request: Request) -> ArchiveService:
    """Bound to the caller here, and not through another dependency: each costs at every request."""
    parts = wiring(request)
    return ArchiveService(
        claims=read_claims(request),
        reads=parts.archive_reads,
        photos=parts.photos,
        sealer=parts.sealer,
        rule=parts.verification_rule,
        clock=parts.clock,
    )


async def proof_service(request: Request) -> ProofService:
    parts = wiring(request)
    session = parts.database.session()
    return ProofService(
        session=session,
        proofs=ProofRepository(session),
        counters=CounterRepository(session),
        callers=shared.callers(parts, session),
        policy=parts.settings.proof_policy(),
        record_policy=parts.settings.record_policy(),
        clock=parts.clock,
        entropy=parts.entropy,
    )


async def claim_service(request: Request) -> ClaimService:
    parts = wiring(request)
    session = parts.database.session()
    return ClaimService(
        session=session,
        claims=ClaimRepository(session),
        photos=PhotoRepository(session),
        counters=CounterRepository(session),
        callers=shared.callers(parts, session),
        log=shared.claim_log(parts, session),
        holders=shared.claim_holders(parts, session),
        lookups=parts.lookups,
        sealer=parts.sealer,
        policy=parts.settings.claim_policy(),
        clock=parts.clock,
        entropy=parts.entropy,
    )


async def claim_photo_service(request: Request) -> SentPhotoService:
    parts = wiring(request)
    session = parts.database.session()
    home = ClaimPhotos(
        claims=ClaimRepository(session), callers=shared.callers(parts, session), log=shared.claim_log(parts, session)
    )
    return shared.sent_photos(parts, session, home)


async def held_claim_service(request: Request) -> HeldClaimService:
    parts = wiring(request)
    session = parts.database.session()
    return HeldClaimService(
        session=session,
        notices=ClaimNoticeRepository(session),
        holders=shared.claim_holders(parts, session),
        callers=shared.callers(parts, session),
        log=shared.claim_log(parts, session),
        sealer=parts.sealer,
        clock=parts.clock,
    )


async def former_identity_service(request: Request) -> FormerIdentityService:
    parts = wiring(request)
    session = parts.database.session()
    return FormerIdentityService(
        session=session,
        identities=FormerIdentityRepository(session),
        callers=shared.callers(parts, session),
        sealer=parts.sealer,
        clock=parts.clock,
    )


async def correction_service(request: Request) -> CorrectionService:
    parts = wiring(request)
    session = parts.database.session()
    office = RecordOfficeRepository(session)
    return CorrectionService(
        session=session,
        corrections=CorrectionRepository(session),
        office=office,
        records=CorrectedRecords(office=office, sealer=parts.sealer),
        photos=PhotoRepository(session),
        store=parts.sent_photos,
        counters=CounterRepository(session),
        callers=shared.callers(parts, session),
        log=shared.correction_log(parts, session),
        sealer=parts.sealer,
        policy=parts.settings.correction_policy(),
        clock=parts.clock,
        entropy=parts.entropy,
    )


async def correction_photo_service(request: Request) -> SentPhotoService:
    parts = wiring(request)
    session = parts.database.session()
    home = CorrectionPhotos(office=RecordOfficeRepository(session), callers=shared.callers(parts, session))
    return shared.sent_photos(parts, session, home)
