"""Seals every portal's tokens anew under the newest key, beside running workers.

A row is replaced only if nobody changed it meanwhile: what a worker just renewed is sealed under the newest
key already, or is met again in the next round.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from plugin.errors import VaultError
from plugin.records import accounts
from plugin.records.accounts import Account
from plugin.records.store import Store
from plugin.vault import Vault

_ROUNDS = 5  # a row that changed under our hands is met again


@dataclass(frozen=True)
class Sealing:
    """How many portals' tokens are under the newest key, under an older one, and under none that we have."""

    newest: int
    older: int
    unreadable: tuple[int, ...]

    def as_dict(self) -> dict[str, Any]:
        """For machines."""
        return asdict(self)


def sealing(store: Store, vault: Vault) -> Sealing:
    """How things are sealed now."""
    found: dict[str, list[int]] = {"newest": [], "older": [], "unreadable": []}
    with store.read() as connection:
        for account in accounts.every(connection):
            if account.refresh_token is not None:
                found[_state(vault, account)].append(account.portal_id)
    return Sealing(len(found["newest"]), len(found["older"]), tuple(found["unreadable"]))


def _state(vault: Vault, account: Account) -> str:
    tokens = [token for token in _tokens(account) if token is not None]
    if all(vault.is_newest(token) for token in tokens):
        return "newest"
    try:
        for token in tokens:
            vault.open(account.portal_id, token)
    except VaultError:
        return "unreadable"
    return "older"


def rotate(store: Store, vault: Vault) -> Sealing:
    """Seal everything that can be read under the newest key; returns how things are sealed afterwards."""
    for _ in range(_ROUNDS):
        with store.read() as connection:
            older = [one for one in accounts.every(connection) if _is_older(vault, one)]
        if not older:
            break
        for account in older:
            with store.write() as connection:
                access, refresh = (_again(vault, account, one) for one in _tokens(account))
                accounts.reseal(connection, account, access, refresh)
    return sealing(store, vault)


def _tokens(account: Account) -> tuple[str | None, str | None]:
    return account.access_token, account.refresh_token


def _is_older(vault: Vault, account: Account) -> bool:
    return account.refresh_token is not None and _state(vault, account) == "older"


def _again(vault: Vault, account: Account, sealed: str | None) -> str | None:
    return None if sealed is None else vault.seal(account.portal_id, vault.open(account.portal_id, sealed))
