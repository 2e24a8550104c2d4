"""Stripe's minor units: the number of decimals of an amount.

The lists are Stripe's (docs.stripe.com/currencies), not ISO 4217's: at Stripe ISK and UGX have two decimals that are
always 00, and MGA has none.
"""

from decimal import Decimal

_ZERO_DECIMAL = frozenset(
    ("bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf")
)
_THREE_DECIMAL = frozenset(("bhd", "jod", "kwd", "omr", "tnd"))
_NO_COINS = frozenset(("isk", "ugx"))


def exponent(currency: str) -> int:
    """The decimals of the currency's minor unit at Stripe: 0, 2 or 3. An unknown currency has 2."""
    code = currency.lower()
    if code in _ZERO_DECIMAL:
        return 0
    return 3 if code in _THREE_DECIMAL else 2


def to_decimal(minor: int, currency: str) -> Decimal:
    """An amount in minor units as the exact amount in major units: 1050 usd is 10.50, 1050 jpy is 1050."""
    sign, digits, _ = Decimal(minor).as_tuple()
    return Decimal((sign, digits, -exponent(currency)))


def shown_decimals(minor: int, currency: str) -> int:
    """The number of decimals to show: all of them, because amounts are never rounded, except the constant .00 of a
    currency without coins.
    """
    whole = currency.lower() in _NO_COINS and minor % 100 == 0
    return 0 if whole else exponent(currency)
