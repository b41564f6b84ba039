"""What writing would change, counted: stages from where to where, properties, who is at risk; with samples.

Pure: takes outcomes and the differences that the write-back would send, and writes nothing. Beside the CRM it
compares with the outcomes kept here, where the question is what another configuration changes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from plugin.lifecycle.pauses import Pauses
from plugin.lifecycle.threshold_hints import threshold_hints
from plugin.mapping.model import Mapping as FieldMapping
from plugin.records.work import RecordKey
from plugin.sync.diff import Change
from plugin.sync.emptiness import Predictions, of_customer, of_everybody
from plugin.sync.samples import Move, Samples
from plugin.sync.tally import Labels, Tally

BATCH = 100  # HubSpot's rule: at most 100 inputs in a batch update
Pairs = dict[str, list[str]]  # property → what stands there, what would


@dataclass
class Preview:
    """Counts over all customers, and twenty samples as different as they come.

    `before`: given where stages, counts and samples are compared with the outcomes kept here instead of with
    what stands in the CRM.
    """

    mapping: FieldMapping
    labels: Labels
    before: Tally | None = None
    predictions: Predictions = field(default_factory=dict)
    account: dict[str, Any] | None = None  # what was read, and what of it was left out
    kept_account: dict[str, Any] | None = None  # the same of the configuration in force
    late: int = 0  # kept outcomes whose day has passed: time, too, tells them from those computed now
    written: int = 0  # customers with at least one property that differs from the CRM
    standing: int = 0  # customers of whom the CRM holds anything of ours
    altered: int = 0  # customers with at least one property that differs from the kept outcome
    failed: int = 0  # customers that could not be computed
    buyers: int = 0
    now: Tally = field(default_factory=Tally)
    moves: Counter[Move] = field(default_factory=Counter)
    properties: Counter[str] = field(default_factory=Counter)  # that would be written
    changed: Counter[str] = field(default_factory=Counter)  # that differ from the kept outcome
    names: Mapping[RecordKey, str] = field(default_factory=dict)  # what samples are called, where it is read
    lanes: dict[str, Any] = field(default_factory=dict)  # how a whole load would read and write
    pauses: Pauses = field(default_factory=Pauses)  # between purchases, by the limit that decided
    _samples: Samples = field(default_factory=Samples)

    def add(
        self,
        body: Mapping[str, Any],
        change: Change | None,
        standing: Mapping[str, str],
        kept: Mapping[str, Any] | None = None,
    ) -> None:
        """Count one customer: outcome, what would be written, what stands in the CRM, what is kept here."""
        self.now.add(body)
        self.buyers += bool(body["metrics"].get("purchases"))
        self.written += change is not None
        self.standing += any(standing.values())
        self.properties.update(change.new.keys() if change else ())
        if self.before is not None and kept is not None:
            self.before.add(kept)
        pairs = _written(change) if self.before is None else _changed(kept, body)
        self.changed.update(pairs.keys() if self.before is not None else ())
        self.altered += self.before is not None and bool(pairs)
        move = (self._from(pairs, body, standing, kept), body["stage"])
        self.moves[move] += move[0] != move[1]
        if pairs:
            self._samples.offer(body, move, pairs, lambda: self._sample(body, pairs, move))

    def _from(
        self,
        pairs: Pairs,
        body: Mapping[str, Any],
        standing: Mapping[str, str],
        kept: Mapping[str, Any] | None,
    ) -> str:
        """The stage from which the customer would move; the computed one where it stays."""
        if self.before is not None:
            return str(kept["stage"]) if kept else ""
        output = dict(self.mapping.outputs)["clm_stage"]
        if output.name not in pairs:
            return str(body["stage"])
        there = standing.get(output.name) or ""
        keys = list(self.labels["stages"])
        ours = {output.wire(key): key for key in reversed(keys)}  # of several the first
        return ours.get(there, there)

    def _sample(self, body: Mapping[str, Any], pairs: Pairs, move: Move) -> dict[str, Any]:
        return {
            "object": body["object"],
            "id": int(body["id"]),
            "from": move[0],
            "to": move[1],
            "reason": body.get("reason") or "",
            "properties": pairs,
            "written": dict(body["written"]),
            "why_empty": of_customer(body, self.mapping, self.predictions),
        }

    def samples(self) -> list[dict[str, Any]]:
        """At most twenty, with their names."""
        return [
            {**one, "name": self.names.get((one["object"], one["id"]), "")} for one in self._samples.chosen()
        ]

    def as_dict(self) -> dict[str, Any]:
        """For machines; `samples` hold what differs, `record` is the first of them with every property."""
        whole = self.samples()
        empty = of_everybody(self.now, self.mapping, self.predictions, self.buyers)
        moves = [{"from": a, "to": b, "customers": n} for (a, b), n in self.moves.most_common() if n]
        return {
            "customers": self.now.customers,
            "written": self.written,
            "unchanged": self.now.customers - self.written,
            "failed": self.failed,
            "calls": -(-self.written // BATCH),
            "account": self.account,
            "lanes": self.lanes,
            "predictions": self.predictions,
            **self.now.as_dict(self.labels),
            "moves": moves,
            "labels": self.labels,
            "properties": dict(self.properties.most_common()),
            "empty": empty,
            "thresholds": [asdict(one) for one in threshold_hints(self.pauses, self.mapping.thresholds)],
            "compared": self._compared(),
            "samples": [{k: v for k, v in one.items() if k not in ("written", "why_empty")} for one in whole],
            "record": _record(whole, empty),
            "named": {name: self.mapping.outputs[f"clm_{name}"].name for name in ("stage", "reason")},
        }

    def _compared(self) -> dict[str, Any] | None:
        """How it is now, by the outcomes kept here, and which properties would hold another value."""
        if self.before is None:
            return None
        return {
            "customers": self.before.customers,
            "late": self.late,
            "altered": self.altered,
            "standing": self.standing,
            "account": self.kept_account,
            "changed": dict(self.changed.most_common()),
            **self.before.as_dict(self.labels),
        }


def _record(samples: list[dict[str, Any]], empty: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The first sample whole; what it lacks for no cause of its own, it may lack for that of all."""
    if not samples:
        return None
    shared = {name: one["because"] for one in empty for name in one["properties"]}
    why = {name: said or shared.get(name, "") for name, said in samples[0]["why_empty"].items()}
    return {**samples[0], "why_empty": why}


def _written(change: Change | None) -> Pairs:
    return {name: [change.old[name], value] for name, value in change.new.items()} if change else {}


def _changed(kept: Mapping[str, Any] | None, body: Mapping[str, Any]) -> Pairs:
    """What differs from the kept outcome, of the properties that would be written."""
    before = kept["written"] if kept else {}
    found = {name: [before.get(name) or "", text or ""] for name, text in body["written"].items()}
    return {name: pair for name, pair in found.items() if pair[0] != pair[1]}
