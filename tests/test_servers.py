"""The servers that tests stand on: real, separate, and gone afterwards."""

from __future__ import annotations

from pathlib import Path

import redis
import sqlalchemy as sa

from tests.support.postgres import new_database, postgres_server
from tests.support.valkey import valkey_server


def test_postgres_gives_each_caller_an_empty_database_of_its_own() -> None:
    with postgres_server() as server:
        for _ in range(2):
            with new_database(server) as url:
                engine = sa.create_engine(url)
                with engine.begin() as connection:
                    connection.execute(sa.text("CREATE TABLE seen (id bigint)"))
                engine.dispose()
        home = Path(server.partition("host=")[2])
        assert home.is_dir()
    assert not home.exists()


def test_valkey_serves_and_leaves_nothing() -> None:
    with valkey_server() as url:
        assert redis.Redis.from_url(url).set("a", "1")
    assert not Path(url.removeprefix("unix://")).parent.exists()
