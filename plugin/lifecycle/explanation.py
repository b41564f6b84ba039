"""One customer's outcome in words, with labels and dates in the mapping's language: for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from plugin.lifecycle.reasons import day_text
from plugin.lifecycle.ruleset import Models
from plugin.lifecycle.stages import Named

WORDS: dict[str, dict[str, str]] = {
    "en": {
        "contact": "Contact",
        "company": "Company",
        "since": "{stage} since {day}",
        "ever": "{stage} since the first record",
        "why": "Why",
        "next": "Next",
        "next_text": "{stage} on {day}, if nothing happens",
        "keep": "Keep",
        "keep_text": "an order by {day} keeps the stage",
        "exited": "Left from",
        "models": "Other models",
        "risk": "Risk",
        "segments": "Segments",
        "unpredicted": "No prediction",
        "rests": "Predictions rest on",
        "action": "To do",
        "path": "Path",
    },
    "ru": {
        "contact": "Контакт",
        "company": "Компания",
        "since": "{stage} с {day}",
        "ever": "{stage} с первой записи",
        "why": "Почему",
        "next": "Далее",
        "next_text": "{stage}, {day}, если ничего не произойдёт",
        "keep": "Сохранить",
        "keep_text": "заказ до {day} сохранит этап",
        "exited": "Покинул этап",
        "models": "Другие модели",
        "risk": "Риск",
        "segments": "Сегменты",
        "unpredicted": "Прогноза нет",
        "rests": "Прогноз основан на",
        "action": "Что делать",
        "path": "Путь",
    },
    "pl": {
        "contact": "Kontakt",
        "company": "Firma",
        "since": "{stage} od {day}",
        "ever": "{stage} od pierwszego wpisu",
        "why": "Dlaczego",
        "next": "Dalej",
        "next_text": "{stage}, {day}, jeśli nic się nie wydarzy",
        "keep": "Utrzymanie",
        "keep_text": "zamówienie do {day} utrzyma etap",
        "exited": "Opuszczony etap",
        "models": "Inne modele",
        "risk": "Ryzyko",
        "segments": "Segmenty",
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
        said = [f"{self.words[o['object']]} {o['id']}: {self.head(o)}"]
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
        return self.words["since"].format(stage=stage, day=self.day(o["since"]))

    def parts(self, o: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
        """The lines by their names; an empty text is no line."""
        next_text, keep_text = self.words["next_text"], self.words["keep_text"]
        yield "why", o["reason"]
        if o["next_stage"]:
            stage = self.stages[o["next_stage"]]
            yield "next", next_text.format(stage=stage, day=self.day(o["next_stage_on"]))
        if o["keep_until"]:
            yield "keep", keep_text.format(day=self.day(o["keep_until"]))
        yield "exited", self.stages.get(o["exited_from"] or "", "")
        yield "models", "; ".join(self.secondary(o))
        yield "risk", _labels(self.models.levels, self.language)[o["risk_level"]]
        segments = _labels(self.models.segments, self.language)
        yield "segments", ", ".join(segments[key] for key in o["segments"])
        yield "unpredicted", "; ".join(o.get("no_predictions_because") or ())
        yield "rests", "; ".join(o.get("predictions_rest_on") or ())
        yield "action", o["next_action"]

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
