"""Records as a person reads them: labels, words for options, money, percent, local time. No HTTP here."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from plugin.sandbox import records
from plugin.sandbox.kinds import kind_of

if TYPE_CHECKING:
    from plugin.sandbox.store import Store

STAGE = "clm_stage"
Past = dict[str, list[dict[str, Any]]]
#: The lifecycle panel's order; what is not named here follows by name.
ORDER = (
    "clm_stage",
    "clm_stage_since",
    "clm_reason",
    "clm_next_action",
    "clm_next_stage",
    "clm_next_stage_on",
    "clm_exited_from",
    "clm_risk_level",
    "clm_risk_flags",
    "clm_risk_reason",
    "clm_value_to_date",
    "clm_average_order",
    "clm_clv",
    "clm_clv_low",
    "clm_clv_high",
    "clm_churn_risk",
    "clm_p_alive",
    "clm_expected_purchases",
    "clm_next_purchase_on",
    "clm_segment",
    "clm_rfm",
    "clm_tier",
)
#: Changes with every write: nobody wants to see them in a history.
NOISE = {"lastmodifieddate", "hs_lastmodifieddate", "hs_object_id"}


@dataclass(frozen=True)
class Shown:
    """One property as the page shows it."""

    name: str
    label: str
    text: str
    raw: str


class Reader:
    """Puts a portal's records into words."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.portal = store.portals.get()
        self.zone = ZoneInfo(self.portal.time_zone)
        self._definitions: dict[str, dict[str, dict[str, Any]]] = {}

    def definitions(self, kind: str) -> dict[str, dict[str, Any]]:
        """Property definitions by name."""
        if kind not in self._definitions:
            self._definitions[kind] = {d["name"]: d for d in self.store.definitions(kind)}
        return self._definitions[kind]

    def label(self, kind: str, name: str) -> str:
        """The property's label, else its name."""
        return str(self.definitions(kind).get(name, {}).get("label") or name)

    def text(self, kind: str, name: str, raw: str) -> str:
        """A wire value in words."""
        definition = self.definitions(kind).get(name, {})
        if kind == "deal" and name in {"dealstage", "pipeline"}:
            return self.stages().get(raw, raw) if name == "dealstage" else self.pipelines().get(raw, raw)
        if definition.get("options"):
            labels = {str(o["value"]): str(o["label"]) for o in definition["options"]}
            return ", ".join(labels.get(part, part) for part in raw.split(";"))
        if definition.get("type") == "number":
            return self._number(definition, raw)
        return self.moment(raw) if definition.get("type") in {"date", "datetime"} else raw

    def _number(self, definition: dict[str, Any], raw: str) -> str:
        try:
            value = float(raw)
        except ValueError:
            return raw
        if definition.get("numberDisplayHint") == "percentage":
            return f"{100 * value:.3g} %"
        money = definition.get("showCurrencySymbol") or "amount" in definition.get("name", "")
        if money:
            return f"{value:,.2f} {self.portal.currency}".replace(",", "\u202f")
        return raw

    def moment(self, raw: str) -> str:
        """`22 Nov 2026` or, where there is a time, `22 Nov 2026, 14:05` in the portal's time zone."""
        try:
            if raw.isdigit():
                found = datetime.fromtimestamp(int(raw) / 1000, UTC)
            else:
                found = datetime.fromisoformat(raw)
        except (ValueError, OverflowError):
            return raw
        if len(raw) == 10 or found.tzinfo is None:
            return f"{found.day} {found:%b %Y}"
        found = found.astimezone(self.zone)
        return f"{found.day} {found:%b %Y, %H:%M}"

    def day(self, raw: str) -> str:
        """The local day of a moment as a date field wants it; "" if it has none."""
        try:
            return datetime.fromisoformat(raw).astimezone(self.zone).date().isoformat()
        except ValueError:
            return ""

    def stages(self) -> dict[str, str]:
        """Deal stage id → label, of all pipelines."""
        return {s["id"]: s["label"] for p in self.store.pipelines_of("deal") for s in p["stages"]}

    def pipelines(self) -> dict[str, str]:
        """Pipeline id → label."""
        return {p["id"]: p["label"] for p in self.store.pipelines_of("deal")}

    def title(self, kind: str, properties: dict[str, str]) -> str:
        """What a person calls the record."""
        if kind == "contact":
            name = f"{properties.get('firstname', '')} {properties.get('lastname', '')}".strip()
            return name or properties.get("email", "") or "Contact without a name"
        name = properties.get("name" if kind == "company" else "dealname", "")
        return name or f"{kind.capitalize()} without a name"

    def shown(self, kind: str, properties: dict[str, str], names: Iterable[str]) -> list[Shown]:
        """These properties in words, those without a value left out."""
        found = ((name, properties.get(name, "")) for name in names)
        return [Shown(n, self.label(kind, n), self.text(kind, n, raw), raw) for n, raw in found if raw]

    def lifecycle(self, kind: str, properties: dict[str, str]) -> list[Shown]:
        """The properties that the product writes, in the panel's order."""
        group = {n for n, d in self.definitions(kind).items() if d.get("groupName") == "customer_lifecycle"}
        names = {n for n in properties if n.startswith("clm_") or n in group}
        place = {name: number for number, name in enumerate(ORDER)}
        return self.shown(kind, properties, sorted(names, key=lambda n: (place.get(n, 99), n)))

    def others(self, kind: str, properties: dict[str, str]) -> list[Shown]:
        """All other properties, by label."""
        ours = {item.name for item in self.lifecycle(kind, properties)}
        rest = self.shown(kind, properties, (n for n in properties if n not in ours))
        return sorted(rest, key=lambda item: item.label.lower())

    def past(
        self, kind: str, history: dict[str, list[dict[str, Any]]], most: int = 40
    ) -> list[dict[str, str]]:
        """The newest changes: when, what, which value, by whom."""
        rows = [
            {"at": e["timestamp"], "name": name, "value": e["value"], "by": e.get("sourceType", "")}
            for name, entries in history.items()
            if name not in NOISE
            for e in entries
        ]
        rows.sort(key=lambda row: row["at"], reverse=True)
        for row in rows[:most]:
            row["label"] = self.label(kind, row["name"])
            row["text"] = self.text(kind, row["name"], row["value"])
            row["when"] = self.moment(row["at"])
        return rows[:most]

    def writable(self, kind: str) -> list[dict[str, Any]]:
        """Definitions of the properties that a person may set, by label."""
        every = self.definitions(kind).values()
        free = [d for d in every if not d.get("modificationMetadata", {}).get("readOnlyValue")]
        return sorted(free, key=lambda d: str(d["label"]).lower())


