"""Who was erased, as keyed digests: enough to keep a person from coming back, too little to tell who it was.

A digest is HMAC-SHA-256 over portal, type and id, cut to 16 bytes; the keys are not in the store. Every way
by which a record enters the store asks here first.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from plugin.errors import ConfigError
from plugin.records.schema import tombstones
from plugin.records.store import Store, chunks

RecordKey = tuple[str, int]
_PART = 400


def digest(key: bytes, portal_id: int, record: RecordKey) -> bytes:
    """16 bytes that stand for a record to whoever holds the key."""
    text = f"{portal_id}:{record[0]}:{record[1]}".encode()
    return hmac.new(key, text, hashlib.sha256).digest()[:16]


def mark_of(key: bytes) -> str:
    """Eight characters that tell keys apart and tell nothing else."""
    return hashlib.sha256(b"tombstones:" + key).hexdigest()[:8]


def put(store: Store, connection: Connection, portal_id: int, records: Iterable[RecordKey], now: int) -> None:
    """Set a tombstone for each record; raises ConfigError where the process has no key."""
    if not store.erasure_keys:
        raise ConfigError(
            "People can be erased only where SECRET_KEY is known.",
            cure="Set SECRET_KEY, or give DATA_DIR the file that the server made.",
        )
    key = store.erasure_keys[0]
    rows = [
        {"portal_id": portal_id, "digest": digest(key, portal_id, one), "key_mark": mark_of(key), "at": now}
        for one in records
    ]
    store.upsert(connection, tombstones, rows)


def erased(
    store: Store, connection: Connection, portal_id: int, records: Iterable[RecordKey]
) -> set[RecordKey]:
    """Those of the records that were erased."""
    if not store.erasure_keys or not _any(connection, portal_id):
        return set()
    by_digest = {digest(key, portal_id, one): one for one in records for key in store.erasure_keys}
    found: set[RecordKey] = set()
    for part in chunks(sorted(by_digest), _PART):
        c = tombstones.c
        query = sa.select(c.digest).where(c.portal_id == portal_id, c.digest.in_(part))
        found |= {by_digest[bytes(one)] for one in connection.execute(query).scalars()}
    return found


def erased_ids(
    store: Store, connection: Connection, portal_id: int, object_type: str, ids: Iterable[int]
) -> set[int]:
    """As `erased`, for records of one type."""
    return {one[1] for one in erased(store, connection, portal_id, [(object_type, id_) for id_ in ids])}


def count(connection: Connection, portal_id: int) -> int:
    """How many tombstones a portal has."""
    query = sa.select(sa.func.count()).where(tombstones.c.portal_id == portal_id)
    return connection.execute(query.select_from(tombstones)).scalar_one()


def check_keys(connection: Connection, keys: Sequence[bytes]) -> None:
    """Raise ConfigError if people were erased with a key that this process does not have.

    Going on would let them come back unseen.
    """
    used = set(connection.execute(sa.select(tombstones.c.key_mark).distinct()).scalars())
    if used - {mark_of(key) for key in keys}:
        raise ConfigError(
            "People were erased under another SECRET_KEY; with this one they would come back unseen.",
            cure="Give every process the same SECRET_KEY; after a change of it name both, as NEW,OLD.",
        )


def _any(connection: Connection, portal_id: int) -> bool:
    query = sa.select(sa.literal(1)).where(tombstones.c.portal_id == portal_id).limit(1)
    return connection.execute(query).first() is not None
