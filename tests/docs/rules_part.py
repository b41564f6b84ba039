"""The part of the reference about rules: facts, conditions, models, presets, flags, segments, plays."""

from __future__ import annotations

from plugin.lifecycle.basics import ALLOWED
from plugin.lifecycle.catalogue import FACTS
from plugin.lifecycle.models import load_models, shipped_files
from plugin.lifecycle.rulefile import open_rule_file
from plugin.mapping import presets
from plugin.mapping.load import read_mapping
from plugin.mapping.model import Mapping
from tests.docs.pages import code, table

MOVES = {
    "still": "stands still",
    "up": "+1 a day",
    "down": "−1 a day",
    "ratio": "grows evenly",
    "curve": "along a curve",
}


def facts() -> str:
    """The facts."""
    text = (
        "\n## Facts\n\nThe columns that conditions, sentences and derived facts read. "
        'NULL means "not known". '
        "A property under `extras` is a\ntext fact by its own name.\n\n"
    )
    rows = [
        [code(name), fact.type, fact.group, MOVES[fact.slope], fact.meaning] for name, fact in FACTS.items()
    ]
    return text + table(("fact", "type", "group", "between events", "meaning"), rows)


def conditions() -> list[tuple[str, str, bool]]:
    """(name, SQL, may be unknown) of every shipped condition."""
    found = []
    for path in shipped_files():
        top = open_rule_file(path, [])
        assert top is not None
        for key, value in top.fields()["conditions"].pairs() if "conditions" in top.fields() else ():
            fields = value.fields() if value.is_mapping() else {"when": value}
            found.append((key.text().value, fields["when"].text().value, "unknown" in fields))
    return found


def conditions_shipped() -> str:
    """The conditions that ship."""
    allowed = f"\n## Conditions\n\nAllowed in a condition: {ALLOWED}. Conditions that ship, by name:\n\n"
    rows = [
        [code(name), code(" ".join(sql.split())), "may be unknown" if keep else "TRUE or FALSE"]
        for name, sql, keep in conditions()
    ]
    return allowed + table(("condition", "meaning", "value"), rows)


def models_and_presets() -> str:
    """Stage models and presets."""
    preset = read_mapping(presets.text("subscriptions").encode())[0]
    known = {**load_models(Mapping()).known, **load_models(preset, preset.rules).known}
    rows = [[code(m.key), m.label(), " → ".join(code(s.key) for s in m.stages)] for m in known.values()]
    text = "\n## Stage models\n\n`subscription` comes with the preset `subscriptions`.\n\n"
    text += table(("model", "label", "stages"), rows)
    names = [[code(name), what] for name, what in presets.SUMMARIES.items()]
    return text + "\n## Presets\n\n" + table(("preset", "for"), names)


def flags_and_segments() -> str:
    """Flags, segments, tiers, levels and plays."""
    models = load_models(Mapping())
    flags = [
        [code(f.key), f.label(), str(f.severity), code(models.flag_plays.get(f.key, ""))]
        for f in models.flags
    ]
    groups = [[code(s.key), "segment", s.label()] for s in models.segments]
    groups += [[code(t.key), "tier", t.label()] for t in models.tiers]
    groups += [[code(level.key), "risk level", level.label()] for level in models.levels]
    plays = [[code(p.key), p.goal.get("en", ""), p.owner, str(p.due_days)] for p in models.plays.values()]
    return (
        "\n## Flags\n\nWorst first.\n\n"
        + table(("flag", "label", "severity", "play"), flags)
        + "\n## Segments, tiers and risk levels\n\n"
        + table(("key", "kind", "label"), groups)
        + "\n## Plays\n\n"
        + table(("play", "goal", "owner", "due in days"), plays)
    )
