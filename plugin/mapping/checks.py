"""What is wrong or odd between the parts of a mapping that are each right by themselves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path as FilePath
from typing import Literal

from plugin.mapping import presets
from plugin.mapping.clash import Clash, named_properties
from plugin.mapping.findings import Severity, nearest
from plugin.mapping.model import ENUMERATIONS, LIFECYCLESTAGE, Mapping
from plugin.mapping.positions import Path
from plugin.mapping.reading_checks import reading_clashes

#: Stage models that ship with the product.
SHIPPED_MODELS = (
    "lifecycle9",
    "path5",
    "clm6",
    "relationship5",
    "value5",
    "growth6",
    "churn5",
    "partnership5",
    "maturity7",
)


#: What a company's contacts tell about the company (lifecycle/people.py); all else is read from itself.
OF_CONTACTS = frozenset({"engagement_dates", "engagement_counters", "outreach_dates", "markers"})


#: Properties of HubSpot's own whose names do not begin with `hs_`, which no results may be written to.
HUBSPOTS_OWN = frozenset(
    {
        *("email", "firstname", "lastname", "phone", "mobilephone", "company", "jobtitle", "website", "name"),
        *("domain", "address", "city", "state", "zip", "country", "industry", "createdate", "closedate"),
        *("lastmodifieddate", "lifecyclestage", "hubspot_owner_id", "description", "amount", "dealstage"),
        *("notes_last_contacted", "notes_last_updated", "num_conversion_events", "recent_conversion_date"),
    }
)
_CUSTOMER: tuple[Path, ...] = (("customer",),)
_SCALE: tuple[Path, ...] = tuple(("csat_scale", one) for one in ("lowest", "highest", "satisfied_from"))
#: (smaller, greater): between a least and a greatest nothing could be held otherwise.
BOUNDS = (("sleeping_min_days", "sleeping_max_days"), ("lost_min_days", "lost_max_days"))
#: (smaller, greater, what would turn around otherwise).
ORDERED = (
    ("sleeping_multiple", "lost_multiple", "some customers are lost before they sleep"),
    ("sleeping_min_days", "lost_min_days", "some customers are lost before they sleep"),
    ("sleeping_max_days", "lost_max_days", "some customers are lost before they sleep"),
    ("sleeping_fixed_days", "lost_fixed_days", "in small portals customers are lost before they sleep"),
    ("just_bought_days", "onboarding_days", "a first order is new for longer than it is being welcomed"),
)


def clashes(mapping: Mapping) -> Iterator[Clash]:
    """Every fault and oddity between sections."""
    yield from _locale(mapping)
    yield from _thresholds(mapping)
    yield from _csat(mapping)
    yield from _purchase(mapping)
    yield from _stages(mapping)
    yield from _contracts(mapping)
    yield from _models(mapping)
    yield from _spend(mapping)
    yield from _output_names(mapping)
    yield from _values(mapping)
    yield from _sources(mapping)
    yield from _unused_sources(mapping)
    yield from reading_clashes(mapping)


def _locale(mapping: Mapping) -> Iterator[Clash]:
    if mapping.locale and mapping.locale.partition("_")[0] != mapping.language:
        said = f"The locale {mapping.locale} is not of the language {mapping.language}: texts would mix both."
        cure = f"Name one that begins with {mapping.language}_, or leave `locale` empty."
        yield Clash((("locale",),), "error", said, cure, (("language",),))


def _thresholds(mapping: Mapping) -> Iterator[Clash]:
    rules: list[tuple[str, str, Severity, str]] = [
        *((low, high, "error", "no silence lies between them") for low, high in BOUNDS),
        *((low, high, "warning", why) for low, high, why in ORDERED),
    ]
    for low, high, severity, why in rules:
        least, most = mapping.thresholds[low], mapping.thresholds[high]
        if least > most:
            paths: tuple[Path, ...] = (("thresholds", low), ("thresholds", high))
            said = f"{low} ({least:g}) is greater than {high} ({most:g}): {why}."
            yield Clash(paths, severity, said, f"Make {low} at most {high}.", paths)


def _csat(mapping: Mapping) -> Iterator[Clash]:
    scale, low = mapping.csat_scale, mapping.thresholds["low_csat_below"]
    if scale.lowest >= scale.highest:
        said = f"lowest ({scale.lowest:g}) is not below highest ({scale.highest:g}): there is no scale."
        paths: tuple[Path, ...] = (("csat_scale", "lowest"), ("csat_scale", "highest"), ("csat_scale",))
        yield Clash(paths, "error", said, "Write the worst and the best answer.", paths)
    elif not scale.lowest < scale.satisfied_from <= scale.highest:
        said = f"satisfied_from ({scale.satisfied_from:g}) makes all answers satisfied, or none."
        cure = f"Write a number above {scale.lowest:g} and up to {scale.highest:g}."
        yield Clash((("csat_scale", "satisfied_from"), ("csat_scale",)), "error", said, cure, _SCALE)
    elif any(mapping.sources(kind).csat for kind in mapping.customer_objects()) and not (
        scale.lowest < low <= scale.satisfied_from
    ):
        said = f"low_csat_below ({low:g}) is off the scale, or calls satisfied answers low."
        cure = f"Write a number above {scale.lowest:g} and up to {scale.satisfied_from:g}."
        paths = (("thresholds", "low_csat_below"), ("csat_scale",))
        yield Clash(paths, "warning", said, cure, (*_SCALE, *_CUSTOMER))


def _purchase(mapping: Mapping) -> Iterator[Clash]:
    purchase = mapping.purchase
    if not purchase.amount:
        said = "No property holds the amount of a purchase: every figure of money stays empty."
        yield Clash((("purchase", "amount"),), "warning", said, "Name one, usually amount.")
    if purchase.margin_property and purchase.cost_property:
        said = "margin_property and cost_property both say what is earned on a deal."
        rests_on = (("purchase", "margin_property"),)
        yield Clash((("purchase", "cost_property"),), "error", said, "Keep one of the two.", rests_on)
    elif purchase.margin_share < 1 and (purchase.margin_property or purchase.cost_property):
        said = "margin_share is not used: a property says what is earned on a deal."
        named = "margin_property" if purchase.margin_property else "cost_property"
        rests_on = (("purchase", named),)
        yield Clash((("purchase", "margin_share"),), "warning", said, "Delete margin_share.", rests_on)


def _stages(mapping: Mapping) -> Iterator[Clash]:
    """A stage that two lists name says two things."""
    purchase = mapping.purchase
    for key, other in (("lost_stages", "won_stages"), ("lost_stages", "refund_stages")):
        for place, stage in enumerate(getattr(purchase, key)):
            if stage in getattr(purchase, other):
                said = f"The stage {stage!r} stands under {key} and under {other}."
                yield Clash((("purchase", key, place),), "error", said, "Keep it in one of the two lists.")


def _contracts(mapping: Mapping) -> Iterator[Clash]:
    purchase = mapping.purchase
    if purchase.setting == "open":
        if purchase.period != type(purchase)().period:
            said = "period is not used: it is that of contracts, and setting is open."
            cure, setting = "Write `setting: contract`, or delete it.", (("purchase", "setting"),)
            yield Clash((("purchase", "period"),), "warning", said, cure, setting)
        return
    for kind in mapping.customer_objects():
        sources = mapping.sources(kind)
        if not (sources.cancelled or sources.cancelled_on):
            said = f"No property of a {kind} tells a notice: a customer is kept until a payment stays out."
            cure = f"Name one as `cancelled_on` under `{kind}`, if there is one."
            rests_on = (*_CUSTOMER, (kind, "cancelled_on"), (kind, "cancelled"))
            yield Clash((("purchase", "setting"),), "warning", said, cure, rests_on)


def _models(mapping: Mapping) -> Iterator[Clash]:
    named: list[tuple[Path, str]] = [(("models", "primary"), mapping.models.primary)]
    named += [(("models", "secondary", place), name) for place, name in enumerate(mapping.models.secondary)]
    for path, name in named:
        if name not in SHIPPED_MODELS and not mapping.rules:
            said = f"{name!r} is not one of {', '.join(SHIPPED_MODELS)}, and `rules` names no file."
            close = nearest(name, SHIPPED_MODELS)
            cure = f"Did you mean {close[0]}?" if close else "Write one of them, or name its file in `rules`."
            yield Clash((path,), "error", said, cure)
    if mapping.models.primary in mapping.models.secondary:
        said = f"{mapping.models.primary} is the primary model and a secondary one."
        cure = "Take it out of secondary."
        yield Clash((("models", "secondary"),), "warning", said, cure, (("models", "primary"),))
    for place, file in enumerate(mapping.rules):
        if not FilePath(file).is_file():
            said, cure = f"There is no rule file {file}.", "Give its path from this file's folder."
            if file.startswith(presets.PREFIX):
                with_rules = (name for name in presets.names() if presets.rule_file(name).is_file())
                cure = f"Rules come with {', '.join(presets.PREFIX + name for name in with_rules)}."
            yield Clash((("rules", place), ("rules",)), "error", said, cure)
    known = {LIFECYCLESTAGE, *_standard(mapping)}
    for name in (one for one in mapping.outputs if one not in known):
        model = name.removeprefix("clm_stage_")
        if model not in mapping.models.secondary:
            said = f"{name} is never written: {model} is no secondary model."
            cure = f"Add {model} to models.secondary."
            yield Clash((("outputs", name),), "warning", said, cure, (("models", "secondary"),))


def _spend(mapping: Mapping) -> Iterator[Clash]:
    if mapping.spend and not FilePath(mapping.spend).is_file():
        said = f"There is no spend table {mapping.spend}: what it costs to win a customer stays unknown."
        yield Clash((("spend",),), "warning", said, "Give its path from this file's folder.")


def _standard(mapping: Mapping) -> tuple[str, ...]:
    return tuple(n for n in type(mapping)().outputs)


def _output_names(mapping: Mapping) -> Iterator[Clash]:
    """Two results in one property, or a property that is read and written."""
    first: dict[str, str] = {}
    read = {name for kind in ("contact", "company") for name in mapping.read_properties(kind)}
    places = {one.name: one.path for one in named_properties(mapping)}
    for standard, output in mapping.crm_outputs():
        path: Path = ("outputs", standard)
        if output.name in first:
            said = f"{standard} and {first[output.name]} are both written to {output.name}."
            paths = (path, ("outputs", first[output.name]))
            yield Clash(paths, "error", said, "Give each its own property, or switch one off.")
        elif output.name in read:
            said = f"{output.name} is written, and read as a source: the product would answer itself."
            cure = f"Read another property, or write {standard} to one of its own under `outputs`."
            place = places.get(output.name, path)
            yield Clash((place, place[:2], path), "warning", said, cure)
        elif standard != LIFECYCLESTAGE and (output.name.startswith("hs_") or output.name in HUBSPOTS_OWN):
            said = f"{output.name} is a property of HubSpot's own: its values would be lost."
            yield Clash((path,), "error", said, f"Give {standard} a property of its own.")
        first.setdefault(output.name, standard)


def _values(mapping: Mapping) -> Iterator[Clash]:
    """Values can be replaced only where there are a few."""
    for name, output in mapping.outputs.items():
        if output.values and name not in ENUMERATIONS and not name.startswith("clm_stage_"):
            said = f"{name} is no choice among a few values: `values` says nothing about it."
            yield Clash((("outputs", name, "values"),), "error", said, "Take `values` out.")


def _unused_sources(mapping: Mapping) -> Iterator[Clash]:
    """Keys of the other kind of record that a file states and nothing reads.

    A value that is the default's too is not told: such a line comes with a copy of the whole default.
    """
    if mapping.customer == "both":
        return
    other: Literal["contact", "company"] = "company" if mapping.customer == "contact" else "contact"
    read = OF_CONTACTS if mapping.customer == "company" else frozenset()
    default = vars(type(mapping)().sources(other))
    for key, value in vars(mapping.sources(other)).items():
        if value and value != default[key] and key not in read:
            said = f"customer is {mapping.customer}: {other}.{key} is not used."
            yield Clash(((other, key),), "warning", said, f"Write it under `{mapping.customer}`.", _CUSTOMER)


def _sources(mapping: Mapping) -> Iterator[Clash]:
    for kind in ("contact", "company"):
        sources = mapping.sources(kind)
        for name in sources.engagement_dates:
            if name in sources.outreach_dates:
                said = f"{name} counts as the customer's act (engagement) and as ours (outreach)."
                yield Clash(
                    ((kind, "outreach_dates"), (kind, "engagement_dates")),
                    "warning",
                    said,
                    "Keep it where it belongs.",
                )
