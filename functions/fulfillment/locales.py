"""Amounts, numbers and dates as the buyer writes them. The only file that knows Babel."""

import copy
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Self

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import format_currency, format_decimal

from fulfillment.domain.checkout import Address, Checkout
from fulfillment.domain.money import shown_decimals, to_decimal

ENGLISH = Locale("en")
_CODE_MEETS_DIGIT = re.compile(r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")


class Notation:
    """The buyer's way to write things down. `direction` is `ltr` or `rtl`; `tags` are the languages to look
    for, the best first, e.g. `pt-BR`, `pt`.
    """

    def __init__(self, locale: Locale) -> None:
        self._locale = locale
        self.direction = locale.text_direction
        self.tags = tuple(_tags(locale))

    @classmethod
    def of(cls, checkout: Checkout) -> Self:
        """That of the language which Checkout spoke; if that is not known, the likely one of the buyer's
        country; if that is not known either, English.
        """
        addresses = (party.address for party in (checkout.customer, checkout.shipping) if party)
        countries = (address.country for address in addresses if address)
        tags = [checkout.locale or "auto", *(f"und-{country}" for country in countries)]
        return cls(next(filter(None, map(_locale, tags)), ENGLISH))

    @classmethod
    def spoken(cls, languages: str) -> Self:
        """That of the first known language of a browser's Accept-Language, taken to be in order; or else English."""
        tags = (each.partition(";")[0].strip() for each in languages[:100].split(","))
        return cls(next(filter(None, map(_locale, tags)), ENGLISH))

    def money(self, minor: int, currency: str) -> str:
        """An amount in minor units with all its decimals by Stripe's count, e.g. `1.234,50 €`."""
        pattern = copy.copy(self._locale.currency_formats["standard"])
        pattern.frac_prec = (shown_decimals(minor, currency),) * 2
        amount, code = to_decimal(minor, currency), currency.upper()
        text = format_currency(amount, code, pattern, locale=self._locale, currency_digits=False)
        return _CODE_MEETS_DIGIT.sub("\N{NO-BREAK SPACE}", text)

    def number(self, number: int) -> str:
        """A whole number with the buyer's grouping."""
        return format_decimal(number, locale=self._locale)

    def date(self, at: datetime) -> str:
        """The day in UTC, in words, e.g. `23. November 2026`."""
        return format_date(at.astimezone(UTC), "long", locale=self._locale)

    def postal(self, name: str | None, address: Address) -> list[str]:
        """The lines to write on a parcel, those that are known."""
        code, city, state = address.postal_code, address.city, address.state
        place = [f"{city}, {state}" if city and state else city or state, code]
        country = self._locale.territories.get(address.country or "", address.country)
        town = " ".join(part for part in (place if state else reversed(place)) if part)
        return [line for line in (name, address.line1, address.line2, town, country) if line]


def _locale(tag: str) -> Locale | None:
    if not re.fullmatch(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,3}", tag):
        return None
    try:
        return Locale.parse(tag.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return None


def _tags(locale: Locale) -> Iterator[str]:
    language, script, territory = locale.language, locale.script, locale.territory
    for parts in ((script, territory), (territory,), (script,), ()):
        if None not in parts:
            yield "-".join((language, *map(str, parts)))
