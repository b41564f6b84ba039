"""The mapping file that LIFECYCLE_CONFIG names: taken up at the start, and again whenever it was changed.

The store's newest version is what everything is computed with. The file becomes a version when its content
is another than when it was looked at last, so that a restart does not undo `config apply` or a rollback.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from plugin.errors import ConfigError, LifecycleError
from plugin.jobs.config_apply import apply_bundle
from plugin.jobs.configs import Configurations
from plugin.jobs.context import Context
from plugin.mapping.bundle import Bundle, content, read_bundle
from plugin.mapping.file_bytes import is_empty
from plugin.mapping.load import load_mapping
from plugin.records import configs, portals
from plugin.records.configs import DEFAULT, EVERYONE, FILE, Origin, Version
from plugin.records.store import Store

SEEN = "config_file"  # the digest of the file when it was looked at last
REFUSED = "config_refused"  # why the file as it stands now is not in force
RETRY_MS = 60_000

log = logging.getLogger(__name__)


def start(known: Configurations, path: Path | None, now: int) -> Version | None:
    """Put the file in force on a store that has no version yet; ConfigError names every fault of it."""
    if known.head(EVERYONE) is not None:
        return None
    bundle = _checked(known, path)
    store = known.store
    with store.write() as connection:
        first = configs.add_first(connection, store, bundle, _origin(path, now, "at the first start"))
        if first is not None:
            portals.set_watermark(connection, store, EVERYONE, SEEN, {"digest": bundle.digest}, now)
    return first


def _checked(known: Configurations, path: Path | None) -> Bundle:
    if path is not None:
        load_mapping(path)  # so that messages name the file where the user has it
    bundle = read_bundle(path)
    known.loaded(bundle)
    return bundle


def _origin(path: Path | None, now: int, note: str) -> Origin:
    return Origin(FILE if path else DEFAULT, f"file {path}" if path else "the program", now, note)


def differs(context: Context, path: Path | None) -> bool:
    """Whether the file says something that was not taken up."""
    with context.store.read() as connection:
        present = configs.current(connection, EVERYONE)
        seen = (portals.watermark(connection, EVERYONE, SEEN) or {}).get("digest")
    if path is None and (present is None or present.source != DEFAULT):
        return False  # a program's new default does not replace what somebody chose
    digest = read_bundle(path).digest
    return digest != seen and (present is None or digest != present.digest)


def stands_apart(store: Store, path: Path | None) -> int | None:
    """The number of the version in force for everyone, where the file is another text; None: it is the same.

    None, too, where no file is named, there is no version yet, or the file is empty or cannot be read.
    """
    if path is None or empty_fault(store, path) is not None:
        return None
    with store.read() as connection:
        present = configs.current(connection, EVERYONE)
    try:
        return present.number if present is not None and read_bundle(path).digest != present.digest else None
    except ConfigError:
        return None


def empty_fault(store: Store, path: Path | None) -> ConfigError | None:
    """Why a file without any content is not put in force; None: it has some, or cannot be read."""
    try:
        if path is None or not is_empty(content(path)):
            return None
    except ConfigError:
        return None
    with store.read() as connection:
        present = configs.current(connection, EVERYONE)
    if present is None:
        return ConfigError(f"{path} is empty.", cure="Write `version: 1` for the shipped default.")
    back = f"`lifecycle config show {present.number} --out {path}` writes that version into it"
    return ConfigError(
        f"{path} is empty: version {present.number} stays in force.",
        cure=f"{back}; for the shipped default write `version: 1`.",
    )


def let_be(context: Context, path: Path | None) -> int | None:
    """What somebody put in force stays, though the file says something else: it counts when it is changed.

    Gives the number of the version in force, where the file is another text.
    """
    number = stands_apart(context.store, path)
    if number is not None and path is not None:
        note_seen(context, read_bundle(path))
    return number


def take_up(
    context: Context, path: Path | None, note: str = "at start", digest: str | None = None
) -> Version | None:
    """Put the file in force if it was changed; None: it was not. Raises ConfigError or CrmError.

    With a `digest` only the content of that name is taken up: None where the file has another by now.
    """
    if context.configs is None:
        return None
    if not differs(context, path):
        _forget_refusal(context)
        return None
    if (empty := empty_fault(context.store, path)) is not None:
        raise empty
    bundle = _checked(context.configs, path)
    if digest not in (None, bundle.digest):
        return None
    done = apply_bundle(context, bundle, _origin(path, context.now(), note))
    note_seen(context, bundle)
    return done.version


def note_seen(context: Context, bundle: Bundle) -> None:
    """Note that the file as it stands has been taken up."""
    with context.store.write() as connection:
        body = {"digest": bundle.digest}
        portals.set_watermark(connection, context.store, EVERYONE, SEEN, body, context.now())
        portals.clear_watermark(connection, EVERYONE, REFUSED)


def take_up_again(context: Context, path: Path | None, digest: str | None = None) -> Version | None:
    """The running server takes the file up; a file that is wrong is told of, and changes nothing."""
    if _rests(context, path):
        return None
    try:
        version = take_up(context, path, "changed while running", digest)
    except LifecycleError as error:
        if digest in (None, digest_of(path)):  # else it is being written this moment: the next look tells
            _refuse(context, path, error)
        return None
    if version is not None:
        log.info("configuration in force", extra={"version": version.number, "file": str(path)})
    return version


def _rests(context: Context, path: Path | None) -> bool:
    """Whether this very content was refused less than a minute ago."""
    told = refusal(context)
    if told is None or context.now() - told["at"] >= RETRY_MS:
        return False
    return digest_of(path) in (told["digest"], "")


def digest_of(path: Path | None) -> str:
    """What names the file's content; empty where it cannot be read."""
    try:
        return read_bundle(path).digest
    except ConfigError:
        return ""


def refusal(context: Context) -> dict[str, Any] | None:
    """Why the file that is watched is not in force; None: nothing is wrong with it."""
    with context.store.read() as connection:
        return portals.watermark(connection, EVERYONE, REFUSED)


def _refuse(context: Context, path: Path | None, error: LifecycleError) -> None:
    log.error("configuration refused", extra={"file": str(path), "error": str(error)})
    body = {"file": str(path), "digest": digest_of(path), "at": context.now()}
    body |= {"message": error.message, "cure": error.cure}
    with context.store.write() as connection:
        portals.set_watermark(connection, context.store, EVERYONE, REFUSED, body, context.now())


def _forget_refusal(context: Context) -> None:
    if refusal(context) is not None:
        with context.store.write() as connection:
            portals.clear_watermark(connection, EVERYONE, REFUSED)
