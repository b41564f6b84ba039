"""The API's portfolio: metrics, cohorts and funnel of a portal, a segment, a channel, a cohort, a period."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask_smorest import Blueprint, abort
from marshmallow import RAISE, Schema, ValidationError, fields, validate, validates_schema

from plugin.errors import InputError
from plugin.jobs import figures
from plugin.jobs.context import Context
from plugin.portfolio import answers
from plugin.portfolio.answers import Source
from plugin.portfolio.asked import POSSIBLE, Asked
from plugin.portfolio.cells import DIMENSIONS
from plugin.records import portals
from plugin.records.portals import Portal

PERIOD = r"^\d{4}(-(0[1-9]|1[0-2])|-Q[1-4])?$"
PERIOD_HELP = "Write a month (2026-05), a quarter (2026-Q2) or a year (2026)."
MONTH = r"^\d{4}-(0[1-9]|1[0-2])$"


class PortfolioQuery(Schema):
    """Whose figures, of which time."""

    portal = fields.Int(metadata={"description": "Needed only where several portals are served."})
    object = fields.Str(
        validate=validate.OneOf(["contact", "company"]),
        metadata={"description": "Default: the mapping's first kind of customer."},
    )
    period = fields.Str(
        validate=validate.Regexp(
            PERIOD, error="Write a month (2026-05), a quarter (2026-Q2) or a year (2026)."
        ),
        metadata={"description": "A month, a quarter or a year; default: everything to date."},
    )
    segment = fields.Str(metadata={"description": "Only customers who are in this segment now."})
    channel = fields.Str(metadata={"description": "Only customers of this channel; `unknown`: of none."})
    cohort = fields.Str(
        validate=validate.Regexp(MONTH, error="Write the month of the first purchase, like 2026-05."),
        metadata={"description": "Only customers whose first purchase was in this month."},
    )

    reactivation = fields.Bool(
        load_default=False,
        metadata={"description": "Net revenue retention counts customers who come back, too."},
    )

    @validates_schema
    def _two_filters(self, data: dict[str, Any], **_: Any) -> None:
        if all(name in data for name in DIMENSIONS):
            raise ValidationError(f"Name at most two: {POSSIBLE}.", DIMENSIONS[-1])


class LagSchema(Schema):
    """The sales cycle that spend and customers won are matched by."""

    days = fields.Float(allow_none=True, metadata={"description": "Median from first touch to purchase."})
    months = fields.Int(metadata={"description": "The same in whole months: the lag of CAC."})
    n = fields.Int()
    of = fields.Str(metadata={"description": "Whose: this scope's, or `all` where this one's are too few."})


class HeadSchema(Schema):
    """What every answer begins with."""

    portal_id = fields.Int()
    object = fields.Str()
    day = fields.Str(metadata={"description": "Today in the portal's time zone."})
    currency = fields.Str(allow_none=True)
    language = fields.Str()
    locale = fields.Str(metadata={"description": "How dates and money are to be written."})
    scope = fields.Str(
        metadata={"description": "all, or channel:NAME, segment:KEY, cohort:MONTH, or two with + between."}
    )
    filters = fields.Dict(keys=fields.Str(), values=fields.Str())
    period = fields.Str(allow_none=True, metadata={"description": "null: everything to date."})
    complete = fields.Bool(metadata={"description": "Whether the period is over."})
    lag = fields.Nested(LagSchema)


class PartSchema(Schema):
    """A numerator or denominator."""

    what = fields.Str()
    value = fields.Float(allow_none=True)
    unit = fields.Str(metadata={"description": "money or count."})


class FigureSchema(Schema):
    """A figure: withheld (null, with the reason) below its gate."""

    value = fields.Float(allow_none=True)
    n = fields.Int(metadata={"description": "How many it rests on."})
    basis = fields.Str(metadata={"description": "The same in words: 85 customers."})
    gate = fields.Int(metadata={"description": "How many it needs."})
    reason = fields.Str(allow_none=True, metadata={"description": "Why it is withheld."})
    reason_code = fields.Str(allow_none=True)
    word = fields.Str(allow_none=True, metadata={"description": "In place of a value: undefined, never."})


class MetricSchema(FigureSchema):
    """A metric with its words."""

    key = fields.Str()
    label = fields.Str()
    definition = fields.Str()
    numerator = fields.Nested(PartSchema)
    denominator = fields.Nested(PartSchema)
    unit = fields.Str(metadata={"description": "count, money, share (0-1), score, days, months, ratio."})
    notes = fields.Dict()


class LossSchema(Schema):
    """What was lost for one reason."""

    reason = fields.Str()
    label = fields.Str()
    customers = fields.Int()
    revenue = fields.Float(metadata={"description": "What these customers had brought in their last year."})
    deals = fields.Int()
    deal_amount = fields.Float()


class ChannelSchema(Schema):
    """One channel; "" is the unknown one."""

    channel = fields.Str()
    spend = fields.Float(allow_none=True)
    metrics = fields.Dict(keys=fields.Str(), values=fields.Nested(FigureSchema))


class ChannelMonthSchema(FigureSchema):
    """CAC of one channel in one month."""

    channel = fields.Str()
    month = fields.Str()
    spend = fields.Float(allow_none=True)


class KeptSchema(Schema):
    """Who stayed in a period and what they paid again."""

    period = fields.Str()
    complete = fields.Bool()
    start = fields.Int(metadata={"description": "S: customers when the period began."})
    kept = fields.Int(metadata={"description": "Those of them who are customers at its end."})
    new = fields.Int(metadata={"description": "N: first purchases within it."})
    end = fields.Int(metadata={"description": "E: customers at its end."})
    formula = fields.Float(allow_none=True, metadata={"description": "(E − N) / S, for comparison."})
    retention = fields.Nested(FigureSchema)
    base_period = fields.Str(metadata={"description": "The period before, of equal length."})
    base_n = fields.Int(metadata={"description": "Customers who paid in it."})
    base = fields.Float(metadata={"description": "What they paid in it."})
    gross = fields.Nested(FigureSchema)
    net = fields.Nested(FigureSchema)
    net_with = fields.Nested(FigureSchema, metadata={"description": "net with reactivation."})


class LeftOutSchema(Schema):
    """Won deals that are in no sum of money."""

    currency = fields.Str(allow_none=True, metadata={"description": "null: the amount is not known."})
    deals = fields.Int()


class MetricsSchema(HeadSchema):
    """Every metric, who stayed, the last two years month by month, reasons of loss, channels."""

    metrics = fields.List(fields.Nested(MetricSchema))
    kept = fields.List(fields.Nested(KeptSchema))
    left_out = fields.List(fields.Nested(LeftOutSchema))
    series = fields.List(fields.Dict())
    loss_reasons = fields.List(fields.Nested(LossSchema))
    channels = fields.List(fields.Nested(ChannelSchema))
    cac_by_month = fields.List(fields.Nested(ChannelMonthSchema))


class FunnelSchema(HeadSchema):
    """The stage funnel and every change of stage."""

    model = fields.Str()
    stages = fields.List(fields.Dict())
    now = fields.List(fields.Dict())
    moves = fields.List(fields.Dict())
    moves_reason = fields.Str(allow_none=True, metadata={"description": "Why they are not told."})


class CohortsSchema(HeadSchema):
    """Retention by month of first purchase."""

    cohorts = fields.List(fields.Dict())


Answer = Callable[[Source, Asked], dict[str, Any]]


def blueprint(context: Context, needs_token: Callable[..., Any]) -> Blueprint:
    """The routes."""
    routes = Blueprint(
        "portfolio", __name__, url_prefix="/api/v1", description="Figures over many customers."
    )

    def add(path: str, schema: type[Schema], make: Answer, summary: str) -> None:
        def view(query: dict[str, Any]) -> dict[str, Any]:
            return _answer(context, query, make)

        view.__name__, view.__doc__ = f"get_{path}", summary
        described = routes.response(200, schema)(view)
        checked = needs_token(routes.arguments(PortfolioQuery, location="query", unknown=RAISE)(described))
        routes.route(f"/{path}")(routes.doc(security=[{"token": []}])(checked))

    add("metrics", MetricsSchema, answers.metrics_answer, "Every metric with definition, n and data gate.")
    add("cohorts", CohortsSchema, answers.cohorts_answer, "Retention cohorts by month of first purchase.")
    add("funnel", FunnelSchema, answers.funnel_answer, "The stage funnel with times between stages.")
    return routes


def _answer(context: Context, query: dict[str, Any], make: Answer) -> dict[str, Any]:
    portal = _portal(context, query.get("portal"))
    names = ("period", "segment", "channel", "cohort", "reactivation")
    asked = Asked(**{name: query[name] for name in names if name in query})
    try:
        answer = make(figures.of_portal(context, portal, query.get("object")), asked)
    except InputError as error:
        abort(422, message=f"{error.message} {error.cure}")
    return {"portal_id": portal.portal_id, **answer}


def _portal(context: Context, wanted: int | None) -> Portal:
    with context.store.read() as connection:
        served = portals.every(connection)
    mine = [one for one in served if wanted in (None, one.portal_id)]
    if len(mine) != 1:
        abort(404, message="No such portal is served; name one with ?portal=ID.")
    return mine[0]
