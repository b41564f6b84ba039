"""The shape of a mapping file, section by section (marshmallow); checks across sections are in checks.py."""

from __future__ import annotations

import dataclasses
import re
from typing import Any, get_args

from marshmallow import Schema, ValidationError, fields

from plugin.mapping.checks import SHIPPED_MODELS
from plugin.mapping.derived import DerivedFacts
from plugin.mapping.fields import (
    Choice,
    Known,
    Number,
    OneOrMany,
    Property,
    Said,
    Switch,
    Text,
    currencies,
    locales,
    refuse,
    shown,
    time_zones,
)
from plugin.mapping.findings import did_you_mean
from plugin.mapping.model import (
    DEFAULT_THRESHOLDS,
    LIFECYCLESTAGE,
    LOSS_CATEGORIES,
    OUTPUT_NAMES,
    Attribution,
    BillingPeriod,
    CustomerObject,
    Language,
    Setting,
    Sources,
    UpdateMode,
)
from plugin.mapping.sources import Source, SourceList
from plugin.mapping.upgrades import STEPS
from plugin.mapping.yaml_faults import invisible, visible

CURRENT_VERSION = 1 + len(STEPS)
SECONDARY_OUTPUT = "clm_stage_"
#: What YAML 1.1 took for true and false, and a text is here.
SWITCHES = {**dict.fromkeys(("on", "yes", "y"), "true"), **dict.fromkeys(("off", "no", "n"), "false")}


def _threshold(name: str) -> Number:
    """Days and counts are whole; multiples and shares are not."""
    if name == "decline_ratio":
        return Number(0, 1)
    if name.endswith("_multiple"):
        return Number(0.1, 1000)
    if name == "low_csat_below":
        return Number(0, 1000)
    if name == "gap_prior":
        return Number(0, 1000)
    if name == "season_grace_days":
        return Number(0, 180, whole=True)  # beyond half a year every season would be the same
    lowest = 1 if name in {"loyal_after_purchases", "trend_days"} else 0
    return Number(lowest, 36_500 if name.endswith("_days") else 1_000_000, whole=True)


def _source(kind: Any) -> fields.Field[Any]:
    """One source of facts: a property, or several."""
    return Source(allow_none=True) if kind == "str | None" else SourceList(Source())


def unknown_key(key: str, where: str, schema: Schema) -> Said:
    """The complaint about a key that the schema does not have."""
    plain = "".join(char for char in key if not invisible(char))
    cure = _moved(plain, where, schema) or did_you_mean(plain, schema.fields, "keys")
    return Said(f"There is no key `{visible(key)}`{where}.", cure)


def _moved(key: str, where: str, schema: Schema) -> str:
    """The cure of a right key that is indented too little or too much; empty for other faults."""
    if where:
        return f"Begin its line with `{key}:`, without spaces." if key in MappingSchema().fields else ""
    nested = [(name, f.schema) for name, f in schema.fields.items() if isinstance(f, fields.Nested)]
    sections = [f"`{name}`" for name, section in nested if key in section.fields]
    return f"Write it under {' or '.join(sections)}, indented by two spaces." if sections else ""


class PurchaseSchema(Schema):
    """Which deals are purchases."""

    pipelines = OneOrMany(Text())
    won_stages = OneOrMany(Text())
    lost_stages = OneOrMany(Text())
    refund_stages = OneOrMany(Text())
    amount = SourceList(Source())
    date = Source()
    margin_share = Number(0, 1)
    margin_property = Source(allow_none=True)
    cost_property = Source(allow_none=True)
    attribution = Choice(get_args(Attribution))
    setting = Choice(get_args(Setting))
    period = Choice(get_args(BillingPeriod))


