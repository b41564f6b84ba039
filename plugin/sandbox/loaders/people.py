"""Names of people and companies that nobody can mistake for real ones, the same for the same number."""

from __future__ import annotations


def _words(text: str) -> list[str]:
    return text.split()


FIRST = _words(
    "Ada Amir Anna Bela Bruno Carla Chen Clara Dalia Dario Edda Emil Enzo Fatima Felix Gita Greta Hana Hugo "
    "Ida Igor Ines Ivan Jana Jonas Juno Kaia Karl Lena Leo Lidia Luca Maja Marco Mila Nadia Nils Nora Olga "
    "Omar Otto Petra Pia Rafa Rosa Sami Selma Theo Tova Uma Vera Viktor Wanda Yara Yusuf Zoe"
)
LAST = _words(
    "Amberfield Birchwater Brightmoor Cedarlane Cloudberry Copperhill Dewdrop Driftwood Elderbrook "
    "Fernhollow Foxglove Frostvale Goldencroft Greenbank Hazelwick Heatherby Honeydale Icemeadow "
    "Ivyhurst Juniperus Kestrel Larkspur Lavender Lindenau Maplethorpe Marigold Meadowlark Mistral "
    "Moonstone Mossbank Nightingale Oakenfold Orchardson Pebblebrook Pinecrest Quillfeather Rainford "
    "Redwing Riverbend Rosewater Saffron Seabright Silverleaf Skylark Snowdrop Starling Stonebridge "
    "Summerfield Thistledown Tumbleweed Underhill Violetta Wildrose Willowby Winterbourne Woodruff "
    "Yarrow Zephyr "
)
TRADES = _words(
    "Bakery Books Ceramics Cycles Foods Gardens Instruments Interiors Optics Outdoor Paper Press Toys"
)


def person(number: int, host: str = "customers.example") -> dict[str, str]:
    """firstname, lastname and e-mail of the person with this number; the host can never receive mail.

    `.example` is reserved for such use by RFC 2606, section 2.
    """
    first = FIRST[(number * 31) % len(FIRST)]
    last = LAST[(number * 17 + number // len(LAST)) % len(LAST)]
    return {"firstname": first, "lastname": last, "email": f"{first}.{last}.{number}@{host}".lower()}


def company(number: int) -> dict[str, str]:
    """name and domain of the company with this number."""
    last = LAST[(number * 29 + number // len(LAST)) % len(LAST)]
    trade = TRADES[(number * 5 + number // len(TRADES)) % len(TRADES)]
    return {"name": f"{last} {trade} {number}", "domain": f"{last}-{trade}-{number}.example".lower()}
