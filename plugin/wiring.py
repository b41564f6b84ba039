"""The one place that knows all rooms: puts the parts of a process together from its settings."""

from __future__ import annotations

import atexit
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, lru_cache, partial
from pathlib import Path

import requests
from redis import Redis
from redis.exceptions import RedisError

from plugin import __version__, settings
from plugin.clock import Clock, SystemClock, milliseconds
from plugin.embedded import EmbeddedQueue
from plugin.errors import QueueError
from plugin.hubspot.budget import Budget, RedisBudget
from plugin.hubspot.client import Crm
from plugin.hubspot.client.breaker import Breaker
from plugin.hubspot.client.journal import Journal
from plugin.hubspot.client.oauth import App
from plugin.hubspot.shared_breaker import RedisBreaker
from plugin.jobs.bells import RqBells
from plugin.jobs.config_files import start
from plugin.jobs.configs import Configurations
from plugin.jobs.context import Bells, Context, Silence
from plugin.jobs.tokens import Tokens
from plugin.lifecycle.models import load_models
from plugin.lifecycle.ruleset import Models
from plugin.mapping.load import fingerprint, load_mapping
from plugin.mapping.model import Mapping
from plugin.records import tombstones
from plugin.records.configs import EVERYONE
from plugin.records.store import Store
from plugin.settings import Settings
from plugin.vault import Vault


@dataclass(frozen=True)
class Parts:
    """What a process runs on."""

    settings: Settings
    context: Context
    redis: Redis
    redis_url: str
    bells: RqBells
    app: App | None = None  # with OAuth: the app as HubSpot knows it
    vault: Vault | None = None

    def ping_queue(self) -> None:
        """Raise QueueError unless the queue server answers."""
        try:
            self.redis.ping()
        except RedisError as error:
            raise QueueError(f"The queue server did not answer: {error}") from error


def open_parts(chosen: Settings, *, silent: bool = False) -> Parts:
    """Connect to the store and the queue server (the embedded one is found or started) and load the rules.

    `silent`: ring no bells, because this process does the work itself.
    """
    clock = SystemClock(chosen.clock_file)
    redis_url = chosen.redis_url or _embedded(chosen.data_dir)
    # a queue server that hangs must not hang us: bells and budget can do without it for a while
    redis = Redis.from_url(redis_url, socket_timeout=2, socket_connect_timeout=2)
    bells = RqBells(redis)
    store = open_store(chosen)
    app, vault = open_app(chosen, clock) if chosen.oauth else (None, None)
    tokens = Tokens(store, clock, vault, app) if app is not None and vault is not None else None
    context = build_context(
        store=store,
        clock=clock,
        crm=crm_maker(
            chosen,
            clock,
            tokens,
            partial(_budget, chosen, redis, clock),
            lambda portal_id: RedisBreaker(redis, portal_id=portal_id, clock=clock),
        ),
        bells=Silence() if silent else bells,
        config_path=chosen.config_path,
        keep_days=chosen.keep_days,
        journal=_journal(chosen, clock),
        bulk=chosen.bulk,
    )
    return Parts(chosen, context, redis, redis_url, bells, app, vault)


def open_app(chosen: Settings, clock: Clock) -> tuple[App, Vault]:
    """The app's own line to HubSpot, and what its tokens are sealed with."""
    app = App(
        base_url=chosen.api_url,
        client_id=chosen.client_id,
        client_secret=chosen.client_secret,
        clock=clock,
        version=chosen.api_version,
    )
    return app, Vault(chosen.encryption_keys)


def open_store(chosen: Settings) -> Store:
    """The store of these settings, able to know whom it must not take in again."""
    return Store(chosen.database_url, erasure_keys=chosen.secret_keys())


def migrate_store(chosen: Settings) -> None:
    """Bring the schema up to date, and make sure that no erased person could come back unseen.

    Raises StoreError, and ConfigError if SECRET_KEY is not the one that people were erased with.
    """
    store = open_store(chosen)
    store.migrate()
    with store.read() as connection:
        tombstones.check_keys(connection, store.erasure_keys)
    store.close()


