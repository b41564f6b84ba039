"""The functions that installed packages offer as derived facts: entry points of the group `lifecycle.facts`.

A mapping can name nothing else. What may run is decided by who installs packages beside the product, not by
who edits a file.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from plugin.lifecycle.derived import Function, said_of

GROUP = "lifecycle.facts"


@dataclass(frozen=True)
class Offer:
    """A function, or why there is none; `digest` names its code (module and its package's version)."""

    function: Function | None
    problem: str = ""
    cure: str = ""
    digest: str = ""


def offer(name: str, given: Mapping[str, Function] | None = None) -> Offer:
    """The function of that entry point's name, or of its `package.module:function`; `given` ones win.

    Nothing is imported but the module of the function that is named.
    """
    if given and name in given:
        return _checked(name, given[name], "")
    every = list(entry_points(group=GROUP))
    found = [point for point in every if name in (point.name, point.value)]
    if not found:
        known = ", ".join(sorted({point.name for point in every})) or "none"
        cure = (
            f'Offer it in its package\'s pyproject.toml ([project.entry-points."{GROUP}"], '
            f'{name.rpartition(":")[2]} = "package.module:function") and install the package beside this one.'
        )
        return Offer(None, f"no installed package offers a function {name!r} (offered: {known})", cure)
    if len({point.value for point in found}) > 1:
        values = ", ".join(sorted(point.value for point in found))
        return Offer(None, f"several packages offer {name!r}: {values}", "Name the one meant by its value.")
    return _loaded(name, found[0])


def _loaded(name: str, point: EntryPoint) -> Offer:
    package = f"{point.dist.name} {point.dist.version}" if point.dist else "its package"
    try:
        function = point.load()
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:
        said = f"{point.value} of {package} cannot be imported: it {said_of(error)}"
        cure = "Correct or reinstall the package, in the environment in which `lifecycle` runs."
        return Offer(None, said, cure)
    return _checked(name, function, package)


def _checked(name: str, function: object, package: str) -> Offer:
    if not callable(function):
        said = f"{name!r} is no function but of type {type(function).__name__}"
        return Offer(None, said, "Let the entry point name a function that takes a frame.")
    return Offer(function, digest=_digest(function, package))


def _digest(function: Function, package: str) -> str:
    """Twelve hex digits of the module's text; a module without a file is known by its package's version."""
    try:
        text = Path(inspect.getsourcefile(function) or "").read_bytes()
    except (OSError, TypeError):
        text = b""
    return hashlib.sha256(package.encode() + text).hexdigest()[:12]
