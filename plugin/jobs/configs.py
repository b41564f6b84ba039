"""Which configuration a portal is computed with: the store's newest version, held ready by each process.

All processes ask the store, so all agree. What was begun with one version ends with it: a job asks once, at
its beginning, and again between two rounds of work.
"""

from __future__ import annotations

import tempfile
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from plugin.jobs.config_faults import value_findings
from plugin.lifecycle.models import load_models
from plugin.lifecycle.ruleset import Models
from plugin.mapping.bundle import Bundle
from plugin.mapping.load import read_mapping, refuse_faults
from plugin.mapping.model import Mapping
from plugin.records import configs
from plugin.records.configs import Head
from plugin.records.store import Store

KEPT = 64  # versions whose rules a process holds ready; portals with a version of their own take turns


@dataclass(frozen=True)
class InForce:
    """One version, ready to compute with; `head` says which: portal (0: everyone's), number, digest."""

    head: Head
    mapping: Mapping
    models: Models
    config_version: str


class Configurations:
    """The versions of one store. `name` gives a mapping the short name that outcomes carry."""

    def __init__(self, store: Store, name: Callable[[Mapping, Models], str]) -> None:
        self.store = store
        self.name = name
        self._ready: dict[str, InForce] = {}
        self._lock = threading.Lock()
        self._folder = tempfile.TemporaryDirectory(prefix="lifecycle-rules-")

    def head(self, portal_id: int) -> Head | None:
        """Which version is in force for a portal; None before there is any."""
        with self.store.read() as connection:
            return configs.head(connection, portal_id)

    def of(self, portal_id: int) -> InForce | None:
        """The configuration in force for a portal; None before there is any.

        Raises ConfigError where this program cannot read it, which an older program than wrote it may not.
        """
        found = self.head(portal_id)
        if found is None:
            return None
        with self._lock:
            if found[2] not in self._ready:
                self._ready[found[2]] = self._load(found)
                while len(self._ready) > KEPT:
                    del self._ready[next(iter(self._ready))]
            ready = self._ready[found[2]]
        return InForce(found, ready.mapping, ready.models, ready.config_version)

    def _load(self, found: Head) -> InForce:
        with self.store.read() as connection:
            version = configs.get(connection, found[0], found[1])
        if version is None or version.bundle is None:
            raise LookupError(f"version {found[1]} of {found[0]} is gone")
        mapping, models = self.loaded(version.bundle)
        return InForce(found, mapping, models, self.name(mapping, models))

    def loaded(self, bundle: Bundle) -> tuple[Mapping, Models]:
        """The mapping and rules of a bundle; raises ConfigError with every fault of either."""
        folder = Path(bundle.name).absolute().parent
        mapping, findings = read_mapping(bundle.body, folder, self._files(bundle))
        refuse_faults(bundle.name, findings)
        models = load_models(mapping, mapping.rules)
        refuse_faults(bundle.name, value_findings(bundle.body, mapping, models))
        return mapping, models

    def _files(self, bundle: Bundle) -> dict[str, Path]:
        """The bundle's rule files on disk, each in a folder named by the bundle's digest."""
        files = {}
        for place, (name, text) in enumerate(bundle.rules.items()):
            file = Path(self._folder.name) / bundle.digest[:16] / str(place) / Path(name).name
            if not file.exists():
                file.parent.mkdir(parents=True, exist_ok=True)
                beside = file.with_name(uuid.uuid4().hex)  # another thread finds it whole, or not at all
                beside.write_text(text, encoding="utf-8", newline="")
                beside.replace(file)
            files[name] = file
        return files
