"""Everything that the product keeps, as text: each column of each table, each key of the queue server."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from contextlib import suppress

import sqlalchemy as sa
from redis import Redis

from plugin.records.store import Store


def of_store(store: Store) -> Iterator[tuple[str, str]]:
    """(table.column, value) of every value; the tables are those of the database, not those we know of."""
    with store.read() as connection:
        for table in sa.inspect(connection).get_table_names():
            for row in connection.execute(sa.text(f'SELECT * FROM "{table}"')).mappings():
                for name, value in row.items():
                    yield f"{table}.{name}", _text(value)


def of_redis(redis: Redis) -> Iterator[tuple[str, str]]:
    """(key, value) of everything in a queue server, jobs unpacked; a key's own name is a value, too."""
    for key in redis.scan_iter():
        name = key.decode()
        yield name, name
        for value in _values(redis, key):
            yield name, _text(value)


def _values(redis: Redis, key: bytes) -> list[bytes]:
    kind = redis.type(key).decode()
    if kind == "string":
        return [redis.get(key) or b""]
    if kind == "hash":
        return [part for pair in redis.hgetall(key).items() for part in pair]
    if kind == "list":
        return list(redis.lrange(key, 0, -1))
    if kind == "set":
        return list(redis.smembers(key))
    if kind == "zset":
        return list(redis.zrange(key, 0, -1))
    return [repr(redis.xrange(key)).encode()]


def _text(value: object) -> str:
    if not isinstance(value, bytes):
        return str(value)
    with suppress(zlib.error):
        value = zlib.decompress(value)
    return value.decode("latin-1")


def mentions(found: Iterator[tuple[str, str]], sought: int | str) -> list[str]:
    """Where in a dump a number stands, alone or within a text, or a text."""
    word = re.compile(re.escape(sought) if isinstance(sought, str) else rf"(?<!\d){sought}(?!\d)")
    return sorted({place for place, text in found if word.search(text)})
