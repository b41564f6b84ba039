"""What a change of the mapping asks for: records to be read anew, parameters to be fitted anew. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping as MappingABC
from collections.abc import Sequence
from dataclasses import replace

from plugin.mapping.load import fingerprint
from plugin.mapping.model import Mapping, ModelChoice

#: Object type → what of it is read: properties, and `history:NAME` for those whose past is read.
Reads = MappingABC[str, Sequence[str]]


def reads(mapping: Mapping) -> dict[str, list[str]]:
    """What is read, by object type: properties, pasts, links with companies, and our own outputs."""
    types = ["contact", "deal", *(["company"] if "company" in mapping.customer_objects() else [])]
    ours = [f"output:{output.name}" for _, output in mapping.crm_outputs()]
    links = ["links:company"] if mapping.companies else []
    return {
        name: sorted(
            [
                *mapping.read_properties(name),
                *(f"history:{one}" for one in mapping.history_properties(name)),
                *(links if name != "company" else []),
                *(ours if name in mapping.customer_objects() else []),
            ]
        )
        for name in types
    }


def reads_digest(mapping: Mapping) -> str:
    """A short name of what is read."""
    text = json.dumps(reads(mapping), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def more_to_read(wanted: Reads, done: Reads) -> list[str]:
    """The object types of which `wanted` asks for something that `done` did not read."""
    return [name for name, names in wanted.items() if not set(names) <= set(done.get(name, ()))]


def fit_basis(mapping: Mapping) -> str:
    """A short name of everything in the mapping that a fit looks at; another name asks for a new fit."""
    blank = Mapping()
    return fingerprint(
        replace(
            mapping,
            version=blank.version,
            language=blank.language,
            locale=None,
            models=ModelChoice(),
            tasks=False,
            rules=(),
            outputs=blank.outputs,
            headers=blank.headers,
            spend=None,
            loss_reasons=blank.loss_reasons,
            csat_scale=blank.csat_scale,
        )
    )
