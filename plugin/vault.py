"""Seals secrets for the database: what is stored is of no use without ENCRYPTION_KEYS.

Fernet (AES-128-CBC with HMAC-SHA256) by `cryptography`; the newest key seals, every key opens. A sealed
token names its portal, so that nobody who can write to the database can hand one portal another's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import orjson
from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from plugin.errors import ConfigError, VaultError

_MARK = 8  # characters of a key's fingerprint: enough to tell keys apart, too few to help anybody


class Vault:
    """Seals and opens texts with a list of keys, newest first."""

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys:
            raise ConfigError(
                "There is no encryption key.", cure="Set ENCRYPTION_KEYS: `lifecycle keys new`."
            )
        self._fernets = [_fernet(key) for key in keys]
        self._all = MultiFernet(self._fernets)
        self.newest = fingerprint(keys[0])

    def seal(self, portal_id: int, text: str) -> str:
        """The text, sealed under the newest key for this portal."""
        return self._all.encrypt(orjson.dumps([portal_id, text])).decode()

    def open(self, portal_id: int, sealed: str) -> str:
        """The text; raises VaultError when no key fits, or when it was sealed for another portal."""
        try:
            owner, text = orjson.loads(self._all.decrypt(sealed))
        except InvalidToken as error:
            raise VaultError(
                f"The tokens of portal {portal_id} are sealed under a key not known here."
            ) from error
        if owner != portal_id:
            raise VaultError(
                f"A token stored for portal {portal_id} was sealed for another portal.",
                cure="Somebody changed the database: find out who, then have the portal install again.",
            )
        return str(text)

    def is_newest(self, sealed: str) -> bool:
        """Whether it is sealed under the newest key."""
        try:
            self._fernets[0].decrypt(sealed)
        except InvalidToken:
            return False
        return True


def new_key() -> str:
    """A fresh key, as ENCRYPTION_KEYS takes it."""
    return Fernet.generate_key().decode()


def split_keys(text: str) -> tuple[str, ...]:
    """The keys in a setting: separated by commas, blanks or lines."""
    return tuple(text.replace(",", " ").split())


def is_key(text: str) -> bool:
    """Whether it is a key: 32 bytes in URL-safe base64."""
    try:
        Fernet(text)
    except ValueError:
        return False
    return True


def fingerprint(key: str) -> str:
    """A name for a key that can be shown."""
    return hashlib.sha256(key.encode()).hexdigest()[:_MARK]


def _fernet(key: str) -> Fernet:
    try:
        return Fernet(key)
    except ValueError as error:
        raise ConfigError(
            "ENCRYPTION_KEYS holds something that is no key.", cure="Make keys with `lifecycle keys new`."
        ) from error
