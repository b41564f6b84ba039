"""Deals as dated events: who was in which deal, when it was open, moved and closed, and who got what share.

Money is whole cents. A deal of several customers gives each an equal share, the remainder to the lowest id
(or everything to all, or to one, by the mapping); counts and dates always go to all.
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from plugin.lifecycle.conversions import converted, meant, problem
from plugin.lifecycle.records import Records, ids_column, text_column
from plugin.lifecycle.series import EVER, FAR
from plugin.lifecycle.values import Findings, days, flags, numbers, unread
from plugin.mapping.model import Mapping

_AT_HOME = "_in_home_currency"  # how HubSpot names amounts that it has converted
_CODE = 8  # letters of a currency's code that count


class DealReader:
    """Reads the deals frame by the mapping, counting what cannot be read.

    After `table`, `bare` tells the deals with a foreign amount and no value in the home currency.
    """

    def __init__(self, records: Records, mapping: Mapping, zone: str, currency: str | None) -> None:
        self.frame, self.history = records.deals, records.history
        self.mapping, self.zone, self.currency = mapping, zone, currency
        self.findings, self.readings = Findings(), mapping.readings_of("deal")
        self._dates: dict[str, pl.Series] = {}
        self.bare = pl.Series("bare", [], dtype=pl.Boolean)
        self._numbers: dict[str, pl.Series] = {}

    def table(self) -> pl.DataFrame:
        """One row a deal: its days, states, cents and id lists."""
        m = self.mapping.purchase
        states = self._states()
        refunded = states.pop("refunded")
        amount = self._signed(self._amount(), refunded)
        read = pl.DataFrame(
            {
                "deal": self.frame.get_column("id").cast(pl.Int64),
                "created": self._days("createdate"),
                "closed_on": self._days("closedate"),
                "dated": self._days(m.date),
                "probability": self._number("hs_deal_stage_probability"),
                "lost_reason": self._text("closed_lost_reason"),
                "amount": amount,
                "profit": self._profit(amount, refunded),
                "foreign": self._left_out(amount),
                "contact_ids": ids_column(self.frame, "contact_ids"),
                "company_ids": ids_column(self.frame, "company_ids"),
                "primary": self._primary(),
                **states,
            }
        )
        self._note_undated(read)
        return self._spans(read)

    def _text(self, name: str) -> pl.Series:
        return text_column(self.frame, name)

    def _days(self, name: str) -> pl.Series:
        if name in self._dates:  # the purchase date is the close date, mostly
            return self._dates[name]
        self._dates[name] = self._read(name, lambda text: days(text, self.zone), "not a date")
        return self._dates[name]

    def _number(self, name: str) -> pl.Series:
        if name not in self._numbers:  # the amount is asked for again where a foreign cost is converted
            self._numbers[name] = self._read(name, numbers, "not a number")
        return self._numbers[name]

    def _read(self, name: str, reader: Callable[[pl.Series], pl.Series], said: str) -> pl.Series:
        """Values by `reader`, of a declared property after its conversion; counts what cannot be read."""
        text, reading = self._text(name), self.readings.get(name)
        if reading is None:
            found = reader(text)
        else:
            text, said = meant(text, reading), problem(reading)
            found = reader(converted(text, reading, self.zone))
        self.findings.add("deal", name, said, unread(text, found))
        return found

    def _primary(self) -> pl.Series:
        if "primary_contact_id" not in self.frame.columns:
            return pl.Series("primary", [None] * self.frame.height, dtype=pl.Int64)
        return self.frame.get_column("primary_contact_id").cast(pl.Int64)

    def _states(self) -> dict[str, pl.Series]:
        """`closed`, `won` (in the CRM's sense or the mapping's), `bought`: counts if dated; `refunded`."""
        stage, pipeline = self._text("dealstage"), self._text("pipeline")
        won = flags(self._text("hs_is_closed_won"))
        # HubSpot's own stage ids speak where its flags are missing (a CSV without them)
        won = won.fill_null((stage == "closedwon").cast(pl.Float64)).fill_null(0.0) == 1.0
        named_lost = stage.is_in(list(self.mapping.purchase.lost_stages)).fill_null(False)
        lost, won = (stage == "closedlost").fill_null(False) | named_lost, won & ~named_lost
        chosen = self.mapping.purchase.won_stages
        bought = stage.is_in(list(chosen)).fill_null(False) if chosen else won
        refunded = stage.is_in(list(self.mapping.purchase.refund_stages)).fill_null(False)
        bought = bought | refunded
        closed = (flags(self._text("hs_is_closed")).fill_null(0.0) == 1.0) | won | lost | bought
        won = won | bought
        if self.mapping.purchase.pipelines:
            bought = bought & pipeline.is_in(list(self.mapping.purchase.pipelines)).fill_null(False)
        return {"closed": closed, "won": won, "bought": bought, "refunded": refunded & bought}

    def _signed(self, amount: pl.Series, refunded: pl.Series) -> pl.Series:
        """What was given back counts as negative, however it was typed."""
        both = pl.DataFrame({"amount": amount, "refunded": refunded})
        given = pl.when("refunded").then(-pl.col("amount").abs()).otherwise("amount")
        return both.select(given.alias("amount"))["amount"]

    def _amount(self) -> pl.Series:
        """Cents; a foreign amount without its value in the home currency is unknown."""
        code, foreign = self._text("deal_currency_code"), self._foreign()
        found = pl.Series("amount", [None] * self.frame.height, dtype=pl.Float64)
        self.bare = found.is_not_null()
        for name in self.mapping.purchase.amount:
            value = self._number(name)
            if not name.endswith(_AT_HOME):
                bare = (foreign & value.is_not_null() & found.is_null()).rename("foreign")
                self.findings.add("deal", name, "no value in the home currency", code.filter(bare))
                self.bare = self.bare | bare
                value = value.to_frame("v").select(pl.when(~foreign).then(pl.col("v")).alias("v"))["v"]
            found = found.to_frame("f").select(pl.coalesce(pl.col("f"), pl.lit(value)).alias("f"))["f"]
        return _cents(found)

    def _foreign(self) -> pl.Series:
        """Whether a deal is in another currency than the portal's; any, where the portal's is not known."""
        code = self._text("deal_currency_code")
        return (code != self.currency).fill_null(False) if self.currency else code.is_not_null()

    def _left_out(self, amount: pl.Series) -> pl.Series:
        """The currency of a foreign deal whose value at home is not known; null for all others."""
        code = self._text("deal_currency_code").str.to_uppercase().str.slice(0, _CODE)
        frame = pl.DataFrame({"code": code, "foreign": self._foreign() & amount.is_null()})
        return frame.select(pl.when("foreign").then("code").alias("foreign"))["foreign"]

    def _profit(self, amount: pl.Series, refunded: pl.Series) -> pl.Series:
        p = self.mapping.purchase
        if p.margin_property:
            return self._signed(self._at_home(p.margin_property, amount), refunded)
        if p.cost_property:
            return amount - self._at_home(p.cost_property, amount)
        return (amount * p.margin_share).round().cast(pl.Int64)

    def _at_home(self, name: str, amount: pl.Series) -> pl.Series:
        """Cents of a margin or cost; a foreign deal's by the rate of its amounts, unknown without both."""
        value, raw = self._number(name), pl.Series("raw", [None] * self.frame.height, dtype=pl.Float64)
        if name.endswith(_AT_HOME):
            return _cents(value)
        for own in (one for one in self.mapping.purchase.amount if not one.endswith(_AT_HOME)):
            raw = raw.fill_null(self._number(own))
        frame = pl.DataFrame({"value": value, "raw": raw, "home": amount, "foreign": self._foreign()})
        rate = pl.when(pl.col("raw") != 0).then(pl.col("home").abs() / 100 / pl.col("raw").abs())
        there = pl.when("foreign").then(pl.col("value") * rate).otherwise("value")
        return _cents(frame.select(there.alias("value"))["value"])

    def _note_undated(self, read: pl.DataFrame) -> None:
        undated = read.filter(pl.col("bought") & pl.col("dated").is_null())["deal"]
        self.findings.add("deal", self.mapping.purchase.date, "won, but without a date", undated)

    def moves(self) -> pl.DataFrame:
        """`deal`, `moved`: the days on which a deal's stage changed, by the property history."""
        rows = self.history.filter((pl.col("object") == "deal") & (pl.col("property") == "dealstage"))
        rows = rows.sort("id", "at").with_columns(
            fresh=pl.col("value").ne_missing(pl.col("value").shift()) | (pl.col("id") != pl.col("id").shift())
        )
        local = pl.col("at").dt.convert_time_zone(self.zone).dt.date().cast(pl.Int32).cast(pl.Int64)
        changed = rows.filter(pl.col("fresh").fill_null(True)).select(deal=pl.col("id"), moved=local)
        return changed.unique().sort("deal", "moved")

    def _spans(self, read: pl.DataFrame) -> pl.DataFrame:
        """`opened` and `ended` of each deal: open on the days [opened, ended)."""
        seen = self.moves().group_by("deal").agg(first=pl.col("moved").min(), last=pl.col("moved").max())
        read = read.join(seen, on="deal", how="left", maintain_order="left")
        opened = pl.coalesce("created", "first", pl.when("closed").then(None).otherwise(EVER))
        ended = pl.when(~pl.col("closed")).then(FAR).otherwise(pl.coalesce("closed_on", "last", "created"))
        return read.with_columns(opened=opened, ended=ended).drop("first", "last")


