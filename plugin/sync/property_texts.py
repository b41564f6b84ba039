"""The labels and descriptions of the CRM properties that we make, as sales reps read them."""

from __future__ import annotations

from plugin.mapping.model import Language

#: label, description
Text = tuple[str, str]

LANGUAGES: tuple[Language, ...] = ("en", "ru", "pl")

GROUP_LABEL: dict[Language, str] = {
    "en": "Customer lifecycle",
    "ru": "Жизненный цикл клиента",
    "pl": "Cykl życia klienta",
}

#: A secondary model's stage; {model} is the model's own name.
SECONDARY: dict[Language, Text] = {
    "en": ("Customer stage: {model}", "The customer's stage in the model “{model}”."),
    "ru": ("Этап: {model}", "Этап клиента в модели «{model}»."),
    "pl": ("Etap: {model}", "Etap klienta w modelu „{model}”."),
}

_EN: dict[str, Text] = {
    "clm_stage": (
        "Customer stage",
        "Where the customer stands today. Computed; a change by hand is replaced.",
    ),
    "clm_stage_since": ("In this stage since", "The day on which the present stage began."),
    "clm_reason": ("Why this stage", "The facts that put the customer into this stage."),
    "clm_exited_from": ("Left from stage", "The stage in which the customer was before falling silent."),
    "clm_next_stage": ("Next stage if nothing happens", "Where the customer goes without any new event."),
    "clm_next_stage_on": ("Next stage on", "The day of that change, if nothing happens before."),
    "clm_risk_level": (
        "Risk level",
        "None, low, medium or high: from the risk flags and the value at stake.",
    ),
    "clm_risk_flags": ("Risk flags", "Every sign of trouble that holds today."),
    "clm_risk_reason": ("Why at risk", "One sentence for each risk flag, with its numbers."),
    "clm_value_to_date": ("Value to date", "What the customer has brought so far."),
    "clm_clv": (
        "Predicted value, 12 months",
        "What the customer will bring in the next 12 months, as expected.",
    ),
    "clm_clv_low": (
        "Predicted value, low",
        "With 80 % probability the value lies above this or within the range.",
    ),
    "clm_clv_high": ("Predicted value, high", "The upper end of the 80 % range of the predicted value."),
    "clm_churn_risk": (
        "Churn risk",
        "The probability of no purchase in the next 90 days; under contract, of leaving in them.",
    ),
    "clm_p_alive": ("Still a customer", "The probability that the customer will buy again at all."),
    "clm_expected_purchases": ("Expected purchases, 12 months", "How many purchases to expect in 12 months."),
    "clm_next_purchase_on": ("Next purchase expected on", "The day on which the next purchase is likely."),
    "clm_average_order": ("Average order", "The average value of an order so far."),
    "clm_segment": (
        "Segments",
        "The segments to which the customer belongs. Those named RFM compare with the other buyers, not with "
        "the customer's own rhythm: a customer who buys seldom, but as usual, may be active and hibernating.",
    ),
    "clm_rfm": (
        "RFM",
        "Recency, frequency and monetary value, each from 1 to 5 (best), compared with the other buyers.",
    ),
    "clm_tier": ("Customer tier", "The customer's rank by value among all customers."),
    "clm_next_action": ("Next action", "What to do next with this customer."),
}

_RU: dict[str, Text] = {
    "clm_stage": (
        "Этап клиента",
        "Где клиент сегодня. Вычисляется; ручное изменение будет заменено.",
    ),
    "clm_stage_since": ("На этапе с", "День, когда начался нынешний этап."),
    "clm_reason": ("Почему этот этап", "Факты, из которых следует этап."),
    "clm_exited_from": ("Ушёл с этапа", "Этап, на котором клиент был до того, как замолчал."),
    "clm_next_stage": ("Следующий этап сам по себе", "Куда клиент перейдёт, если ничего не произойдёт."),
    "clm_next_stage_on": (
        "Следующий этап наступит",
        "День этого перехода, если раньше ничего не произойдёт.",
    ),
    "clm_risk_level": (
        "Уровень риска",
        "Нет, низкий, средний или высокий: по признакам риска и ценности клиента.",
    ),
    "clm_risk_flags": ("Признаки риска", "Все тревожные признаки на сегодня."),
    "clm_risk_reason": ("Почему риск", "По одному предложению с цифрами на каждый признак."),
    "clm_value_to_date": ("Ценность на сегодня", "Сколько клиент принёс до сих пор."),
    "clm_clv": ("Прогноз ценности, 12 месяцев", "Сколько клиент, как ожидается, принесёт за 12 месяцев."),
    "clm_clv_low": ("Прогноз ценности, нижняя граница", "Нижняя граница 80-процентного интервала прогноза."),
    "clm_clv_high": (
        "Прогноз ценности, верхняя граница",
        "Верхняя граница 80-процентного интервала прогноза.",
    ),
    "clm_churn_risk": (
        "Риск ухода",
        "Вероятность, что в ближайшие 90 дней покупок не будет; при договоре – что клиент уйдёт.",
    ),
    "clm_p_alive": ("Остаётся клиентом", "Вероятность, что клиент вообще купит ещё."),
    "clm_expected_purchases": ("Ожидаемые покупки, 12 месяцев", "Сколько покупок ожидать за 12 месяцев."),
    "clm_next_purchase_on": ("Следующая покупка ожидается", "День, когда вероятна следующая покупка."),
    "clm_average_order": ("Средний заказ", "Средняя сумма заказа до сих пор."),
    "clm_segment": (
        "Сегменты",
        "Сегменты, к которым относится клиент. Сегменты RFM сравнивают с другими покупателями, а не с "
        "собственным ритмом клиента: кто покупает редко, но как обычно, может быть активным и «давно не "
        "покупать».",
    ),
    "clm_rfm": (
        "RFM",
        "Давность, частота и сумма покупок, каждая от 1 до 5 (лучшая), в сравнении с другими покупателями.",
    ),
    "clm_tier": ("Класс клиента", "Место клиента по ценности среди всех клиентов."),
    "clm_next_action": ("Следующее действие", "Что делать с клиентом дальше."),
}

