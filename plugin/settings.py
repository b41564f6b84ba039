"""The only place that reads the environment: every setting, checked at once, each fault with its cure.

Names and defaults are promises to those who deploy: docs/settings.md lists them.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from plugin.errors import ConfigError
from plugin.settings_reader import Reader

#: Every environment variable the product reads (docs and tests hold to this list).
NAMES = (
    "DATA_DIR",
    "DATABASE_URL",
    "REDIS_URL",
    "PORT",
    "PUBLIC_URL",
    "HUBSPOT_API_URL",
    "HUBSPOT_APP_URL",
    "HUBSPOT_ACCESS_TOKEN",
    "HUBSPOT_CLIENT_ID",
    "HUBSPOT_CLIENT_SECRET",
    "HUBSPOT_APP_ID",
    "HUBSPOT_DEVELOPER_KEY",
    "HUBSPOT_BURST_LIMIT",
    "HUBSPOT_SHARE",
    "ENCRYPTION_KEYS",
    "KEEP_DAYS",
    "HUBSPOT_JOURNAL",
    "HUBSPOT_BULK",
    "HUBSPOT_API_VERSION",
    "LIFECYCLE_CONFIG",
    "LIFECYCLE_CLOCK_FILE",
    "SECRET_KEY",
    "ADMIN_TOKEN",
)
SECRETS = frozenset(
    {
        "HUBSPOT_ACCESS_TOKEN",
        "HUBSPOT_CLIENT_SECRET",
        "HUBSPOT_DEVELOPER_KEY",
        "ENCRYPTION_KEYS",
        "SECRET_KEY",
        "ADMIN_TOKEN",
        "DATABASE_URL",
        "REDIS_URL",
    }
)

API_VERSIONS = ("2026-09", "2026-03", "legacy")  # of HubSpot's API; the first is the default
STATIC_TOKEN_BURST = 100  # requests per 10 s of a Free or Starter account with a private app
OAUTH_BURST = 110  # and of an app that is installed by OAuth
KEEP_DAYS = 30
_HUBSPOT_API, _HUBSPOT_APP = "hubapi.com", "https://app.hubspot.com"
_CURES = {
    "HUBSPOT_ACCESS_TOKEN": "copy the access token of your app from HubSpot's settings; for many portals by "
    "OAuth set HUBSPOT_CLIENT_ID instead",
    "HUBSPOT_CLIENT_ID": "copy the client id from the app's Auth page in HubSpot",
    "ENCRYPTION_KEYS": "make one with `lifecycle keys new`; the portals' tokens are stored under it",
    "HUBSPOT_CLIENT_SECRET": "copy the client secret of your app; it checks that webhooks come from HubSpot",
}


@dataclass(frozen=True)
class Settings:
    """The settings of one process; secrets do not show in its text form."""

    data_dir: Path
    database_url: str = field(repr=False)
    redis_url: str | None = field(default=None, repr=False)  # None: the embedded server in data_dir
    port: int = 8000
    public_url: str = "http://localhost:8000"
    api_url: str = "https://api.hubapi.com"
    access_token: str = field(default="", repr=False)
    client_secret: str = field(default="", repr=False)
    burst_limit: int | None = STATIC_TOKEN_BURST  # None: the share of whatever the account allows
    journal: bool = False  # read HubSpot's own record of events, too
    bulk: str = "off"  # a whole base is read by export and written by import: off, on, auto (very large ones)
    api_version: str = API_VERSIONS[0]
    share: float = 1.0  # of the account's allowance that is ours
    config_path: Path | None = None
    clock_file: Path | None = None
    secret_key: str = field(default="", repr=False)  # several, newest first, joined by commas
    admin_token: str = field(default="", repr=False)
    app_url: str = _HUBSPOT_APP  # where people grant access and see records
    client_id: str = ""
    app_id: str = ""
    developer_key: str = field(default="", repr=False)
    encryption_keys: tuple[str, ...] = field(default=(), repr=False)  # newest first
    keep_days: int = KEEP_DAYS

    @property
    def oauth(self) -> bool:
        """Whether many portals are served by OAuth; an access token means one portal."""
        return bool(self.client_id) and not self.access_token

    def secret_keys(self) -> list[bytes]:
        """The keys of sessions and tombstones, newest first; made in DATA_DIR where none is set."""
        text = self.secret_key or generated_secret(self.data_dir, "SECRET_KEY", lambda _: None)
        return [one.strip().encode() for one in text.split(",") if one.strip()]

    def require(self, *names: str) -> None:
        """Refuse to go on, with every missing setting and its cure, unless the named ones are set.

        Where portals come by OAuth, what that needs stands for HUBSPOT_ACCESS_TOKEN.
        """
        missing = self.missing(names)
        if missing:
            _refuse([f"{name} is not set: {_CURES[name]}" for name in missing])

    def missing(self, names: tuple[str, ...]) -> list[str]:
        """Those of the named settings that are not set; see `require`."""
        values = {
            "HUBSPOT_ACCESS_TOKEN": self.access_token,
            "HUBSPOT_CLIENT_ID": self.client_id,
            "HUBSPOT_CLIENT_SECRET": self.client_secret,
            "ENCRYPTION_KEYS": " ".join(self.encryption_keys),
        }
        if self.oauth and "HUBSPOT_ACCESS_TOKEN" in names:
            oauth = ("HUBSPOT_CLIENT_ID", "HUBSPOT_CLIENT_SECRET", "ENCRYPTION_KEYS")
            names = (*oauth, *(name for name in names if name not in {*oauth, "HUBSPOT_ACCESS_TOKEN"}))
        return [name for name in names if not values[name]]


def load(
    env: Mapping[str, str] | None = None, *, without: Collection[str] = (), required: tuple[str, ...] = ()
) -> Settings:
    """Read and check the settings; `without`: as if those were not set; `required`: see `Settings.require`.

    Raises ConfigError naming every fault at once. A secret may come from the file that NAME_FILE names.
    """
    given = os.environ if env is None else env
    reader = Reader({name: value for name, value in given.items() if name not in without}, SECRETS)
    data_dir = Path(reader.text("DATA_DIR") or "./var").expanduser().absolute()
    port = reader.number("PORT", 8000, 1, 65_535)
    api_url = reader.url("HUBSPOT_API_URL", "https://api.hubapi.com")
    oauth = bool(reader.text("HUBSPOT_CLIENT_ID")) and not reader.text("HUBSPOT_ACCESS_TOKEN")
    settings = Settings(
        data_dir=data_dir,
        database_url=reader.database("DATABASE_URL") or f"sqlite:///{data_dir / 'lifecycle.db'}",
        redis_url=reader.queue("REDIS_URL"),
        port=port,
        public_url=reader.url("PUBLIC_URL", f"http://localhost:{port}"),
        api_url=api_url,
        access_token=reader.text("HUBSPOT_ACCESS_TOKEN"),
        client_secret=reader.text("HUBSPOT_CLIENT_SECRET"),
        burst_limit=reader.burst_limit(OAUTH_BURST if oauth else STATIC_TOKEN_BURST),
        journal=reader.switch("HUBSPOT_JOURNAL"),
        bulk=reader.choice("HUBSPOT_BULK", ("off", "on", "auto")),
        api_version=reader.choice("HUBSPOT_API_VERSION", API_VERSIONS),
        share=reader.number("HUBSPOT_SHARE", 100, 1, 100) / 100,
        config_path=reader.file("LIFECYCLE_CONFIG"),
        clock_file=reader.clock_file("LIFECYCLE_CLOCK_FILE", api_url),
        secret_key=reader.text("SECRET_KEY"),
        admin_token=reader.text("ADMIN_TOKEN"),
        app_url=reader.url("HUBSPOT_APP_URL", _app_url(api_url)),
        client_id=reader.text("HUBSPOT_CLIENT_ID"),
        app_id=reader.digits("HUBSPOT_APP_ID"),
        developer_key=reader.text("HUBSPOT_DEVELOPER_KEY"),
        encryption_keys=reader.keys("ENCRYPTION_KEYS"),
        keep_days=reader.number("KEEP_DAYS", KEEP_DAYS, 0, 3_650),
    )
    named = {fault.split(" ", 1)[0].removesuffix(":").removesuffix("_FILE") for fault in reader.faults}
    if required and settings.journal:
        required = tuple(dict.fromkeys((*required, "HUBSPOT_CLIENT_ID", "HUBSPOT_CLIENT_SECRET")))
    missing = [name for name in settings.missing(required) if name not in named]
    faults = [*reader.faults, *(f"{name} is not set: {_CURES[name]}" for name in missing)]
    if faults:
        _refuse(faults)
    return settings


def offline_clock(env: Mapping[str, str] | None = None) -> Path | None:
    """The file that moves the clock of commands that neither serve nor call the CRM; else nothing is checked.

    As everywhere it is honoured only beside a CRM on this machine.
    """
    reader = Reader(dict(os.environ if env is None else env))
    return reader.clock_file("LIFECYCLE_CLOCK_FILE", reader.text("HUBSPOT_API_URL"))


def offline_config(env: Mapping[str, str] | None = None) -> Path | None:
    """The mapping file of commands on CSV files that were given none; ConfigError if it is not there."""
    reader = Reader(dict(os.environ if env is None else env))
    found = reader.file("LIFECYCLE_CONFIG")
    if reader.faults:
        _refuse(reader.faults)
    return found


def config_file() -> Path | None:
    """The file that LIFECYCLE_CONFIG names, be it there or not."""
    value = os.environ.get("LIFECYCLE_CONFIG", "").strip()
    return Path(value).expanduser().absolute() if value else None


def _app_url(api_url: str) -> str:
    """Where people sign in to the CRM of that API; one that is not HubSpot's own has both in one place."""
    host = urlsplit(api_url).hostname or ""
    return _HUBSPOT_APP if host == _HUBSPOT_API or host.endswith(f".{_HUBSPOT_API}") else api_url


def generated_secret(data_dir: Path, name: str, announce: Callable[[str], None]) -> str:
    """The secret kept in `data_dir` under `name`; made, and announced once, when there is none yet."""
    path = data_dir / name.lower()
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            if kept := _kept_secret(path):
                return kept
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        cure = f"Set DATA_DIR to a folder that this user may write to, or set {name}."
        raise ConfigError(f"{path} cannot be written: {error.strerror}.", cure=cure) from error
    with os.fdopen(descriptor, "r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # whoever comes first fills it, and nobody reads it half made
        if kept := file.read().strip():
            return kept
        value = secrets.token_urlsafe(32)
        file.write(value)
        file.flush()
    announce(value)
    return value


def _kept_secret(path: Path) -> str:
    """What stands in the file once nobody is writing it; "" where its writer was killed before."""
    with path.open() as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        return file.read().strip()


def _refuse(faults: list[str]) -> None:
    lines = "\n".join(f"  - {fault}" for fault in faults)
    raise ConfigError(
        f"{len(faults)} setting(s) must be corrected:\n{lines}\n", cure="Set them and start again."
    )
