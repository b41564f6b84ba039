"""What a mapping says, as typed values: which CRM fields mean what, the thresholds, and where results go.

Pure data. `load.py` reads it from YAML; nothing here knows files, the CRM or the store.
"""

from __future__ import annotations

from collections.abc import Mapping as MappingABC
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from plugin.mapping.readings import Reading

Language = Literal["en", "ru", "pl"]
CustomerObject = Literal["contact", "company", "both"]
Attribution = Literal["split", "all", "primary"]
Setting = Literal["open", "contract"]
BillingPeriod = Literal["month", "quarter", "year"]
UpdateMode = Literal["overwrite", "if_empty", "unless_human"]
DerivedType = Literal["number", "text", "bool", "date"]
Moves = Literal["still", "since", "until", "any"]

_SEEN_AS: dict[str, DerivedType] = {"number": "number", "date": "date", "flag": "bool", "text": "text"}

#: Every threshold of the domain with its default: days unless the name says otherwise.
DEFAULT_THRESHOLDS: MappingABC[str, float] = MappingProxyType(
    {
        "engaged_within_days": 180,
        "evaluating_within_days": 180,
        "loyal_after_purchases": 3,
        "onboarding_days": 30,
        "just_bought_days": 7,
        "cold_after_days": 180,
        "trend_days": 180,
        "decline_ratio": 0.5,
        "sleeping_multiple": 2.5,
        "sleeping_min_days": 60,
        "sleeping_max_days": 540,
        "sleeping_fixed_days": 180,
        "rhythm_min_repeaters": 100,
        "lost_multiple": 6,
        "lost_min_days": 180,
        "lost_max_days": 1095,
        "lost_fixed_days": 365,
        "reactivated_days": 90,
        "partner_after_days": 365,
        "gap_prior": 3,
        "season_grace_days": 30,
        "remorse_days": 14,
        "no_outreach_days": 90,
        "stalled_deal_days": 60,
        "stale_data_days": 365,
        "low_csat_below": 3,
    }
)

#: What reasons of loss are sorted into; `other` fits none of them, `unknown` is no reason given.
LOSS_CATEGORIES: tuple[str, ...] = (
    "quality",
    "service",
    "price",
    "changed_needs",
    "weak_communication",
    "other",
    "unknown",
)

#: What predictions are written to.
PREDICTED: tuple[str, ...] = (
    "clm_clv",
    "clm_clv_low",
    "clm_clv_high",
    "clm_churn_risk",
    "clm_p_alive",
    "clm_expected_purchases",
    "clm_next_purchase_on",
)
#: The properties written to the CRM, in the order shown to people.
OUTPUT_NAMES: tuple[str, ...] = (
    "clm_stage",
    "clm_stage_since",
    "clm_reason",
    "clm_exited_from",
    "clm_next_stage",
    "clm_next_stage_on",
    "clm_risk_level",
    "clm_risk_flags",
    "clm_risk_reason",
    "clm_value_to_date",
    *PREDICTED,
    "clm_average_order",
    "clm_segment",
    "clm_rfm",
    "clm_tier",
    "clm_next_action",
)


@dataclass(frozen=True)
class Purchase:
    """Which deals are purchases, and where their amount and day stand.

    Empty `pipelines` means all; empty `won_stages` means the CRM's own `hs_is_closed_won`. A deal in one of
    `lost_stages` is closed and not won, whatever the CRM says of it.
    `amount` lists properties, the first that holds a number wins. A deal in one of `refund_stages` gives its
    amount back, whatever its sign; so does any deal that is won with a negative amount.
    `setting` says what is predicted from: "open", customers buy when they like and leave in silence;
    "contract", a payment binds for a `period`, and who does not renew has left.
    """

    pipelines: tuple[str, ...] = ()
    won_stages: tuple[str, ...] = ()
    lost_stages: tuple[str, ...] = ()
    refund_stages: tuple[str, ...] = ()
    amount: tuple[str, ...] = ("amount_in_home_currency", "amount")
    date: str = "closedate"
    margin_share: float = 1.0
    margin_property: str | None = None
    cost_property: str | None = None
    attribution: Attribution = "split"
    setting: Setting = "open"
    period: BillingPeriod = "month"


