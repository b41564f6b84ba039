"""A mapping file together with the rule files it names, as bytes: what is kept, compared and gone back to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping as MappingABC
from dataclasses import dataclass, field
from pathlib import Path as FilePath

from plugin.errors import ConfigError
from plugin.mapping.file_bytes import file_bytes
from plugin.mapping.load import DEFAULT_NAME, default_text, rule_names

MAX_RULES_BYTES = 5_000_000


@dataclass(frozen=True)
class Bundle:
    """A mapping file's bytes, and its rule files' texts by the names that the file gives them."""

    name: str  # where it came from, for people
    body: bytes
    rules: MappingABC[str, str] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """64 hex digits that name these bytes; the file's name does not count."""
        whole = hashlib.sha256(self.body)
        whole.update(json.dumps(dict(self.rules), sort_keys=True).encode())
        return whole.hexdigest()


def read_bundle(path: FilePath | None) -> Bundle:
    """The mapping file (None: the shipped default) and its rule files, unchecked.

    Raises ConfigError where one cannot be read. A rule file that is missing is left out: the check names it.
    """
    if path is None:
        return Bundle(DEFAULT_NAME, content(None))
    body = content(path)
    folder = path.absolute().parent
    rules = {name: _text(folder / name) for name in rule_names(body) if (folder / name).is_file()}
    if sum(map(len, rules.values())) > MAX_RULES_BYTES:
        said = f"The rule files of {path} are over {MAX_RULES_BYTES:,} bytes together."
        raise ConfigError(said, cure="Keep them smaller.")
    return Bundle(str(path), body, rules)


def content(path: FilePath | None) -> bytes:
    """The mapping file's bytes (None: the shipped default's). ConfigError where it cannot be read."""
    if path is None:
        return default_text().encode()
    try:
        return file_bytes(path)
    except OSError as error:
        cure = "Check its path; `lifecycle config init` writes a first mapping file."
        raise ConfigError(f"{path} cannot be read: {error.strerror}.", cure=cure) from error


def _text(path: FilePath) -> str:
    try:
        return content(path).decode()
    except UnicodeDecodeError as error:
        raise ConfigError(f"The rule file {path} is not UTF-8.", cure="Save it as UTF-8.") from error
