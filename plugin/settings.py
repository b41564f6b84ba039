"""The only place that reads the environment: every setting, checked at once, each fault with its cure.

Names and defaults are promises to those who deploy: docs/settings.md lists them.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from plugin.errors import ConfigError
from plugin.vault import is_key, split_keys

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
#: What is said of a path that counts from wherever a command happens to run.
RELATIVE = (
    " (a relative path counts from the folder that the command runs in): give the whole path, or unset it"
)
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
        values = {
            "HUBSPOT_ACCESS_TOKEN": self.access_token,
            "HUBSPOT_CLIENT_ID": self.client_id,
            "HUBSPOT_CLIENT_SECRET": self.client_secret,
            "ENCRYPTION_KEYS": " ".join(self.encryption_keys),
        }
        if self.oauth and "HUBSPOT_ACCESS_TOKEN" in names:
            oauth = ("HUBSPOT_CLIENT_ID", "HUBSPOT_CLIENT_SECRET", "ENCRYPTION_KEYS")
            names = (*oauth, *(name for name in names if name not in {*oauth, "HUBSPOT_ACCESS_TOKEN"}))
        missing = [name for name in names if not values[name]]
        if missing:
            _refuse([f"{name} is not set: {_CURES[name]}" for name in missing])


def load(env: Mapping[str, str] | None = None, *, without: Collection[str] = ()) -> Settings:
    """Read and check the settings; `without`: as if those were not set.

    Raises ConfigError naming every fault at once. A secret may come from the file that NAME_FILE names.
    """
    given = os.environ if env is None else env
    reader = _Reader({name: value for name, value in given.items() if name not in without})
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
    if reader.faults:
        _refuse(reader.faults)
    return settings


def config_file() -> Path | None:
    """The file that LIFECYCLE_CONFIG names, be it there or not."""
    value = os.environ.get("LIFECYCLE_CONFIG", "").strip()
    return Path(value).expanduser().absolute() if value else None


def _app_url(api_url: str) -> str:
    """Where people sign in to the CRM of that API; one that is not HubSpot's own has both in one place."""
    host = urlsplit(api_url).hostname or ""
    return _HUBSPOT_APP if host == _HUBSPOT_API or host.endswith(f".{_HUBSPOT_API}") else api_url


def is_loopback(url: str) -> bool:
    """Whether a URL's host is this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def generated_secret(data_dir: Path, name: str, announce: Callable[[str], None]) -> str:
    """The secret kept in `data_dir` under `name`; made, and announced once, when there is none yet."""
    path = data_dir / name.lower()
    data_dir.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    value = secrets.token_urlsafe(32)
    with os.fdopen(descriptor, "w") as file:
        file.write(value)
    announce(value)
    return value


def _refuse(faults: list[str]) -> None:
    lines = "\n".join(f"  - {fault}" for fault in faults)
    raise ConfigError(
        f"{len(faults)} setting(s) must be corrected:\n{lines}\n", cure="Set them and start again."
    )


class _Reader:
    """Reads single values and collects what is wrong with them."""

    def __init__(self, env: dict[str, str]) -> None:
        self.env = env
        self.faults: list[str] = []

    def text(self, name: str) -> str:
        value = self.env.get(name, "").strip()
        path = self.env.get(f"{name}_FILE", "").strip() if name in SECRETS else ""
        if value or not path:
            return value
        try:
            return Path(path).read_text().strip()
        except OSError as error:
            self.faults.append(f"{name}_FILE: {path} cannot be read ({error.strerror}): name a readable file")
            return ""

    def number(self, name: str, default: int, low: int, high: int) -> int:
        value = self.text(name)
        if not value:
            return default
        if value.isdecimal() and low <= int(value) <= high:
            return int(value)
        self.faults.append(f"{name} is {value!r}: give a whole number from {low} to {high}")
        return default

    def switch(self, name: str) -> bool:
        value = self.text(name).lower()
        if value not in {"", "on", "off", "true", "false", "1", "0"}:
            self.faults.append(f"{name} is {value!r}: give on or off")
        return value in {"on", "true", "1"}

    def choice(self, name: str, allowed: tuple[str, ...]) -> str:
        """One of the words; the first where none is given."""
        value = self.text(name).lower() or allowed[0]
        if value not in allowed:
            self.faults.append(f"{name} is {value!r}: give {', '.join(allowed[:-1])} or {allowed[-1]}")
        return value

    def burst_limit(self, default: int) -> int | None:
        """A limit that nobody set gives way to a share that somebody did."""
        if self.text("HUBSPOT_SHARE") and not self.text("HUBSPOT_BURST_LIMIT"):
            return None
        return self.number("HUBSPOT_BURST_LIMIT", default, 1, 10_000)

    def digits(self, name: str) -> str:
        value = self.text(name)
        if value and not value.isdecimal():
            self.faults.append(f"{name} is {value!r}: give the number that HubSpot shows for the app")
        return value

    def keys(self, name: str) -> tuple[str, ...]:
        found = split_keys(self.text(name))
        wrong = [place for place, key in enumerate(found, 1) if not is_key(key)]
        if wrong:
            self.faults.append(f"{name}: number {wrong[0]} is no key: make keys with `lifecycle keys new`")
        return found

    def url(self, name: str, default: str) -> str:
        value = (self.text(name) or default).rstrip("/")
        parts = urlsplit(value)
        if parts.scheme in {"http", "https"} and parts.hostname and not parts.query:
            return value
        self.faults.append(f"{name} is {value!r}: give an address such as {default}")
        return default

    def database(self, name: str) -> str:
        value = self.text(name)
        if value.startswith(("postgres://", "postgresql://")):
            return "postgresql+psycopg://" + value.split("://", 1)[1]  # what Fly, Heroku and psql write
        if not value or value.startswith(("sqlite:///", "postgresql+psycopg://")):
            return value
        scheme = value.split("://", 1)[0]
        self.faults.append(
            f"{name} starts with {scheme!r}: give sqlite:///FILE or postgresql://USER@HOST/NAME"
        )
        return ""

    def queue(self, name: str) -> str | None:
        value = self.text(name)
        if not value or value.startswith(("redis://", "rediss://", "unix://")):
            return value or None
        self.faults.append(f"{name} is no queue server's address: give redis://HOST:6379/0")
        return None

    def file(self, name: str) -> Path | None:
        value = self.text(name)
        if not value:
            return None
        path = Path(value).expanduser().absolute()
        if not path.is_file():
            said = f"{name} is {value!r}: there is no file {path}"
            relative = not Path(value).expanduser().is_absolute()
            self.faults.append(
                said + RELATIVE if relative else f"{said}: name one that is there, or unset it"
            )
        return path

    def clock_file(self, name: str, api_url: str) -> Path | None:
        value = self.text(name)
        if not value:
            return None
        if not is_loopback(api_url):
            self.faults.append(f"{name} is for tests and works only with a CRM on this machine: unset it")
            return None
        return Path(value).expanduser().absolute()