def build_context(
    *,
    store: Store,
    clock: Clock,
    crm: Callable[[int, str], Crm],
    bells: Bells,
    config_path: Path | None = None,
    keep_days: int = settings.KEEP_DAYS,
    journal: Journal | None = None,
    bulk: str = "off",
) -> Context:
    """The jobs' context: the given parts, and the configuration in force.

    The first process to open a store puts the file at `config_path` (None: the shipped default) in force.
    """
    known = Configurations(store, config_version)
    start(known, config_path, milliseconds(clock.now()))
    found = known.of(EVERYONE)
    if found is None:
        raise LookupError("no version of the configuration is kept")
    return Context(
        store,
        clock,
        found.mapping,
        found.models,
        found.config_version,
        crm,
        bells,
        keep_days=keep_days,
        journal=journal,
        configs=known,
        bulk=bulk,
    )


def config_version(mapping: Mapping, models: Models | None = None) -> str:
    """A short name of everything that outcomes are computed by, beside records and parameters."""
    said = fingerprint(
        replace(mapping, rules=(), spend="")
    )  # where files stand says nothing; rules' bytes do
    digest = hashlib.blake2b(f"{__version__}:{said}".encode(), digest_size=12)
    for file in mapping.rules:
        digest.update(Path(file).read_bytes())
    if mapping.derived_facts:  # a function whose code changed is another rule
        for derived in (models or load_models(mapping, mapping.rules)).derived.values():
            digest.update(derived.digest.encode())
    return digest.hexdigest()


def rules(config_path: Path | None) -> tuple[Mapping, Models]:
    """The mapping and its models, for commands that need no store."""
    mapping = load_mapping(config_path)
    return mapping, load_models(mapping, mapping.rules)


_queues: dict[Path, EmbeddedQueue] = {}


def _embedded(data_dir: Path) -> str:
    """The embedded queue server's address; this process counts as its user until it leaves."""
    if data_dir not in _queues:
        _queues[data_dir] = EmbeddedQueue(data_dir)
    return _queues[data_dir].start()


@atexit.register
def leave_queues() -> None:
    """Leave the embedded queue servers that this process used; the last to leave stops one."""
    while _queues:
        _queues.popitem()[1].stop()


def _budget(chosen: Settings, redis: Redis, clock: Clock, portal_id: int) -> Budget:
    limit, share = chosen.burst_limit, chosen.share
    return RedisBudget(redis, portal_id=portal_id, clock=clock, limit=limit, share=share)


def crm_maker(
    chosen: Settings,
    clock: Clock,
    tokens: Tokens | None,
    budget: Callable[[int], Budget],
    breaker: Callable[[int], Breaker | None] = lambda _: None,
) -> Callable[[int, str], Crm]:
    """A portal's CRM by (portal id, priority); connections are shared by a process' threads.

    Without `tokens` every portal is opened by the one access token of the settings.
    """
    session = requests.Session()

    @lru_cache(maxsize=256)
    def portal(portal_id: int) -> Crm:
        return Crm(
            base_url=chosen.api_url,
            token=partial(tokens.token, portal_id) if tokens else lambda: chosen.access_token,
            renew=partial(tokens.renew, portal_id) if tokens else None,
            portal_id=portal_id,
            budget=budget(portal_id),
            clock=clock,
            version=chosen.api_version,
            session=session,
            breaker=breaker(portal_id),
        )

    return lambda portal_id, priority: portal(portal_id).with_priority(priority)  # type: ignore[arg-type]


def _journal(chosen: Settings, clock: Clock) -> Journal | None:
    """The app's journal of events, where the settings switch it on."""
    if not chosen.journal:
        return None
    chosen.require("HUBSPOT_CLIENT_ID", "HUBSPOT_CLIENT_SECRET")
    return Journal(
        base_url=chosen.api_url,
        client_id=chosen.client_id,
        client_secret=chosen.client_secret,
        clock=clock,
        version=chosen.api_version,
    )


@cache
def process_parts() -> Parts:
    """The parts of this process, made at the first call from its environment."""
    return open_parts(settings.load(required=("HUBSPOT_ACCESS_TOKEN",)))


def process_context() -> Context:
    """The context of this process."""
    return process_parts().context


def bell_answered(queue: str, what: str) -> None:
    """A worker of this process has come to a bell."""
    process_parts().bells.answered(queue, what)
