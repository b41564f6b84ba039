"""One customer's outcome in words, with labels and dates in the mapping's language: for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from plugin.lifecycle.reasons import Number, day_text
from plugin.lifecycle.ruleset import Models
from plugin.lifecycle.stages import Named

#: What the shipped `stake: more` looks at: the money received, and what only the best paying fifth exceeds.
BEST_FIFTH = frozenset({"revenue", "value_cut_2"})
WORDS: dict[str, dict[str, str]] = {
    "en": {
        "contact": "Contact",
        "company": "Company",
        "since": "{stage} since {day}",
        "first": "{stage} since {day}, the first record: before it nothing is known",
        "ever": "{stage}; since when is not known, no record has a date",
        "why": "Why",
        "next": "Next",
        "next_text": "{stage} on {day}, if nothing happens",
        "keep": "Keep",
        "keep_text": "an order by {day} keeps the stage",
        "exited": "Left from",
        "models": "Other models",
        "risk": "Risk",
        "risk_best": "{level} (one step up: among the best paying fifth)",
        "risk_more": "{level} (one step up: much is at stake)",
        "risk_less": "{level} (one step down: little is at stake)",
        "segments": "Segments",
        "rfm": "RFM",
        "rfm_text": "recency {recency}, frequency {frequency}, money {money} of 5, compared with the other "
        "buyers here; the stage goes by the customer's own rhythm",
        "bought": "Bought",
        "bought_text": "{orders:# order|# orders} on {purchases:# day|# days}: "
        "orders of one day are one purchase",
        "unpredicted": "No prediction",
        "rests": "Predictions rest on",
        "action": "To do",
        "path": "Path",
    },
    "ru": {
        "contact": "Контакт",
        "company": "Компания",
        "since": "{stage} с {day}",
        "first": "{stage} с {day}, первой записи: что было раньше, неизвестно",
        "ever": "{stage}; с какого дня, неизвестно: ни у одной записи нет даты",
        "why": "Почему",
        "next": "Далее",
        "next_text": "{stage}, {day}, если ничего не произойдёт",
        "keep": "Сохранить",
        "keep_text": "заказ до {day} сохранит этап",
        "exited": "Покинул этап",
        "models": "Другие модели",
        "risk": "Риск",
        "risk_best": "{level} (на ступень выше: клиент из пятой части тех, кто платит больше всех)",
        "risk_more": "{level} (на ступень выше: на кону многое)",
        "risk_less": "{level} (на ступень ниже: на кону немногое)",
        "segments": "Сегменты",
        "rfm": "RFM",
        "rfm_text": "давность {recency}, частота {frequency}, сумма {money} из 5 в сравнении с другими "
        "покупателями; этап же зависит от собственного ритма клиента",
        "bought": "Покупки",
        "bought_text": "{orders:# заказ|# заказа|# заказов}, {purchases:# день|# дня|# дней} с заказами: "
        "заказы одного дня считаются одной покупкой",
        "unpredicted": "Прогноза нет",
        "rests": "Прогноз основан на",
        "action": "Что делать",
        "path": "Путь",
    },
    "pl": {
        "contact": "Kontakt",
        "company": "Firma",
        "since": "{stage} od {day}",
        "first": "{stage} od {day}, pierwszego wpisu: co było wcześniej, nie wiadomo",
        "ever": "{stage}; od kiedy, nie wiadomo: żaden wpis nie ma daty",
        "why": "Dlaczego",
        "next": "Dalej",
        "next_text": "{stage}, {day}, jeśli nic się nie wydarzy",
        "keep": "Utrzymanie",
        "keep_text": "zamówienie do {day} utrzyma etap",
        "exited": "Opuszczony etap",
        "models": "Inne modele",
        "risk": "Ryzyko",
        "risk_best": "{level} (o stopień wyżej: klient jest wśród jednej piątej płacących najwięcej)",
        "risk_more": "{level} (o stopień wyżej: stawka jest wysoka)",
        "risk_less": "{level} (o stopień niżej: stawka jest niewielka)",
        "segments": "Segmenty",
        "rfm": "RFM",
        "rfm_text": "świeżość {recency}, częstość {frequency}, kwota {money} z 5 w porównaniu z innymi "
        "kupującymi; etap zależy od własnego rytmu klienta",
        "bought": "Zakupy",
        "bought_text": "{orders:# zamówienie|# zamówienia|# zamówień}, {purchases:# dzień|# dni|# dni} z "
        "zamówieniami: zamówienia z jednego dnia to jeden zakup",
        "unpredicted": "Brak prognozy",
        "rests": "Podstawa prognozy",
        "action": "Co zrobić",
        "path": "Droga",
    },
}


def explanation(
    outcome: Mapping[str, Any],
    path: Sequence[Mapping[str, Any]],
    models: Models,
    language: str,
    locale: str | None = None,
) -> str:
    """The outcome of `Outcomes.to_json` and, if given, the steps of `history`, as lines of text."""
    return "\n".join(_Explainer(models, language, locale or language).lines(outcome, path))


class _Explainer:
    def __init__(self, models: Models, language: str, locale: str) -> None:
        self.models, self.language, self.words = models, language, WORDS[language]
        self.locale = locale
        self.stages = _labels(models.primary.stages, language)

    def lines(self, o: Mapping[str, Any], path: Sequence[Mapping[str, Any]]) -> list[str]:
        """The head, then one line a part that there is."""
        named = " ".join(str(part) for part in (self.words[o["object"]], o["id"], o.get("name")) if part)
        said = [f"{named}: {self.head(o)}"]
        said += [f"  {self.words[name]}: {text}" for name, text in self.parts(o) if text]
        at = next((i for i, line in enumerate(said) if line.startswith(f"  {self.words['risk']}:")), 0)
        said[at + 1 : at + 1] = [f"    - {sentence}" for sentence in o["risk_reasons"].values()]
        if path:
            said.append(f"  {self.words['path']}:")
            said += [self.step(step) for step in path]
        return said

    def head(self, o: Mapping[str, Any]) -> str:
        """The stage, since when."""
        stage = self.stages[o["stage"]]
        if not o["since"]:
            return self.words["ever"].format(stage=stage)
        first = str(o["since"]) == str(o.get("first_record"))
        return self.words["first" if first else "since"].format(stage=stage, day=self.day(o["since"]))

    def parts(self, o: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
        """The lines by their names; an empty text is no line."""
        next_text, keep_text = self.words["next_text"], self.words["keep_text"]
        yield "why", o["reason"]
        yield "bought", self.bought(o["metrics"])
        if o["next_stage"]:
            stage = self.stages[o["next_stage"]]
            yield "next", next_text.format(stage=stage, day=self.day(o["next_stage_on"]))
        if o["keep_until"]:
            yield "keep", keep_text.format(day=self.day(o["keep_until"]))
        yield "exited", self.stages.get(o["exited_from"] or "", "")
        yield "models", "; ".join(self.secondary(o))
        yield "risk", self.risk(o)
        segments = _labels(self.models.segments, self.language)
        yield "segments", ", ".join(segments[key] for key in o["segments"])
        yield "rfm", self.rfm(o["metrics"])
        yield "unpredicted", "; ".join(o.get("no_predictions_because") or ())
        yield "rests", "; ".join(o.get("predictions_rest_on") or ())
        yield "action", o["next_action"]

    def risk(self, o: Mapping[str, Any]) -> str:
        """The level, and why it is not that of the gravest flag where the value at stake moved it."""
        label = _labels(self.models.levels, self.language)[o["risk_level"]]
        level = [one.key for one in self.models.levels].index(o["risk_level"])
        gravest = max((f.severity for f in self.models.flags if f.key in o["risk_flags"]), default=level)
        if level == gravest:
            return label
        more = self.models.stake.get("more")
        up = "risk_best" if more and more.needs == BEST_FIFTH else "risk_more"
        return self.words[up if level > gravest else "risk_less"].format(level=label)

    def bought(self, metrics: Mapping[str, Any]) -> str:
        """How many orders on how many days, where that differs."""
        names = ("orders", "purchases")
        if not (metrics["orders"] or 0) > (metrics["purchases"] or 0) > 0:
            return ""
        numbers = {name: Number.of(metrics[name], self.locale) for name in names}
        return self.words["bought_text"].format_map(numbers)

    def rfm(self, metrics: Mapping[str, Any]) -> str:
        """What the three digits mean, and that they compare with others."""
        names = tuple(self.models.rfm.digits)
        if not metrics["rfm"] or set(names) != {"recency", "frequency", "money"}:
            return ""
        digits = dict(zip(names, metrics["rfm"], strict=True))
        return f"{metrics['rfm']} ({self.words['rfm_text'].format(**digits)})"

    def secondary(self, o: Mapping[str, Any]) -> Iterable[str]:
        """The stages in the models beside the primary one."""
        for model in self.models.all[1:]:
            stage = model.stage(o["stages"][model.key])
            yield f"{model.label(self.language)}: {stage.label(self.language)}"

    def step(self, step: Mapping[str, Any]) -> str:
        """One step of the path."""
        width = max(len(label) for label in self.stages.values())
        return f"    {self.day(step['on']):<13} {self.stages[step['stage']]:<{width}}  {step['reason']}"

    def day(self, day: date | str) -> str:
        """A date as people write it."""
        return day_text(date.fromisoformat(day) if isinstance(day, str) else day, self.locale)


def _labels(named: Iterable[Named], language: str) -> dict[str, str]:
    return {one.key: one.label(language) for one in named}
