"""The report's words in three languages, and its looks."""

from __future__ import annotations

WORDS: dict[str, dict[str, str]] = {
    "en": {
        "title": "Customer lifecycle",
        "customers": "customers",
        "buyers": "have bought",
        "value": "value to date",
        "high_risk": "at high risk",
        "changing": "change stage within {days} days",
        "funnel": "Where customers stand",
        "funnel_note": "Customers by stage today, and their share of all.",
        "over_time": "Stages over time",
        "over_time_note": "At the end of each month, rebuilt from today's records.",
        "soon": "Who is about to change",
        "soon_note": "If nothing happens: the first {shown} of {all} changes in the coming {days} days.",
        "soon_head": "Customer|Now|Next|On|Keep by an order until|Value to date|Why they are where they are",
        "flags": "Warning signs",
        "none": "None.",
        "segments": "Segments",
        "tiers": "Tiers",
        "group_head": "Group|Customers|Value to date",
    },
    "ru": {
        "title": "Жизненный цикл клиентов",
        "customers": "клиентов",
        "buyers": "покупали",
        "value": "ценность на сегодня",
        "high_risk": "с высоким риском",
        "changing": "сменят этап за {days} дней",
        "funnel": "Где находятся клиенты",
        "funnel_note": "Клиенты по этапам сегодня и их доля.",
        "over_time": "Этапы во времени",
        "over_time_note": "На конец каждого месяца, по сегодняшним записям.",
        "soon": "Кто скоро сменит этап",
        "soon_note": "Если ничего не произойдёт: первые {shown} из {all} изменений за {days} дней.",
        "soon_head": "Клиент|Сейчас|Далее|Когда|Сохранить заказом до|Ценность|Почему сейчас так",
        "flags": "Тревожные признаки",
        "none": "Нет.",
        "segments": "Сегменты",
        "tiers": "Уровни",
        "group_head": "Группа|Клиентов|Ценность",
    },
    "pl": {
        "title": "Cykl życia klientów",
        "customers": "klientów",
        "buyers": "kupiło",
        "value": "wartość do dziś",
        "high_risk": "z wysokim ryzykiem",
        "changing": "zmieni etap w ciągu {days} dni",
        "funnel": "Gdzie są klienci",
        "funnel_note": "Klienci według etapu dzisiaj i ich udział.",
        "over_time": "Etapy w czasie",
        "over_time_note": "Na koniec każdego miesiąca, odtworzone z dzisiejszych danych.",
        "soon": "Kto wkrótce zmieni etap",
        "soon_note": "Jeśli nic się nie wydarzy: pierwsze {shown} z {all} zmian w ciągu {days} dni.",
        "soon_head": "Klient|Teraz|Następnie|Kiedy|Utrzyma zamówienie do|Wartość|Dlaczego tak jest",
        "flags": "Sygnały ostrzegawcze",
        "none": "Brak.",
        "segments": "Segmenty",
        "tiers": "Poziomy",
        "group_head": "Grupa|Klienci|Wartość",
    },
}

STYLE = (
    ":root{color-scheme:light dark;--ink:#0f172a;--soft:#64748b;--paper:#f8fafc;--card:#fff;--line:#e2e8f0}"
    "@media(prefers-color-scheme:dark){:root{--ink:#e2e8f0;--soft:#94a3b8;--paper:#0b1220;--card:#131c2e;"
    "--line:#25324a}}"
    "*{box-sizing:border-box}body{margin:0;background:var(--paper);color:var(--ink);"
    "font:15px/1.5 system-ui,-apple-system,Segoe UI,Roboto,sans-serif}"
    "main{max-width:1060px;margin:0 auto;padding:32px 20px 64px}h1{font-size:30px;margin:0}"
    ".sub{color:var(--soft);margin:2px 0 22px}h2{font-size:19px;margin:0 0 4px}"
    ".note{color:var(--soft);margin:0 0 12px;font-size:13px}"
    "section{background:var(--card);border:1px solid var(--line);border-radius:14px;padding:20px;"
    "margin:0 0 18px}"
    ".cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(160px,1fr));gap:12px;margin:0 0 18px}"
    ".cards div{background:var(--card);border:1px solid var(--line);border-radius:14px;padding:16px}"
    ".cards b{display:block;font-size:24px;letter-spacing:-.02em}"
    ".cards span{color:var(--soft);font-size:13px}"
    "svg{width:100%;height:auto;display:block}svg text{font-size:13px;fill:var(--ink)}"
    "svg .n{fill:var(--soft);font-size:12px}polygon{stroke:var(--card);stroke-width:.6}"
    ".legend{display:flex;flex-wrap:wrap;gap:6px 16px;margin-top:10px;font-size:13px;color:var(--soft)}"
    ".legend i{display:inline-block;width:11px;height:11px;border-radius:3px;margin-right:6px}"
    ".scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:13.5px}"
    "th{text-align:left;color:var(--soft);font-weight:500}th,td{padding:7px 10px 7px 0;vertical-align:top;"
    "border-bottom:1px solid var(--line)}"
    ".pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(320px,1fr));gap:18px}"
    "@media print{body{background:#fff}section{break-inside:avoid}}"
)
