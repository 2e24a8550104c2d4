"""How amounts, numbers and dates are written, for each language that Checkout speaks."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from stripe.params.checkout import SessionCreateParams

from fulfillment.domain.checkout import Address, Checkout, Customer, Shipping
from fulfillment.domain.ids import SessionId
from fulfillment.presentation.locales import Notation

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
STRIPES_LOCALES = [
    ("auto", "€1,234.50", "€123,456.00", "November 23, 2026"),
    ("bg", "1234,50 €", "123 456,00 €", "23 ноември 2026 г."),  # noqa: RUF001
    ("cs", "1 234,50 €", "123 456,00 €", "23. listopadu 2026"),
    ("da", "1.234,50 €", "123.456,00 €", "23. november 2026"),
    ("de", "1.234,50 €", "123.456,00 €", "23. November 2026"),
    ("el", "1.234,50 €", "123.456,00 €", "23 Νοεμβρίου 2026"),
    ("en", "€1,234.50", "€123,456.00", "November 23, 2026"),
    ("en-GB", "€1,234.50", "€123,456.00", "23 November 2026"),
    ("es", "1234,50 €", "123.456,00 €", "23 de noviembre de 2026"),
    ("es-419", "EUR 1,234.50", "EUR 123,456.00", "23 de noviembre de 2026"),
    ("et", "1234,50 €", "123 456,00 €", "23. november 2026"),
    ("fi", "1 234,50 €", "123 456,00 €", "23. marraskuuta 2026"),
    ("fil", "€1,234.50", "€123,456.00", "Nobyembre 23, 2026"),
    ("fr", "1 234,50 €", "123 456,00 €", "23 novembre 2026"),
    ("fr-CA", "1 234,50 €", "123 456,00 €", "23 novembre 2026"),
    ("hi-IN", "€1,234.50", "€1,23,456.00", "23 नवंबर 2026"),
    ("hr", "1.234,50 €", "123.456,00 €", "23. studenoga 2026."),
    ("hu", "1234,50 EUR", "123 456,00 EUR", "2026. november 23."),
    ("id", "€1.234,50", "€123.456,00", "23 November 2026"),
    ("it", "1234,50 €", "123.456,00 €", "23 novembre 2026"),
    ("ja", "€1,234.50", "€123,456.00", "2026年11月23日"),
    ("ko", "€1,234.50", "€123,456.00", "2026년 11월 23일"),
    ("lt", "1 234,50 €", "123 456,00 €", "2026 m. lapkričio 23 d."),
    ("lv", "1234,50 €", "123 456,00 €", "2026. gada 23. novembris"),
    ("ms", "€1,234.50", "€123,456.00", "23 November 2026"),
    ("mt", "€1,234.50", "€123,456.00", "23 ta\N{RIGHT SINGLE QUOTATION MARK} Novembru 2026"),
    ("nb", "1 234,50 €", "123 456,00 €", "23. november 2026"),
    ("nl", "€ 1.234,50", "€ 123.456,00", "23 november 2026"),
    ("pl", "1234,50 €", "123 456,00 €", "23 listopada 2026"),
    ("pt", "1234,50 €", "123 456,00 €", "23 de novembro de 2026"),
    ("pt-BR", "€ 1.234,50", "€ 123.456,00", "23 de novembro de 2026"),
    ("ro", "1.234,50 EUR", "123.456,00 EUR", "23 noiembrie 2026"),
    ("ru", "1 234,50 €", "123 456,00 €", "23 ноября 2026 г."),  # noqa: RUF001
    ("sk", "1 234,50 €", "123 456,00 €", "23. novembra 2026"),
    ("sl", "1234,50 €", "123.456,00 €", "23. november 2026"),
    ("sv", "1 234,50 €", "123 456,00 €", "23 november 2026"),
    ("th", "€1,234.50", "€123,456.00", "23 พฤศจิกายน ค.ศ. 2026"),
    ("tr", "€1.234,50", "€123.456,00", "23 Kasım 2026"),  # noqa: RUF001
    ("vi", "1.234,50 €", "123.456,00 €", "23 tháng 11, 2026"),
    ("zh", "€1,234.50", "€123,456.00", "2026年11月23日"),
    ("zh-HK", "€1,234.50", "€123,456.00", "2026年11月23日"),
    ("zh-TW", "€1,234.50", "€123,456.00", "2026年11月23日"),
]
"""Compared with what ICU 78 (CLDR 48) writes: the same but for `th`, where ICU counts in the Buddhist era."""


def notation(locale: str | None, country: str | None = None, delivery: str | None = None) -> Notation:
    fields: dict[str, Any] = {"payment_status": "paid", "mode": "payment", "livemode": False, "locale": locale}
    fields["customer"] = Customer(address=Address(country=country))
    fields["shipping"] = Shipping(address=Address(country=delivery))
    return Notation.of(Checkout(id=SessionId("cs_test_a1"), **fields))


def ordinary(text: str) -> str:
    """With ordinary spaces."""
    return re.sub("[\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}]", " ", text)


@pytest.mark.parametrize(("locale", "four_digits", "six_digits", "date"), STRIPES_LOCALES)
def test_each_language_of_checkout_has_its_notation(locale: str, four_digits: str, six_digits: str, date: str) -> None:
    buyers = notation(locale)
    assert ordinary(buyers.money(123450, "eur")) == four_digits
    assert ordinary(buyers.money(12345600, "eur")) == six_digits
    assert ordinary(buyers.date(AT)) == date
    assert buyers.direction == "ltr"


def test_no_language_of_checkout_is_missing() -> None:
    tags = re.findall(r"'([\w-]+)'", str(SessionCreateParams.__annotations__["locale"]))
    assert {locale for locale, *_ in STRIPES_LOCALES} == set(tags)


@pytest.mark.parametrize(
    ("locale", "number", "written"),
    [
        *(("pt", 1234, "1234"), ("pt", 12345, "12 345"), ("pt", -1234, "-1234"), ("pt-BR", 1234, "1.234")),
        *(("es", 9999, "9999"), ("es", 10000, "10.000"), ("es-419", 1234, "1,234"), ("de", 1234, "1.234")),
    ],
)
def test_whole_numbers_are_grouped_as_amounts_are(locale: str, number: int, written: str) -> None:
    assert ordinary(notation(locale).number(number)) == written


@pytest.mark.parametrize(
    ("locale", "country", "amount"),
    [
        ("de", "DE", "1.234,50 €"),
        ("de", "AT", "€ 1.234,50"),
        ("de", "ch", "EUR 1\N{RIGHT SINGLE QUOTATION MARK}234.50"),
        ("de", "US", "1.234,50 €"),
        ("it", "CH", "€ 1234.50"),
        ("es-419", "AR", "EUR 1.234,50"),
        ("es-419", "MX", "EUR 1,234.50"),
        ("es-419", "ES", "EUR 1,234.50"),
        ("es", "MX", "1234,50 €"),
        ("pt", "BR", "1234,50 €"),
        ("pt", "AO", "1 234,50 €"),
        ("pt-BR", "PT", "€ 1.234,50"),
        ("en", "DE", "€1,234.50"),
        ("en-GB", "ZA", "€1,234.50"),
        ("zh-HK", "MO", "€1,234.50"),
        ("auto", "PT", "1234,50 €"),
        ("auto", "BR", "€ 1.234,50"),
        (None, "AR", "EUR 1.234,50"),
        ("de", "\n", "1.234,50 €"),
        ("de", "../..", "1.234,50 €"),
    ],
)
def test_the_country_decides_what_the_language_leaves_open(locale: str | None, country: str, amount: str) -> None:
    assert ordinary(notation(locale, country).money(123450, "eur")) == amount


def test_english_is_american_in_every_country_but_where_stripe_says_british() -> None:
    assert notation("en", "GB").date(AT) == "November 23, 2026"
    assert notation("en-GB", "US").date(AT) == "23 November 2026"


def test_the_buyers_country_comes_before_that_of_delivery() -> None:
    assert ordinary(notation("de", "AT", "CH").money(100, "eur")) == "€ 1,00"
    assert ordinary(notation("de", None, "AT").money(100, "eur")) == "€ 1,00"


@pytest.mark.parametrize(
    ("locale", "country", "tags"),
    [
        ("pt", None, ["pt-PT", "pt"]),
        ("pt-BR", None, ["pt-BR", "pt"]),
        ("de", "CH", ["de-CH", "de"]),
        ("es-419", "MX", ["es-MX", "es-419", "es"]),
        (None, "MX", ["es-MX", "es-419", "es"]),
        ("zh-HK", None, ["zh-Hant-HK", "zh-HK", "zh-Hant", "zh"]),
        ("nb", None, ["nb", "no"]),
        (None, None, ["en"]),
    ],
)
def test_templates_are_looked_for_from_the_nearest_language_to_the_most_general(
    locale: str | None, country: str | None, tags: list[str]
) -> None:
    assert list(notation(locale, country).tags) == tags


def test_a_browsers_portuguese_is_what_browsers_mean_by_it() -> None:
    assert ordinary(Notation.spoken("pt").money(123450, "eur")) == "€ 1.234,50"
    assert ordinary(Notation.spoken("pt-PT;q=0.9, en").money(123450, "eur")) == "1234,50 €"
    assert Notation.spoken("nonsense/, ;").tags == ("en",)
