"""Reads single settings out of an environment, and collects what is wrong with them, each with its cure."""

from __future__ import annotations

from collections.abc import Collection
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from plugin.vault import is_key, split_keys

#: What is said of a path that counts from wherever a command happens to run.
RELATIVE = (
    " (a relative path counts from the folder that the command runs in): give the whole path, or unset it"
)


def is_loopback(url: str) -> bool:
    """Whether a URL's host is this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


class Reader:
    """Reads single values and collects what is wrong with them; `secrets` may stand in files (NAME_FILE)."""

    def __init__(self, env: dict[str, str], secrets: Collection[str] = ()) -> None:
        self.env, self.secrets = env, secrets
        self.faults: list[str] = []

    def text(self, name: str) -> str:
        """The value, "" where there is none; of a secret also from the file that NAME_FILE names."""
        value = self.env.get(name, "").strip()
        path = self.env.get(f"{name}_FILE", "").strip() if name in self.secrets else ""
        if value or not path:
            return value
        try:
            return Path(path).read_text().strip()
        except OSError as error:
            self.faults.append(f"{name}_FILE: {path} cannot be read ({error.strerror}): name a readable file")
        except UnicodeDecodeError:
            self.faults.append(f"{name}_FILE: {path} is no text file: name one that holds the secret alone")
        return ""

    def number(self, name: str, default: int, low: int, high: int) -> int:
        """A whole number within bounds, both included."""
        value = self.text(name)
        if not value:
            return default
        if value.isdecimal() and low <= int(value) <= high:
            return int(value)
        self.faults.append(f"{name} is {value!r}: give a whole number from {low} to {high}")
        return default

    def switch(self, name: str) -> bool:
        """on or off; off where none is given."""
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
        """The number that HubSpot shows for an app, as text."""
        value = self.text(name)
        if value and not value.isdecimal():
            self.faults.append(f"{name} is {value!r}: give the number that HubSpot shows for the app")
        return value

    def keys(self, name: str) -> tuple[str, ...]:
        """The keys that tokens are sealed with, newest first."""
        found = split_keys(self.text(name))
        wrong = [place for place, key in enumerate(found, 1) if not is_key(key)]
        if wrong:
            self.faults.append(f"{name}: number {wrong[0]} is no key: make keys with `lifecycle keys new`")
        return found

    def url(self, name: str, default: str) -> str:
        """An address of a web server, without a slash at its end."""
        value = (self.text(name) or default).rstrip("/")
        parts = urlsplit(value)
        if parts.scheme in {"http", "https"} and parts.hostname and not parts.query:
            return value
        self.faults.append(f"{name} is {value!r}: give an address such as {default}")
        return default

    def database(self, name: str) -> str:
        """The address of a database in SQLAlchemy's words; "" where none is given."""
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
        """The address of a queue server."""
        value = self.text(name)
        if not value or value.startswith(("redis://", "rediss://", "unix://")):
            return value or None
        self.faults.append(f"{name} is no queue server's address: give redis://HOST:6379/0")
        return None

    def file(self, name: str) -> Path | None:
        """A file that is there."""
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
        """A file for tests, which only a CRM on this machine allows."""
        value = self.text(name)
        if not value:
            return None
        if not is_loopback(api_url):
            self.faults.append(f"{name} is for tests and works only with a CRM on this machine: unset it")
            return None
        return Path(value).expanduser().absolute()
