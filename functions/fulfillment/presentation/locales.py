"""Amounts, numbers and dates in the buyer's notation. The only file that knows Babel."""

import copy
import re
from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo
from typing import Self

from babel import Locale, UnknownLocaleError
from babel.core import get_global
from babel.dates import format_date
from babel.numbers import format_currency, format_decimal

from fulfillment.domain.checkout import Checkout
from fulfillment.domain.money import shown_decimals, to_decimal

ENGLISH = Locale("en")
STRIPES = {"pt": "pt-PT"}
"""Stripe's tags that mean something else in CLDR: Stripe's `pt` is Portugal's, because it also has `pt-BR`."""
_CODE_MEETS_DIGIT = re.compile(r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")
_FOUR_DIGITS_TOGETHER = {
    **dict.fromkeys(("be", "bg", "es", "et", "hu", "hy", "it", "ka", "lv", "pl", "pt_PT", "sl", "sq"), True),
    **dict.fromkeys(("es_419", "pt_AO"), False),
}
"""Locales that write 1234, but 12.345: CLDR's minimumGroupingDigits, which Babel lacks. Other locales inherit it."""


class Notation:
    """The buyer's locale and the shop's time zone. `direction` is `ltr` or `rtl`. `tags` are the languages for choosing
    a template, the best first, e.g. `pt-BR`, `pt`.
    """

    def __init__(self, locale: Locale, zone: tzinfo = UTC) -> None:
        self._locale, self._zone = locale, zone
        self.direction = locale.text_direction
        self.tags = tuple(_tags(locale))
        together = (_FOUR_DIGITS_TOGETHER.get(name) for name in _ancestry(str(locale)))
        self._four_together = next((each for each in together if each is not None), False)

    @classmethod
    def of(cls, checkout: Checkout, zone: tzinfo = UTC) -> Self:
        """The notation of Checkout's language, with the buyer's country if the language names none. Without a known
        language: the likely one of the country. Without a known country: English.
        """
        addresses = (party.address for party in (checkout.customer, checkout.shipping) if party)
        countries = [address.country.upper() for address in addresses if address and address.country]
        tag = checkout.locale or "auto"
        spoken = _locale(STRIPES.get(tag, tag))
        if spoken:
            return cls(_refined(spoken, countries[0]) if countries else spoken, zone)
        return cls(next(filter(None, (_locale(f"und-{country}") for country in countries)), ENGLISH), zone)

    @classmethod
    def spoken(cls, languages: str, zone: tzinfo = UTC) -> Self:
        """The notation of the first known language in a browser's Accept-Language, or else of English."""
        tags = (each.partition(";")[0].strip() for each in languages[:100].split(","))
        return cls(next(filter(None, map(_locale, tags)), ENGLISH), zone)

    def money(self, minor: int, currency: str) -> str:
        """An amount in minor units with all decimals that it has at Stripe, e.g. `1.234,50 €`."""
        pattern = copy.copy(self._locale.currency_formats["standard"])
        pattern.frac_prec = (shown_decimals(minor, currency),) * 2
        amount, code = to_decimal(minor, currency), currency.upper()
        text = format_currency(
            amount,
            code,
            pattern,
            locale=self._locale,
            currency_digits=False,
            group_separator=self._is_grouped(int(amount)),
        )
        return _CODE_MEETS_DIGIT.sub("\N{NO-BREAK SPACE}", text)

    def number(self, number: int) -> str:
        """A whole number with the buyer's grouping of digits."""
        return format_decimal(number, locale=self._locale, group_separator=self._is_grouped(number))

    def _is_grouped(self, whole: int) -> bool:
        return abs(whole) >= (10_000 if self._four_together else 1000)

    def date(self, at: datetime) -> str:
        """The day in the shop's time zone, in words, e.g. `23. November 2026`."""
        try:
            local = at.astimezone(self._zone)
        except OverflowError:  # the calendar's first or last day
            local = at.astimezone(UTC)
        return format_date(local, "long", locale=self._locale)

    def country(self, code: str) -> str:
        """A country's name in the buyer's language. An unknown code stays unchanged."""
        return str(self._locale.territories.get(code.upper(), code))


def _locale(tag: str) -> Locale | None:
    if not re.fullmatch(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,3}", tag):
        return None
    try:
        return Locale.parse(tag.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return None


def _refined(spoken: Locale, country: str) -> Locale:
    """The language's variant of that country, if CLDR derives it directly from `spoken`: `de` in Switzerland is
    `de_CH`, `es-419` in Mexico `es_MX`. But `en` stays `en` in Britain: CLDR derives `en_GB` from `en_001`, and Stripe
    sends `en-GB` for British English.
    """
    name = f"{spoken.language}_{country}"
    parent = next(iter([*_ancestry(name)][1:]), None)
    return (_locale(name) or spoken) if parent == str(spoken) else spoken


def _tags(locale: Locale) -> Iterator[str]:
    """The tags of the locale and of its ancestors: `es-MX`, `es-419`, `es`."""
    for name in _ancestry(str(locale)):
        yield name.replace("_", "-")
        if re.fullmatch(r"[a-z]+_[A-Z][a-z]{3}_\w+", name):
            yield re.sub("_.*_", "-", name)


def _ancestry(name: str) -> Iterator[str]:
    """The names of a locale and its ancestors in CLDR, the nearest first."""
    parents = get_global("parent_exceptions")
    while name and name != "root":
        yield name
        name = parents.get(name) or name.rpartition("_")[0]
