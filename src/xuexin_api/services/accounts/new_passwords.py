"""A new password for an account that exists: typed twice, good enough, and not its owner's own data."""

from __future__ import annotations

from xuexin_api.core.errors import BrokenRuleError, FieldProblem, InvalidRequestError
from xuexin_api.core.passwords import canonical_password, check_password
from xuexin_api.core.sealing import DOCUMENT_CONTEXT, EMAIL_CONTEXT, PHONE_CONTEXT, Sealer
from xuexin_api.repositories.accounts.accounts import AccountRow


def judge_new_password(password: str, confirmation: str, account: AccountRow, sealer: Sealer) -> str:
    """The canonical password, or InvalidRequestError at /password and /password_confirmation."""
    canonical = canonical_password(password)
    problems = []
    if canonical_password(confirmation) != canonical:
        problems.append(FieldProblem("/password_confirmation", "passwords_differ", {}))
    try:
        check_password(canonical, personal=_own_data(account, sealer))
    except BrokenRuleError as broken:
        problems.append(FieldProblem("/password", broken.code, broken.params))
    if problems:
        raise InvalidRequestError(problems)
    return canonical


def _own_data(account: AccountRow, sealer: Sealer) -> list[str]:
    own = [account.name, sealer.open(account.document_ciphertext, DOCUMENT_CONTEXT).decode()]
    if account.phone_ciphertext is not None:
        phone = sealer.open(account.phone_ciphertext, PHONE_CONTEXT).decode()
        own += [phone, phone.removeprefix("+86")]
    if account.email_ciphertext is not None:
        email = sealer.open(account.email_ciphertext, EMAIL_CONTEXT).decode()
        own += [email, email.partition("@")[0]]
    return own
