"""What lives as long as the application."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import Request

from xuexin_api.core.clock import Clock
from xuexin_api.core.entropy import Entropy
from xuexin_api.core.passkeys import PasskeyChallenges
from xuexin_api.core.policies import LoginPolicy, PasskeyPolicy, SessionPolicy
from xuexin_api.core.refresh_tokens import RefreshTokens
from xuexin_api.core.sealing import KeyedHash, Sealer
from xuexin_api.core.tokens import TokenMint
from xuexin_api.gateways.identity_providers import IdentityProvider
from xuexin_api.gateways.import_files import ImportFiles
from xuexin_api.gateways.password_hashing import PasswordHashing
from xuexin_api.gateways.photo_store import PhotoStore
from xuexin_api.gateways.picture_intake import PictureIntake
from xuexin_api.gateways.third_party import ThirdParty
from xuexin_api.gateways.throttle import Throttle
from xuexin_api.gateways.upload_slots import UploadSlots
from xuexin_api.repositories.accounts.accounts import AccountReads
from xuexin_api.repositories.archive.archive import ArchiveReads
from xuexin_api.repositories.database import Database
from xuexin_api.services.archive.import_dispatch import ImportDispatcher
from xuexin_api.services.assurance import VerificationRule
from xuexin_api.services.audit.sealing import AuditSealer
from xuexin_api.services.challenges import ChallengeService
from xuexin_api.services.help.interest import HelpInterest
from xuexin_api.services.help.library import HelpLibrary
from xuexin_api.services.housekeeping import HousekeepingService
from xuexin_api.services.lookups import Lookups
from xuexin_api.services.messaging.outbox import OutboxDispatcher
from xuexin_api.services.sessions.session_opening import DeviceTokens
from xuexin_api.settings import Settings


@dataclass(frozen=True, slots=True)
class Wiring:
    """What lives as long as the application; made once by assembly.py."""

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
    login_policy: LoginPolicy
    session_policy: SessionPolicy
    verification_rule: VerificationRule
    devices: DeviceTokens
    hashing: PasswordHashing
    throttle: Throttle
    challenges: ChallengeService
    dispatcher: OutboxDispatcher
    housekeeping: HousekeepingService
    login_providers: Mapping[str, ThirdParty]
    photos: PhotoStore
    pictures: PictureIntake
    sent_photos: PhotoStore
    upload_slots: UploadSlots
    help_library: HelpLibrary
    help_interest: HelpInterest
    account_reads: AccountReads
    archive_reads: ArchiveReads
    identity_providers: Mapping[str, IdentityProvider]
    import_files: ImportFiles
    import_dispatcher: ImportDispatcher
    audit: AuditSealer


def wiring(request: Request) -> Wiring:
    """The application's long-lived parts."""
    parts: Wiring = request.app.state.wiring
    return parts
