"""Calls in a condition, compiled to Polars: the few harmless functions, and what becomes a number or date."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl
from sqlglot import exp

from plugin.lifecycle.basics import finite, motion_of
from plugin.lifecycle.comparing import Comparisons
from plugin.lifecycle.expressions import EVEN, UNSURE, WILD, Compiled

_NUMBER_TYPES = (exp.DataType.Type.DOUBLE, exp.DataType.Type.FLOAT, exp.DataType.Type.DECIMAL)


class Calls(Comparisons):
    """Compiles functions; every value of a call is looked at, also if one of them has a fault."""

    def _one_type(self, node: exp.Expr, parts: list[Compiled]) -> str:
        kinds = {p.type for p in parts} - {"null", UNSURE}
        unsure = any(p.type == UNSURE for p in parts)
        if len(kinds) > 1 or not (kinds or unsure):
            cure = "; make all of one type, a text such as 'big' or a number such as 3" if kinds else ""
            self.fault(node, f"values of different types: {', '.join(sorted(kinds)) or 'none'}{cure}")
        return UNSURE if unsure or len(kinds) != 1 else kinds.pop()

    def _function(self, node: exp.Expr) -> Compiled:
        parts = [self.visit(n) for n in (node.this, *node.expressions)]
        kind = self._one_type(node, parts)
        exprs = [p.expr for p in parts]
        if isinstance(node, exp.Coalesce):
            motion = motion_of(parts)
            return self._join(pl.coalesce(exprs), kind, parts, motion)
        odd = {part.type for part in parts} - {"number", "date", "null", UNSURE}
        if odd and len({part.type for part in parts} - {"null", UNSURE}) == 1:  # else that is told already
            return self.fault(node, f"expected numbers or dates, this is a {odd.pop()}")
        pick = pl.min_horizontal if isinstance(node, exp.Least) else pl.max_horizontal
        unknown = pl.any_horizontal([e.is_null() for e in exprs])  # SQL: one NULL makes it NULL
        return self._join(pl.when(~unknown).then(pick(exprs)), kind, parts, self._bent(parts))

    @staticmethod
    def _bent(parts: Iterable[Compiled]) -> int:
        """The motion of something with corners: what moved evenly no longer does."""
        motion = motion_of(parts)
        return WILD if motion == EVEN else motion

    def _nullif(self, node: exp.Expr) -> Compiled:
        a, b = self._pair(node.this, node.expression)
        return self._join(pl.when(a.expr.ne_missing(b.expr)).then(a.expr), a.type, [a, b], self._bent([a, b]))

    def _round(self, node: exp.Expr) -> Compiled:
        a = self.typed(node.this, "number")
        places = node.args.get("decimals")
        if places is not None and not (isinstance(places, exp.Literal) and places.name.isdigit()):
            return self.fault(places, "ROUND takes a whole number of places", "number")
        if isinstance(node, exp.Round):
            expr = a.expr.round(int(places.name) if places is not None else 0)
        else:
            expr = {"abs": a.expr.abs, "floor": a.expr.floor, "ceil": a.expr.ceil}[node.key]()
        return self._join(expr, "number", [a], self._bent([a]))

    def _neg(self, node: exp.Expr) -> Compiled:
        a = self.typed(node.this, "number")
        return self._join(-a.expr, "number", [a])

    def _case_of_text(self, node: exp.Expr) -> Compiled:
        a = self.typed(node.this, "text")
        lower = isinstance(node, exp.Lower)
        return self._join(a.expr.str.to_lowercase() if lower else a.expr.str.to_uppercase(), "text", [a])

    def _cast(self, node: exp.Expr) -> Compiled:
        to = node.args["to"].this
        if to == exp.DataType.Type.DATE:
            return self._date(node.this)
        a = self.visit(node.this)
        if to not in _NUMBER_TYPES or a.type not in ("text", "number", UNSURE):
            return self.fault(node, "only CAST(text AS DOUBLE) and DATE 'YYYY-MM-DD' are allowed")
        return self._join(finite(a.expr.cast(pl.Float64, strict=False)), "number", [a])
