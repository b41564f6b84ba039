"""The account of what was read in Polish; forms of a word after a colon go with the number."""

from __future__ import annotations

from plugin.lifecycle.reading_words import SETTINGS, Reason, Words

TEXTS = Words(
    title="Co wczytano",
    read="Wczytano: {parts}{money}.",
    kinds={
        "contacts": "{n:# kontakt|# kontakty|# kontaktów}",
        "companies": "{n:# firmę|# firmy|# firm}",
        "deals": "{n:# transakcję|# transakcje|# transakcji}",
    },
    states={
        "won": "{n:# wygrana|# wygrane|# wygranych}",
        "open": "{n:# otwarta|# otwarte|# otwartych}",
        "lost": "{n:# przegrana|# przegrane|# przegranych}",
        "other": "{n:# wygrana w innym lejku|# wygrane w innych lejkach|# wygranych w innych lejkach}",
    },
    none="brak",
    money="; wygrano {amount}, {counts}",
    counts={
        "all": "wszystko zaliczono klientom jako przychód",
        "some": "{share} zaliczono klientom jako przychód",
        "none": "klientom nie zaliczono niczego",
    },
    left_out="Pominięto: {text} ({states}{money}){examples}. {cure}",
    reasons={
        "no_customer contact": Reason(
            "{n:# transakcja nie jest powiązana|# transakcje nie są powiązane|"
            "# transakcji nie jest powiązanych} z żadnym kontaktem",
            "Powiąż każdą z jej kontaktem w HubSpot; w pliku jest to kolumna contact_ids.",
        ),
        "no_customer company": Reason(
            "{n:# transakcja nie jest powiązana|# transakcje nie są powiązane|"
            "# transakcji nie jest powiązanych} z żadną firmą",
            "Powiąż każdą z jej firmą w HubSpot; w pliku jest to kolumna company_ids.",
        ),
        "unknown_customer contact": Reason(
            "{n:# transakcja jest powiązana|# transakcje są powiązane|# transakcji jest powiązanych} "
            "tylko z kontaktami, których nie ma wśród wczytanych",
            "Podaj plik ze wszystkimi kontaktami; w portalu wczyta je `lifecycle reconcile --full`.",
        ),
        "unknown_customer company": Reason(
            "{n:# transakcja jest powiązana|# transakcje są powiązane|# transakcji jest powiązanych} "
            "tylko z firmami, których nie ma wśród wczytanych",
            "Podaj plik ze wszystkimi firmami; w portalu wczyta je `lifecycle reconcile --full`.",
        ),
        "no_date": Reason(
            "{n:# transakcja jest wygrana|# transakcje są wygrane|# transakcji jest wygranych} "
            "bez {date}: to nie zakup",
            "Uzupełnij {date} w HubSpot albo wskaż inne pole w purchase.date.",
        ),
        "no_amount": Reason(
            "{n:# transakcja jest wygrana|# transakcje są wygrane|# transakcji jest wygranych} "
            "bez czytelnej kwoty: jest zakup, nie ma pieniędzy",
            "Uzupełnij {amount} albo wskaż inne pola w purchase.amount.",
        ),
        "no_rate": Reason(
            "{n:# transakcja jest wygrana|# transakcje są wygrane|# transakcji jest wygranych} "
            "w innej walucie, bez przeliczenia na {currency}: nie ma pieniędzy",
            f"Ustaw kursy walut w HubSpot ({SETTINGS}), aby wypełniało się amount_in_home_currency.",
        ),
        "no_rate unsaid": Reason(
            "{n:# transakcja jest wygrana|# transakcje są wygrane|# transakcji jest wygranych} "
            "w walucie, o której nie wiadomo, czy jest walutą konta: nie ma pieniędzy",
            "Podaj walutę konta w `currency` w pliku mapowania.",
        ),
        "later": Reason(
            "{n:# transakcja jest wygrana|# transakcje są wygrane|# transakcji jest wygranych} "
            "z późniejszą datą {date}: jeszcze bez zakupu",
            "Liczą się od tego dnia.",
        ),
    },
    either=" lub ",
    unread="Uznano za nieznane: {n} × {what}: {problem}{examples}.",
    problems={
        "not a date": "nie jest datą",
        "not a datetime": "nie jest datą z godziną",
        "not a number": "nie jest liczbą",
        "not a yes or no": "ani tak, ani nie",
        "not one of the declared values": "nie jest jedną z podanych wartości",
        "not a date written {form}": "nie jest datą w postaci {form}",
        "not a datetime written {form}": "nie jest datą z godziną w postaci {form}",
        "not a number written {form}": "nie jest liczbą w postaci {form}",
    },
    cures={
        "not a date": "Zapisz ją jako 2026-01-31 albo podaj w {where}, jak jest zapisana "
        "(type: date, format: DD.MM.YYYY)",
        "not a number": "Zapisz ją jako 1234.5 albo podaj w {where}, jak jest zapisana "
        '(type: number, decimal: ",", thousands: ".")',
        "fixed": "Zapisz ją jako 2026-01-31; żaden klucz nie podaje jej zapisu",
    },
    example=", np. {ids}",
)
