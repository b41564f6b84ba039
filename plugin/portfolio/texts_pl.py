"""The portfolio's words in Polish."""

from __future__ import annotations

# ruff: noqa: E501 - sentences stay on one line; the letters are meant

PL: dict[str, str] = {
    "metric.customers": "Klienci|Kupili i nie są utraceni na koniec okresu.|klienci",
    "metric.customers_won": "Pozyskani klienci|Pierwsze zakupy w okresie.|pierwsze zakupy",
    "metric.revenue": "Przychód|Kwoty wygranych transakcji bez zwrotów; każda liczy się raz.|przychód",
    "metric.profit": "Zysk|Zysk z wygranych transakcji; każda liczy się raz.|zysk",
    "metric.average_order": "Średnie zamówienie|Przychód na transakcję o znanej kwocie.|przychód|transakcje o znanej kwocie",
    "metric.sales_cycle": "Cykl sprzedaży|Mediana dni od pierwszego zapisu lub działania do pierwszego zakupu.",
    "metric.cac": (
        "CAC|Koszt pozyskania klienta: wydatki każdego miesiąca na klientów pozyskanych jeden cykl sprzedaży później. "
        "Miesiące bez wydatków są pominięte.|wydatki na pozyskanie|pozyskani klienci"
    ),
    "metric.historic_value": (
        "Wartość do dziś|Dotychczasowy zysk z klientów pozyskanych w okresie, na jednego.|zysk|pozyskani klienci"
    ),
    "metric.clv": (
        "CLV, 12 miesięcy|Prognoza zysku na dwanaście miesięcy z klientów pozyskanych w okresie, na jednego; na dzień "
        "ostatniego zakupu lub ostatniego dopasowania.|prognoza zysku|klienci z prognozą"
    ),
    "metric.clv_to_cac": (
        "CLV : CAC|Zysk dotychczasowy i prognoza na dwanaście miesięcy do wydatków na pozyskanie tych klientów."
        "|zysk i prognoza|wydatki na pozyskanie"
    ),
    "metric.payback_months": (
        "Zwrot|Pełne miesiące po miesiącu pierwszego zakupu, aż średni zysk pokryje CAC."
        "|zysk do tego miesiąca|klienci o takim stażu"
    ),
    "metric.retention_rate": (
        "Retencja|Klienci z początku okresu, którzy są nimi na jego końcu, jako zbiory; dla całości — z ostatniego pełnego roku, inaczej kwartału, inaczej miesiąca.|utrzymani|klienci na początku"
    ),
    "metric.churn_rate": (
        "Odejścia|Jeden minus retencja: klienci z początku okresu, których na końcu nie ma. Kto nigdy nie kupił, nie liczy się.|odeszli|klienci na początku"
    ),
    "metric.monthly_churn": (
        "Odejścia, średni miesiąc|Utraceni w miesiącu spośród klientów na jego początku, ze wszystkich miesięcy okresu.|utraceni|klienci na początkach miesięcy"
    ),
    "metric.lifespan_months": (
        "Czas życia klienta|Ile miesięcy klient zostaje przy takich miesięcznych odejściach: 1 / odejścia; najwyżej {cap}, wtedy ze znakiem ≥.|miesiące klientów|utraceni"
    ),
    "metric.gross_revenue_retention": (
        "Retencja przychodu brutto (GRR)|Ile ci, którzy zapłacili w poprzednim okresie tej samej długości, zapłacili znowu w tym; każdy najwyżej tyle, co przedtem. Dla całości: ostatni pełny rok, inaczej kwartał, inaczej miesiąc.|zapłacone znowu, do wysokości bazy|baza: zapłacone w poprzednim okresie"
    ),
    "metric.revenue_churn": (
        "Utrata przychodu|Jeden minus retencja brutto: czego płacący przedtem nie zapłacili znowu.|niezapłacone znowu|baza: zapłacone w poprzednim okresie"
    ),
    "metric.net_revenue_retention": (
        "Retencja przychodu netto (NRR)|Wszystko, co płacący w poprzednim okresie zapłacili w tym, ze wzrostem i bez nowych klientów. Powracający tylko z reaktywacją.|zapłacone znowu|baza: zapłacone w poprzednim okresie"
    ),
    "metric.revenue_lost": (
        "Przychód utracony przez odejścia|Ile klienci utraceni w okresie przynieśli w roku do ostatniego zakupu."
        "|przychód ostatniego roku"
    ),
    "metric.return_rate": (
        "Powroty, miesięcznie|Kupili znów po uśpieniu lub utracie, spośród uśpionych i utraconych na początku miesiąca."
        "|wrócili|uśpieni i utraceni na początku"
    ),
    "metric.nps": (
        "NPS|Udział promotorów (9–10) minus udział krytyków (0–6), w punktach, z ostatniej odpowiedzi każdego w okresie; ± to margines błędu przy {confidence} %.|promotorzy minus krytycy|odpowiedzi"
    ),
    "metric.csat": (
        "CSAT|Udział zadowolonych odpowiedzi: od {satisfied_from} w skali od {lowest} do {highest}; z ostatniej odpowiedzi każdego w okresie.|zadowolone odpowiedzi|odpowiedzi"
    ),
    "metric.engagement_rate": (
        "Zaangażowanie, miesięcznie|Zapisy z działaniem w miesiącu, spośród wszystkich na jego koniec."
        "|z działaniem|wszystkie zapisy"
    ),
    "metric.lifecycle_roi": (
        "ROI pracy z klientami, bez kontroli|Zysk z {days} dni od każdego powrotu uśpionego lub utraconego klienta minus koszt tej pracy, do tego kosztu. Nie ma z kim porównać: część wróciłaby sama.|zysk z powrotów minus koszt|koszt pracy z klientami"
    ),
    "reason.too_few": "Za mało, by powiedzieć: {n}, potrzeba {gate}.",
    "reason.undefined": ("Nieokreślone: nie ma przez co dzielić."),
    "reason.no_spend": "Wydatki nie są znane. Wczytaj tabelę wydatków.",
    "reason.no_spend_matched": "Brak wydatków za miesiące, do których należą ci klienci.",
    "reason.spend_by_channel": "Wydatki są znane tylko według kanałów.",
    "reason.no_prediction": "Za mało danych na prognozę.",
    "reason.no_amounts": "Kwoty nie są znane.",
    "reason.not_paid_back": "Nie zwróciło się w widocznym czasie.",
    "reason.never": ("Jak dotąd nigdy: na tych klientach nic nie zarobiono."),
    "reason.running": ("Okres jeszcze trwa: jego część stanęłaby przeciw całemu poprzedniemu."),
    "reason.one_filter": ("Przechowywane tylko dla jednego filtra."),
    "reason.off_scale": (
        "Więcej niż jedna odpowiedź na dziesięć leży poza podaną skalą: popraw `csat_scale` w mapowaniu."
    ),
    "reason.tasks_unknown": ("Z plików nie widać, które zadania utworzono; wie to portal."),
    "word.undefined": ("nieokreślone"),
    "word.never": ("nigdy"),
    "reason.not_mapped": "Nie wskazano właściwości, z której to wynika.",
    "reason.never_seen": "W tym portalu nic takiego nie zapisano.",
    "reason.no_cost": "Koszt nie jest znany: dodaj do tabeli wydatków wiersze z kanałem `lifecycle`.",
    "reason.cost_of_all": "Koszt jest znany tylko dla wszystkich razem.",
    "loss.quality": "Jakość",
    "loss.service": "Obsługa",
    "loss.price": "Cena",
    "loss.changed_needs": "Zmiana potrzeb",
    "loss.weak_communication": "Słaba komunikacja",
    "loss.other": "Inne",
    "loss.unknown": "Nieznane",
    "title": "Portfel klientów",
    "to_date": "wszystko do dziś",
    "running": "bieżący miesiąc trwa",
    "scope.all": "wszyscy klienci",
    "scope.channel": "kanał {name}",
    "scope.segment": "segment {name}",
    "scope.cohort": "klienci pozyskani w {name}",
    "unknown_channel": "nieznany",
    "figures": "Wskaźniki",
    "figures_head": "Wskaźnik|Wartość|Licznik|Mianownik|n|Co to jest",
    "over_time": "Miesiąc po miesiącu",
    "over_time_note": "Bieżący miesiąc jest jaśniejszy: jeszcze trwa.",
    "kept": ("Kto został i zapłacił znowu"),
    "kept_period_note": (
        "Retencja liczy, kto z początku jest na końcu. Obok zwykły wzór (E − N) / S: różni się, gdy klienci wracają albo przychodzą i odchodzą w ciągu okresu. Przychód jest tych, którzy płacili w poprzednim okresie."
    ),
    "kept_head": (
        "Okres|Początek (S)|Utrzymani|Nowi (N)|Koniec (E)|Retencja|(E − N) / S|Baza|Przychód przedtem|Brutto|Netto|Netto z reaktywacją"
    ),
    "left_out": ("Poza wszystkimi sumami: {deals}."),
    "left_out.currency": ("wygrane transakcje w {currency} bez kwoty w walucie portalu: {deals}"),
    "left_out.unknown": ("wygrane transakcje o nieznanej kwocie: {deals}"),
    "funnel": "Jak daleko dochodzą klienci",
    "funnel_note": "Klienci, którzy doszli do etapu lub dalej; obok udział tych, którzy poszli dalej, i mediana czasu.",
    "went_on": "dalej {share}, mediana {days} dni",
    "went_on_unknown": "dalej {share}",
    "moves": "Zmiany etapów",
    "moves_note": "Najczęstsze najpierw; jak długo trwał opuszczony etap — mediana wszystkich takich zmian.",
    "moves_head": "Z|Do|Razy|Mediana dni",
    "cohorts": "Utrzymanie według kohort",
    "cohorts_note": "Wiersze: miesiąc pierwszego zakupu. Kolumny: miesiące od niego. Udział kohorty, który wtedy kupił.",
    "kept_note": "Udział kohorty nieutracony na koniec miesiąca.",
    "losses": "Powody strat",
    "losses_head": "Powód|Utraceni klienci|Przychód ich ostatniego roku|Utracone transakcje|Kwota tych transakcji",
    "channels": "Kanały",
    "channels_note": "Wydatki dotyczą klientów pozyskanych cykl sprzedaży później: mediana {days} dni, {months} mies.",
    "channels_head": "Kanał|Pozyskani klienci|Wydatki|CAC|Wartość do dziś|CLV, 12 mies.|CLV : CAC|Zwrot, miesiące",
    "cac_months": "CAC według kanałów i miesięcy",
    "cac_months_note": "CAC, pod nim wydatki / pozyskani klienci; wydatki sprzed jednego cyklu sprzedaży.",
    "gates": "Kreska to wskaźnik wstrzymany: najedź, by poznać powód.",
    "customers": "klientów",
    "none": "Brak.",
}