def fetch(conn: sqlite3.Connection, portal: int, kind: str, ids: Iterable[int]) -> list[records.Record]:
    """The live records with these ids."""
    found = records.fetch(conn, portal, kind_of(kind), ids)
    return [record for record in found.values() if record.live]


def funnel(store: Store, kind: str) -> dict[str, int]:
    """How many live records stand in each stage; "" counts those without one."""
    with store.read() as conn:
        rows = conn.execute(
            "SELECT coalesce(json_extract(CAST(properties AS TEXT), '$.clm_stage'), '') AS stage, count(*) "
            "FROM records WHERE portal = ? AND kind = ? AND archived_at IS NULL AND merged_into IS NULL "
            "GROUP BY stage",
            (store.portals.get().id, kind),
        )
        return {str(stage): int(count) for stage, count in rows}


def in_stage(store: Store, kind: str, stage: str, after: int, limit: int) -> list[dict[str, Any]]:
    """Records of one stage above the id `after`, as `Store.listed` answers them."""
    portal = store.portals.get().id
    with store.read() as conn:
        rows = conn.execute(
            "SELECT id FROM records WHERE portal = ? AND kind = ? AND archived_at IS NULL "
            "AND merged_into IS NULL "
            "AND coalesce(json_extract(CAST(properties AS TEXT), '$.clm_stage'), '') = ? "
            "AND id > ? ORDER BY id LIMIT ?",
            (portal, kind, stage, after, limit),
        )
        found = fetch(conn, portal, kind, [row[0] for row in rows])
    return [{"id": r.id, "properties": r.properties} for r in sorted(found, key=lambda r: r.id)]