@dataclass(frozen=True)
class Sources:
    """The properties of the customer record (contact or company) that facts are read from.

    Each may be empty or None: then the facts that need it are NULL. Dates are HubSpot date or
    datetime values; counters are numbers whose growth dates an engagement (from their history).
    """

    engagement_dates: tuple[str, ...] = (
        "hs_email_last_click_date",
        "hs_email_last_reply_date",
        "hs_analytics_last_visit_timestamp",
        "recent_conversion_date",
    )
    engagement_counters: tuple[str, ...] = ("num_conversion_events",)
    outreach_dates: tuple[str, ...] = ("notes_last_contacted", "hs_last_sales_activity_timestamp")
    markers: tuple[str, ...] = ()  # dates of a demo, trial or quote
    conversion: str | None = None  # a date that counts as the first purchase
    loyalty_activity: tuple[str, ...] = ()
    channel: str | None = "hs_analytics_source"
    direction: str | None = None
    nps: str | None = "hs_feedback_last_nps_rating"
    csat: str | None = None
    referrals: str | None = None
    reviews: str | None = None
    open_tickets: str | None = None
    cancelled: str | None = None
    cancelled_on: str | None = None
    churn_reason: str | None = None
    contract_until: str | None = None
    key_fields: tuple[str, ...] = ()  # fields whose absence makes the record stale
    extras: tuple[str, ...] = ()  # further properties that conditions may name, read as text

    def properties(self) -> tuple[str, ...]:
        """Every property named here, once, in a stable order."""
        single = (self.conversion, self.channel, self.direction, self.nps, self.csat, self.referrals)
        more = (self.reviews, self.open_tickets, self.cancelled, self.cancelled_on, self.churn_reason)
        lists = (*self.engagement_dates, *self.engagement_counters, *self.outreach_dates, *self.markers)
        last = (self.contract_until, *self.key_fields, *self.extras)
        every = (*lists, *self.loyalty_activity, *single, *more, *last)
        return tuple(dict.fromkeys(name for name in every if name))


#: The results that hold one or more of a few values; every `clm_stage_NAME` is another.
ENUMERATIONS = frozenset(
    {
        "clm_stage",
        "clm_exited_from",
        "clm_next_stage",
        "clm_risk_level",
        "clm_risk_flags",
        "clm_segment",
        "clm_tier",
    }
)
#: HubSpot's own stage: written only where the mapping says which of ours is which of the portal's.
LIFECYCLESTAGE = "lifecyclestage"


