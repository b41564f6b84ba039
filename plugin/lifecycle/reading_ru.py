"""The account of what was read in Russian; forms of a word after a colon go with the number."""

from __future__ import annotations

from plugin.lifecycle.reading_words import SETTINGS, Reason, Words

TEXTS = Words(
    title="Что прочитано",
    read="Прочитано: {parts}{money}.",
    kinds={
        "contacts": "{n:# контакт|# контакта|# контактов}",
        "companies": "{n:# компания|# компании|# компаний}",
        "deals": "{n:# сделка|# сделки|# сделок}",
    },
    states={
        "won": "{n:# выиграна|# выиграны|# выиграно}",
        "open": "{n:# открыта|# открыты|# открыто}",
        "lost": "{n:# проиграна|# проиграны|# проиграно}",
        "other": "{n:# выиграна в другой воронке|# выиграны в других воронках|# выиграно в других воронках}",
    },
    none="нет",
    money="; выиграно {amount}, {counts}",
    counts={
        "all": "всё засчитано клиентам как выручка",
        "some": "{share} засчитано клиентам как выручка",
        "none": "клиентам не засчитано ничего",
    },
    left_out="Не учтено: {text} ({states}{money}){examples}. {cure}",
    reasons={
        "no_customer contact": Reason(
            "{n:# сделка не связана|# сделки не связаны|# сделок не связано} ни с одним контактом",
            "Свяжите каждую с её контактом в HubSpot; в файле это столбец contact_ids.",
        ),
        "no_customer company": Reason(
            "{n:# сделка не связана|# сделки не связаны|# сделок не связано} ни с одной компанией",
            "Свяжите каждую с её компанией в HubSpot; в файле это столбец company_ids.",
        ),
        "unknown_customer contact": Reason(
            "{n:# сделка связана|# сделки связаны|# сделок связано} только с контактами, которых нет "
            "среди прочитанных",
            "Дайте файл со всеми контактами; в портале их прочитает `lifecycle reconcile --full`.",
        ),
        "unknown_customer company": Reason(
            "{n:# сделка связана|# сделки связаны|# сделок связано} только с компаниями, которых нет "
            "среди прочитанных",
            "Дайте файл со всеми компаниями; в портале их прочитает `lifecycle reconcile --full`.",
        ),
        "no_date": Reason(
            "{n:# сделка выиграна|# сделки выиграны|# сделок выиграно} без {date}: это не покупка",
            "Заполните {date} в HubSpot или укажите другое поле в purchase.date.",
        ),
        "no_amount": Reason(
            "{n:# сделка выиграна|# сделки выиграны|# сделок выиграно} без читаемой суммы: "
            "покупка есть, денег нет",
            "Заполните {amount} или укажите другие поля в purchase.amount.",
        ),
        "no_rate": Reason(
            "{n:# сделка выиграна|# сделки выиграны|# сделок выиграно} в другой валюте, "
            "без пересчёта в {currency}: денег нет",
            f"Задайте курсы валют в HubSpot ({SETTINGS}), чтобы заполнялось amount_in_home_currency.",
        ),
        "no_rate unsaid": Reason(
            "{n:# сделка выиграна|# сделки выиграны|# сделок выиграно} в валюте, о которой неизвестно, "
            "валюта ли это аккаунта: денег нет",
            "Укажите валюту аккаунта в `currency` в файле сопоставления.",
        ),
        "later": Reason(
            "{n:# сделка выиграна|# сделки выиграны|# сделок выиграно} с более поздней датой {date}: "
            "покупки ещё нет",
            "Они учитываются с этого дня.",
        ),
    },
    either=" или ",
    unread="Принято за неизвестное: {n} × {what}: {problem}{examples}.",
    problems={
        "not a date": "не дата",
        "not a datetime": "не дата со временем",
        "not a number": "не число",
        "not a yes or no": "ни да, ни нет",
        "not one of the declared values": "не из указанных значений",
        "not a date written {form}": "не дата вида {form}",
        "not a datetime written {form}": "не дата со временем вида {form}",
        "not a number written {form}": "не число вида {form}",
    },
    cures={
        "not a date": "Запишите как 2026-01-31 или укажите в {where}, как записано "
        "(type: date, format: DD.MM.YYYY)",
        "not a number": "Запишите как 1234.5 или укажите в {where}, как записано "
        '(type: number, decimal: ",", thousands: ".")',
        "fixed": "Запишите как 2026-01-31; ни один ключ этого не задаёт",
    },
    example=", например {ids}",
)