_PL: dict[str, Text] = {
    "clm_stage": (
        "Etap klienta",
        "Gdzie klient jest dziś. Obliczany; zmiana ręczna zostanie zastąpiona.",
    ),
    "clm_stage_since": ("Na tym etapie od", "Dzień, w którym zaczął się obecny etap."),
    "clm_reason": ("Dlaczego ten etap", "Fakty, z których wynika etap."),
    "clm_exited_from": ("Odszedł z etapu", "Etap, na którym klient był, zanim zamilkł."),
    "clm_next_stage": ("Następny etap bez zmian", "Dokąd klient przejdzie, jeśli nic się nie wydarzy."),
    "clm_next_stage_on": ("Następny etap od", "Dzień tej zmiany, jeśli wcześniej nic się nie wydarzy."),
    "clm_risk_level": ("Poziom ryzyka", "Brak, niski, średni lub wysoki: z oznak ryzyka i wartości klienta."),
    "clm_risk_flags": ("Oznaki ryzyka", "Wszystkie niepokojące oznaki na dziś."),
    "clm_risk_reason": ("Skąd ryzyko", "Po jednym zdaniu z liczbami na każdą oznakę."),
    "clm_value_to_date": ("Wartość do dziś", "Ile klient przyniósł do tej pory."),
    "clm_clv": ("Prognoza wartości, 12 miesięcy", "Ile klient przyniesie w 12 miesięcy według prognozy."),
    "clm_clv_low": ("Prognoza wartości, dolna granica", "Dolna granica przedziału 80 % prognozy."),
    "clm_clv_high": ("Prognoza wartości, górna granica", "Górna granica przedziału 80 % prognozy."),
    "clm_churn_risk": (
        "Ryzyko odejścia",
        "Prawdopodobieństwo braku zakupu w najbliższych 90 dniach; przy umowie: odejścia.",
    ),
    "clm_p_alive": ("Nadal klient", "Prawdopodobieństwo, że klient w ogóle jeszcze kupi."),
    "clm_expected_purchases": ("Oczekiwane zakupy, 12 miesięcy", "Ilu zakupów oczekiwać w 12 miesięcy."),
    "clm_next_purchase_on": (
        "Następny zakup spodziewany",
        "Dzień, w którym prawdopodobny jest następny zakup.",
    ),
    "clm_average_order": ("Średnie zamówienie", "Średnia wartość zamówienia do tej pory."),
    "clm_segment": (
        "Segmenty",
        "Segmenty, do których należy klient. Segmenty RFM porównują z innymi kupującymi, a nie z własnym "
        "rytmem klienta: kto kupuje rzadko, ale jak zwykle, może być aktywny i „w hibernacji”.",
    ),
    "clm_rfm": (
        "RFM",
        "Świeżość, częstość i wartość zakupów, każda od 1 do 5 (najlepsza), w porównaniu z innymi "
        "kupującymi.",
    ),
    "clm_tier": ("Klasa klienta", "Miejsce klienta według wartości wśród wszystkich klientów."),
    "clm_next_action": ("Następne działanie", "Co dalej zrobić z klientem."),
}

TEXTS: dict[Language, dict[str, Text]] = {"en": _EN, "ru": _RU, "pl": _PL}

#: What earlier versions wrote on our properties: it is ours, and not a person's, and is replaced.
FORMER: frozenset[str] = frozenset(
    {
        "The segments to which the customer belongs.",
        "Recency, frequency and monetary value, each from 1 to 5 (best).",
        "Сегменты, к которым относится клиент.",
        "Давность, частота и сумма покупок, каждая от 1 до 5 (лучшая).",
        "Segmenty, do których należy klient.",
        "Świeżość, częstość i wartość zakupów, każda od 1 do 5 (najlepsza).",
    }
)