class Values(fields.Field[dict[str, str]]):
    """Our value → the option of the portal's that is written for it."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> dict[str, str]:
        if not isinstance(value, dict):
            raise refuse(f"{shown(value)} is no table of values.", "Write `values: {loyal: vip}`.")
        good: dict[str, str] = {}
        bad: dict[str, Any] = {}
        for ours, theirs in value.items():
            if (
                isinstance(theirs, bool)
                or not isinstance(theirs, (str, int))
                or ";" in str(theirs)
                or theirs == ""
            ):
                cure = "Write the option's internal value; it has no semicolon in it."
                bad[ours] = [Said(f"{shown(theirs)} is no option of a property.", cure)]
            else:
                good[ours] = str(theirs)
        if bad:
            raise ValidationError(bad, valid_data=good)
        return good


class OutputSchema(Schema):
    """Where one result goes."""

    name = Property()
    write = Switch()
    mode = Choice(get_args(UpdateMode))
    label = Text(allow_none=True)
    values = Values()


class Stages(fields.Field[dict[str, str]]):
    """Our stage → the portal's."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> dict[str, str]:
        cure = "Write one pair a stage, such as `sleeping: customer`."
        if not isinstance(value, dict) or not value:
            raise refuse(f"{shown(value)} does not say which stage of ours is which of the portal's.", cure)
        for ours, theirs in value.items():
            if not isinstance(ours, str) or isinstance(theirs, bool) or not isinstance(theirs, (str, int)):
                raise refuse(f"{shown(ours)}: {shown(theirs)} is no pair of stages.", cure)
        return {ours: str(theirs) for ours, theirs in value.items()}


class NativeStageSchema(Schema):
    """How HubSpot's own stage is written."""

    write = Switch()
    mode = Choice(get_args(UpdateMode))
    stages = Stages()


class ModelName(fields.Field[str]):
    """The name of a stage model; whether there is one is known when the rule files are."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if isinstance(value, str) and re.fullmatch("[a-z][a-z0-9_]{0,59}", value):
            return value
        cure = "Use lower-case letters, digits and _, first a letter, at most 60."
        raise refuse(f"{shown(value)} is not the name of a stage model.", cure)


class ModelsSchema(Schema):
    """Which stage models run; names that did not ship are looked for in the rule files."""

    primary = ModelName()
    secondary = OneOrMany(ModelName())


class Outputs(fields.Field[dict[str, dict[str, Any]]]):
    """Outputs by their standard name; `false` switches one off, a word renames it."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Any, **kwargs: Any
    ) -> dict[str, dict[str, Any]]:
        if not isinstance(value, dict):
            raise refuse("Outputs are a list of names with settings.", "Write `clm_stage: {write: true}`.")
        good: dict[str, dict[str, Any]] = {}
        bad: dict[str, Any] = {}
        for name, settings in value.items():
            try:
                good[name] = self._one(name, settings)
            except ValidationError as error:
                bad[name] = error.messages
        if bad:
            raise ValidationError(bad, valid_data=good)
        return good

    def _one(self, name: str, settings: Any) -> dict[str, Any]:
        if name == LIFECYCLESTAGE:
            return self._native(settings)
        models = {SECONDARY_OUTPUT + m for m in SHIPPED_MODELS}
        if name not in OUTPUT_NAMES and not str(name).startswith(SECONDARY_OUTPUT):
            cure = did_you_mean(name, (*OUTPUT_NAMES, LIFECYCLESTAGE, *models), "outputs")
            raise ValidationError({"<key>": [Said(f"There is no output {shown(name)}.", cure)]})
        if isinstance(settings, bool):
            return {"write": settings}
        if isinstance(settings, str) and settings.lower() in SWITCHES:
            said = f"{shown(settings)} would be the name of a property."
            raise refuse(said, f"Write {SWITCHES[settings.lower()]}; or rename the property otherwise.")
        if isinstance(settings, str):
            return {"name": Property().deserialize(settings)}
        if not isinstance(settings, dict):
            raise refuse(
                f"{shown(settings)} is no setting of an output.", "Write `{name: ..., write: true}`."
            )
        return self._settings(OutputSchema(), settings, f" in {name}")

    def _native(self, settings: Any) -> dict[str, Any]:
        """HubSpot's own stage is written only by a table: ours are other stages than the portal's."""
        if settings is False:
            return {"write": False}
        if not isinstance(settings, dict) or "stages" not in settings:
            said = f"{LIFECYCLESTAGE} is HubSpot's own: `stages` must say which stage of ours is which of it."
            raise refuse(said, "Write `lifecyclestage: {stages: {lead: lead, active: customer, ...}}`.")
        return self._settings(NativeStageSchema(), settings, f" in {LIFECYCLESTAGE}")

    def _settings(self, schema: Schema, settings: dict[str, Any], where: str) -> dict[str, Any]:
        bad: dict[str, Any] = {
            key: {"<key>": [unknown_key(key, where, schema)]} for key in settings if key not in schema.fields
        }
        good: Any = {}
        try:
            good = schema.load({k: v for k, v in settings.items() if k in schema.fields})
        except ValidationError as error:
            messages: Any = error.messages
            bad |= messages
        if bad:
            raise ValidationError(bad)
        return dict(good)


