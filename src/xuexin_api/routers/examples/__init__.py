"""What operations answer in each state, for the contract: whole answers, checked against their schemas by a test."""

from typing import Final

from xuexin_api.openapi import Examples
from xuexin_api.routers.examples.account_changes import ACCOUNT_CHANGES
from xuexin_api.routers.examples.account_holdings import ACCOUNT_HOLDINGS
from xuexin_api.routers.examples.accounts import ACCOUNTS
from xuexin_api.routers.examples.archive import ARCHIVE
from xuexin_api.routers.examples.cases import CASES
from xuexin_api.routers.examples.claims import CLAIMS
from xuexin_api.routers.examples.corrections import CORRECTIONS
from xuexin_api.routers.examples.factors import FACTORS
from xuexin_api.routers.examples.help_centre import HELP_CENTRE
from xuexin_api.routers.examples.help_robot import HELP_ROBOT
from xuexin_api.routers.examples.identity import IDENTITY
from xuexin_api.routers.examples.imports import IMPORTS
from xuexin_api.routers.examples.operators import OPERATORS
from xuexin_api.routers.examples.passkeys import PASSKEYS
from xuexin_api.routers.examples.photos import PHOTOS
from xuexin_api.routers.examples.records import RECORDS
from xuexin_api.routers.examples.recovery import RECOVERY
from xuexin_api.routers.examples.registrations import REGISTRATIONS
from xuexin_api.routers.examples.sessions import SESSIONS
from xuexin_api.routers.examples.staff import STAFF
from xuexin_api.routers.examples.third_party import THIRD_PARTY
from xuexin_api.routers.examples.transfers import TRANSFERS

EXAMPLES: Final[Examples] = {
    **ACCOUNTS,
    **REGISTRATIONS,
    **SESSIONS,
    **THIRD_PARTY,
    **RECOVERY,
    **FACTORS,
    **PASSKEYS,
    **ACCOUNT_CHANGES,
    **ACCOUNT_HOLDINGS,
    **IDENTITY,
    **CASES,
    **PHOTOS,
    **STAFF,
    **OPERATORS,
    **IMPORTS,
    **ARCHIVE,
    **RECORDS,
    **TRANSFERS,
    **CLAIMS,
    **CORRECTIONS,
    **HELP_CENTRE,
    **HELP_ROBOT,
}
"""Operations that are not here show one answer, made of the examples of its fields."""