def _cents(money: pl.Series) -> pl.Series:
    cents = pl.col("m") * 100
    # beyond 9e15 cents a float no longer holds whole cents
    found = money.to_frame("m").select(
        pl.when(cents.abs() < 9e15).then(cents.round()).cast(pl.Int64).alias("m")
    )
    return found["m"]


def share_out(table: pl.DataFrame, ids: str, index: pl.DataFrame, attribution: str) -> pl.DataFrame:
    """One row per deal and customer: `row` (of the deal), `customer`, `amount` and `profit` in cents.

    `once_amount` and `once_profit` are the equal shares whatever the attribution, and `head` marks one of the
    sharers: summed over customers they count each deal once. `ids` names the list column, `index` maps `id`
    to `customer`.
    """
    links = table.select("primary", "amount", "profit", ids=pl.col(ids).list.unique()).with_row_index("row")
    links = links.with_columns(
        sharers=pl.col("ids").list.len().cast(pl.Int64), lowest=pl.col("ids").list.min()
    ).with_columns(first="lowest")
    if attribution == "primary" and ids == "contact_ids":
        named = pl.col("ids").list.contains(pl.col("primary")).fill_null(False)
        links = links.with_columns(lowest=pl.when(named).then("primary").otherwise("lowest"))
    links = links.filter(pl.col("sharers") > 0).explode("ids").rename({"ids": "id"})
    links = links.join(index, on="id", how="inner", maintain_order="left")
    once = [_equal(name, "first").alias(f"once_{name}") for name in ("amount", "profit")]
    links = links.with_columns(*once, head=pl.col("id") == pl.col("first"))
    if attribution != "all":
        links = links.with_columns(_share("amount", attribution), _share("profit", attribution))
    shares = ("amount", "profit", "once_amount", "once_profit", "head")
    return links.select(pl.col("row").cast(pl.Int64), "customer", *shares)


def _share(name: str, attribution: str) -> pl.Expr:
    money, mine = pl.col(name), pl.col("id") == pl.col("lowest")
    if attribution == "primary":
        return pl.when(mine | money.is_null()).then(money).otherwise(0).alias(name)
    return _equal(name, "lowest").alias(name)


def _equal(name: str, favoured: str) -> pl.Expr:
    """Equal shares in cents; what is left goes to the `favoured` id."""
    money = pl.col(name)
    each = money.abs() // pl.col("sharers")
    rest = pl.when(pl.col("id") == pl.col(favoured)).then(money.abs() - each * pl.col("sharers")).otherwise(0)
    return money.sign() * (each + rest)