class Headers(fields.Field[dict[str, str]]):
    """CSV header → property."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> dict[str, str]:
        if not isinstance(value, dict):
            raise refuse("Headers are pairs.", "Write `CSV header: property_name`.")
        good: dict[str, str] = {}
        bad: dict[str, Any] = {}
        for header, name in value.items():
            try:
                good[header] = Property(required=True).deserialize(name) or ""
            except ValidationError as error:
                bad[header] = error.messages
        if bad:
            raise ValidationError(bad, valid_data=good)
        return good


class LossReasons(fields.Field[dict[str, str]]):
    """A reason of loss as people write it → its category."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> dict[str, str]:
        if not isinstance(value, dict):
            raise refuse("Reasons of loss are pairs.", "Write `Too expensive: price`.")
        good: dict[str, str] = {}
        bad: dict[str, Any] = {}
        for reason, named in value.items():
            if named in LOSS_CATEGORIES:
                good[str(reason).strip().casefold()] = str(named)
            else:
                cure = did_you_mean(str(named), LOSS_CATEGORIES, "categories")
                bad[reason] = [Said(f"{shown(named)} is no category of loss.", cure)]
        if bad:
            raise ValidationError(bad, valid_data=good)
        return good


class CsatScaleSchema(Schema):
    """The scale on which satisfaction is answered."""

    lowest = Number(-1000, 1000)
    highest = Number(-1000, 1000)
    satisfied_from = Number(-1000, 1000)


SourcesSchema = Schema.from_dict(
    {f.name: _source(f.type) for f in dataclasses.fields(Sources)}, name="SourcesSchema"
)
ThresholdsSchema = Schema.from_dict({n: _threshold(n) for n in DEFAULT_THRESHOLDS}, name="ThresholdsSchema")


class Version(fields.Field[int]):
    """The version of the file's format."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if value != CURRENT_VERSION or isinstance(value, bool):
            raise refuse(
                f"This program reads version {CURRENT_VERSION}, not {shown(value)}.",
                f"Write `version: {CURRENT_VERSION}`.",
            )
        return CURRENT_VERSION


class MappingSchema(Schema):
    """The whole file."""

    version = Version()
    time_zone = Known("time zone", time_zones, "Europe/Warsaw", allow_none=True)
    currency = Known("currency", currencies, "EUR", allow_none=True)
    language = Choice(get_args(Language))
    locale = Known("locale", locales, "en_GB", allow_none=True)
    customer = Choice(get_args(CustomerObject))
    purchase = fields.Nested(PurchaseSchema)
    contact = fields.Nested(SourcesSchema)
    company = fields.Nested(SourcesSchema)
    thresholds = fields.Nested(ThresholdsSchema)
    models = fields.Nested(ModelsSchema)
    read_companies = Switch()
    read_histories = Switch()
    tasks = Switch()
    compare_seasons = Switch()
    csat_scale = fields.Nested(CsatScaleSchema)
    spend = Text(allow_none=True)
    loss_reasons = LossReasons()
    rules = OneOrMany(Text())
    derived_facts = DerivedFacts(allow_none=True)
    outputs = Outputs()
    headers = Headers()
