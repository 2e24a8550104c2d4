"""Amounts as a person reads them."""

from fulfillment.domain.money import shown_decimals, to_decimal


def amount(minor: int | None, currency: str | None) -> str:
    """An amount for people: 35.00 USD, 1050 JPY."""
    if minor is None or currency is None:
        return "-" if minor is None else f"{minor} (no currency)"
    exact, decimals = to_decimal(minor, currency), shown_decimals(minor, currency)
    return f"{exact:.{decimals}f} {currency.upper()}"
