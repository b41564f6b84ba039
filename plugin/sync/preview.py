"""What writing would change, counted: stages from where to where, properties, who is at risk; with samples.

Pure: takes outcomes and the differences that the write-back would send, and writes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from plugin.mapping.model import Mapping as FieldMapping
from plugin.records.work import RecordKey
from plugin.sync.diff import Change

SAMPLES = 20
BATCH = 100  # HubSpot's rule: at most 100 inputs in a batch update
Labels = Mapping[str, Mapping[str, str]]
Move = tuple[str, str]  # stage that stands in the CRM ("": none), stage computed


@dataclass
class Preview:
    """Counts over all customers, and twenty samples spread over the kinds of move."""

    mapping: FieldMapping
    labels: Labels  # "flags", "levels", "segments", "tiers" and each secondary model: key → label, as ruled
    account: dict[str, Any] | None = None  # what was read, and what of it was left out
    customers: int = 0
    written: int = 0  # customers with at least one property that differs
    failed: int = 0  # customers that could not be computed
    stages: Counter[str] = field(default_factory=Counter)
    flags: Counter[str] = field(default_factory=Counter)  # customers with each risk flag
    levels: Counter[str] = field(default_factory=Counter)  # customers of each risk level
    segments: Counter[str] = field(default_factory=Counter)  # customers in each segment
    tiers: Counter[str] = field(default_factory=Counter)  # and in each tier; those in none are not counted
    secondary: dict[str, Counter[str]] = field(default_factory=dict)  # model → stage → customers
    moves: Counter[Move] = field(default_factory=Counter)
    properties: Counter[str] = field(default_factory=Counter)
    names: Mapping[RecordKey, str] = field(default_factory=dict)  # what samples are called, where it is read
    lanes: dict[str, Any] = field(default_factory=dict)  # how a whole load would read and write
    _samples: dict[Move, list[dict[str, Any]]] = field(default_factory=dict)

    def add(
        self,
        body: Mapping[str, Any],
        change: Change | None,
        standing: Mapping[str, str],
        stage: str | None = None,
    ) -> None:
        """Count one customer: its outcome, what would be written, and what stands in the CRM.

        `stage`: the one it would move from, where that is not what stands in the CRM.
        """
        self.customers += 1
        self.stages[body["stage"]] += 1
        self.flags.update(body["risk_flags"])
        self.levels[body["risk_level"]] += 1
        self._count_groups(body)
        move = (self._stands(standing) if stage is None else stage, body["stage"])
        if change is None and stage is None:
            return
        self.written += change is not None
        self.properties.update(change.new.keys() if change else ())
        if move[0] != move[1]:
            self.moves[move] += 1
        if change is None and move[0] == move[1]:
            return
        kept = self._samples.setdefault(move, [])
        if len(kept) < SAMPLES:
            kept.append(_sample((body["object"], int(body["id"])), body, change, move))

    def _count_groups(self, body: Mapping[str, Any]) -> None:
        self.segments.update(body["segments"])
        if tier := body["metrics"]["tier"]:
            self.tiers[tier] += 1
        for model in self.mapping.models.secondary:
            self.secondary.setdefault(model, Counter())[body["stages"][model]] += 1

    def _stands(self, standing: Mapping[str, str]) -> str:
        return standing.get(dict(self.mapping.outputs)["clm_stage"].name) or ""

    def samples(self) -> list[dict[str, Any]]:
        """Up to twenty: one of each kind of move, then the next of each, the most frequent moves first.

        Those who would be written and stay in their stage come after all who move.
        """
        order = sorted(self._samples, key=lambda move: (-self.moves[move], move))
        kinds = [move for move in order if move[0] != move[1]], [move for move in order if move[0] == move[1]]
        turns = (
            self._samples[move][turn]
            for kind in kinds
            for turn in range(SAMPLES)
            for move in kind
            if self._has(move, turn)
        )
        return [
            {**sample, "name": self.names.get((sample["object"], sample["id"]), "")}
            for sample, _ in zip(turns, range(SAMPLES), strict=False)
        ]

    def _has(self, move: Move, turn: int) -> bool:
        return turn < len(self._samples[move])

    def as_dict(self) -> dict[str, Any]:
        """For machines; `samples` hold what differs, `record` is the first of them with every property."""
        samples = [{k: v for k, v in one.items() if k != "written"} for one in self.samples()]
        moves = [{"from": a, "to": b, "customers": n} for (a, b), n in self.moves.most_common()]
        return {
            "customers": self.customers,
            "written": self.written,
            "unchanged": self.customers - self.written,
            "failed": self.failed,
            "calls": -(-self.written // BATCH),
            "account": self.account,
            "lanes": self.lanes,
            "stages": dict(self.stages.most_common()),
            "moves": moves,
            "flags": dict(self.flags.most_common()),
            "levels": {key: self.levels[key] for key in self.labels["levels"]},
            "segments": dict(self.segments.most_common()),
            "tiers": {key: self.tiers[key] for key in self.labels["tiers"]},
            "secondary": {model: dict(found.most_common()) for model, found in self.secondary.items()},
            "labels": self.labels,
            "properties": dict(self.properties.most_common()),
            "samples": samples,
            "record": next(iter(self.samples()), None),
        }


def _sample(key: RecordKey, body: Mapping[str, Any], change: Change | None, move: Move) -> dict[str, Any]:
    return {
        "object": key[0],
        "id": key[1],
        "from": move[0],
        "to": move[1],
        "reason": body.get("reason") or "",
        "properties": {name: [change.old[name], value] for name, value in change.new.items()}
        if change
        else {},
        "written": dict(body["written"]),
    }