@dataclass(frozen=True)
class Output:
    """Where one result goes: the CRM property's name, and whether and how it is written.

    `label` is what people see, None: ours in the configured language. `values` are of enumerations alone:
    our value → the option that is written for it; what is left out is written as it is.
    `stages` is of HubSpot's own stage alone: ours → the portal's; those left out leave it as it is.
    """

    name: str
    write: bool = True
    mode: UpdateMode = "overwrite"
    label: str | None = None
    stages: MappingABC[str, str] = field(default_factory=lambda: MappingProxyType({}))
    values: MappingABC[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def wire(self, text: str) -> str:
        """The text as the CRM gets it: each value of a `;` list by `values`, once, in order."""
        if not self.values or not text:
            return text
        return ";".join(sorted({self.values.get(one, one) for one in text.split(";")}))


def _default_outputs() -> MappingABC[str, Output]:
    return MappingProxyType({name: Output(name) for name in OUTPUT_NAMES})


@dataclass(frozen=True)
class ModelChoice:
    """The primary stage model and those that run beside it."""

    primary: str = "lifecycle9"
    secondary: tuple[str, ...] = ()

    def all(self) -> tuple[str, ...]:
        """Primary first, each once."""
        return tuple(dict.fromkeys((self.primary, *self.secondary)))


@dataclass(frozen=True)
class DerivedFact:
    """A fact that a function of an installed package computes from other facts.

    `function` is the name of its entry point (group `lifecycle.facts`); `reads` are the columns it gets:
    facts, properties under `extras`, derived facts listed before, `day`. `moves` says what time alone does to
    it: nothing (still), it counts the days since or until the date that the function returns, or anything
    (then every day is looked at).
    """

    name: str
    type: DerivedType
    function: str
    reads: tuple[str, ...]
    moves: Moves = "still"
    meaning: str = ""


@dataclass(frozen=True)
class CsatScale:
    """The scale of the satisfaction score: its ends, and the least satisfied answer (the top box)."""

    lowest: float = 1.0
    highest: float = 5.0
    satisfied_from: float = 4.0


@dataclass(frozen=True)
class Mapping:
    """One version of the mapping file."""

    version: int = 1
    time_zone: str | None = None
    currency: str | None = None
    language: Language = "en"
    locale: str | None = None  # en_GB: how dates and money are written; None: as the language has it
    customer: CustomerObject = "contact"
    purchase: Purchase = field(default_factory=Purchase)
    contact: Sources = field(default_factory=Sources)
    company: Sources = field(
        default_factory=lambda: Sources(engagement_dates=(), engagement_counters=(), nps=None)
    )
    thresholds: MappingABC[str, float] = field(default_factory=lambda: DEFAULT_THRESHOLDS)
    models: ModelChoice = field(default_factory=ModelChoice)
    read_companies: bool = False  # where contacts are customers: also read which companies they belong to
    read_histories: bool = True  # read the dated past of properties; without it only what stands today
    tasks: bool = False  # make a CRM task where the stage that a customer enters has a play that asks for one
    compare_seasons: bool = False  # a silence as in the same season last year is no sleep (two years of data)
    csat_scale: CsatScale = field(default_factory=CsatScale)
    spend: str | None = None  # CSV of what was spent on acquisition: month, channel, amount, currency
    loss_reasons: MappingABC[str, str] = field(
        default_factory=lambda: MappingProxyType({})
    )  # a reason of loss, lower case → its category
    rules: tuple[str, ...] = ()  # rule files of one's own: models, conditions, segments, playbooks
    derived_facts: tuple[DerivedFact, ...] = ()  # computed by functions of installed packages
    outputs: MappingABC[str, Output] = field(default_factory=_default_outputs)
    headers: MappingABC[str, str] = field(
        default_factory=lambda: MappingProxyType({})
    )  # CSV header → property
    readings: MappingABC[str, MappingABC[str, Reading]] = field(
        default_factory=lambda: MappingProxyType({})
    )  # object type → declared property → how its values are read

    @property
    def formats(self) -> str:
        """The locale in which dates, numbers and money are written."""
        return self.locale or self.language

    @property
    def companies(self) -> bool:
        """Whether associations with companies are read; that needs scopes which contacts alone do not."""
        return self.customer != "contact" or self.read_companies

    def customer_objects(self) -> tuple[str, ...]:
        """`("contact",)`, `("company",)` or both."""
        return ("contact", "company") if self.customer == "both" else (self.customer,)

    def sources(self, object_type: str) -> Sources:
        """The sources of contacts or of companies."""
        return self.company if object_type == "company" else self.contact

    def readings_of(self, object_type: str) -> MappingABC[str, Reading]:
        """The declared properties of contacts, companies or deals, and how each is read."""
        return self.readings.get(object_type, {})

    def extra_types(self) -> dict[str, DerivedType]:
        """Every further property of the customers and what conditions see it as: a text unless declared."""
        found: dict[str, DerivedType] = {}
        for object_type in self.customer_objects():
            for name in self.sources(object_type).extras:
                reading = self.readings_of(object_type).get(name)
                found[name] = _SEEN_AS[reading.kind] if reading else found.get(name, "text")
        return found

    def deal_properties(self) -> tuple[str, ...]:
        """The deal properties that facts are read from, once each."""
        fixed = ("dealstage", "pipeline", "createdate", "closedate", "hs_is_closed", "hs_is_closed_won")
        more = ("hs_deal_stage_probability", "closed_lost_reason", "deal_currency_code")
        p = self.purchase
        every = (*fixed, *more, *p.amount, p.date, p.margin_property, p.cost_property)
        return tuple(dict.fromkeys(name for name in every if name))

    def read_properties(self, object_type: str) -> tuple[str, ...]:
        """Every source property of an object type (`contact`, `company`, `deal`), `createdate` included."""
        if object_type == "deal":
            return self.deal_properties()
        return tuple(dict.fromkeys(("createdate", *self.sources(object_type).properties())))

    def history_properties(self, object_type: str) -> tuple[str, ...]:
        """The properties whose dated past is read and kept: what is undated or says «last …».

        None where `read_histories` is off.
        """
        if not self.read_histories:
            return ()
        if object_type == "deal":
            return ("dealstage",)
        s = self.sources(object_type)
        # a date that is its own date, and the channel of origin, need no history
        own = {s.conversion, s.channel, s.direction, s.cancelled_on, *s.markers}
        return tuple(name for name in s.properties() if name not in own or name in s.key_fields)

    def native_stage(self) -> Output | None:
        """HubSpot's own `lifecyclestage`, where it is to be written."""
        output = self.outputs.get(LIFECYCLESTAGE)
        return output if output is not None and output.write and output.stages else None

    def native_value(self, stage: str) -> dict[str, str]:
        """What a customer in this stage of ours holds in HubSpot's own: one property, or none."""
        output = self.native_stage()
        known = output.stages.get(stage) if output else None
        return {LIFECYCLESTAGE: known} if known else {}

    def crm_outputs(self) -> tuple[tuple[str, Output], ...]:
        """`written_outputs`, and HubSpot's own stage where it is to be written: all that we write."""
        native = self.native_stage()
        return (*self.written_outputs(), *(((LIFECYCLESTAGE, native),) if native else ()))

    def written_outputs(self) -> tuple[tuple[str, Output], ...]:
        """(standard name, output) of everything switched on, secondary models' stages included."""
        secondary = ((f"clm_stage_{m}", self.outputs.get(f"clm_stage_{m}")) for m in self.models.secondary)
        chosen = [(n, o) for n, o in self.outputs.items() if n in OUTPUT_NAMES and o.write]
        return (*chosen, *((n, o or Output(n)) for n, o in secondary if o is None or o.write))
