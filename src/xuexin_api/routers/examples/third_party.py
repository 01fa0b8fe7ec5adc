"""Third-party login, and the identities that an account linked."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from xuexin_api.openapi import Examples, Shown
from xuexin_api.routers.examples.accounts import NOW
from xuexin_api.routers.examples.sessions import STEPS
from xuexin_api.routers.presentation import providers
from xuexin_api.schemas.third_party import LinkedIdentity, LinkedIdentityList

_UNUSED: Final = LinkedIdentity(provider="wechat", linked_at=NOW, last_used_at=None)
_USED: Final = LinkedIdentity(provider="alipay", linked_at=NOW, last_used_at=NOW + timedelta(days=1))

THIRD_PARTY: Final[Examples] = {
    "list_login_providers": {
        "all": Shown("All that there are.", lambda language: providers(["alipay", "wechat", "weibo"], language)),
        "none": Shown("Third-party login is closed.", lambda language: providers([], language)),
    },
    "finish_third_party_login": STEPS,
    "list_linked_identities": {
        "none": Shown("Nothing is linked.", LinkedIdentityList(items=[])),
        "linked": Shown("One used since, one not.", LinkedIdentityList(items=[_USED, _UNUSED])),
    },
}
