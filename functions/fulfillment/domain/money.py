"""Stripe's minor units: how many decimals an amount has.

The lists are Stripe's (docs.stripe.com/currencies), not ISO 4217's: to Stripe, ISK and UGX have two decimals,
which are always 00, and MGA has none.
"""

from decimal import Decimal

_ZERO_DECIMAL = frozenset(
    ("bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf")
)
_THREE_DECIMAL = frozenset(("bhd", "jod", "kwd", "omr", "tnd"))
_NO_COINS = frozenset(("isk", "ugx"))


def exponent(currency: str) -> int:
    """The decimals of the currency's minor unit at Stripe: 0, 2 or 3. A currency of tomorrow has two."""
    code = currency.lower()
    if code in _ZERO_DECIMAL:
        return 0
    return 3 if code in _THREE_DECIMAL else 2


def to_decimal(minor: int, currency: str) -> Decimal:
    """An amount in minor units as the exact amount in whole ones: 1050 usd is 10.50, 1050 jpy is 1050."""
    sign, digits, _ = Decimal(minor).as_tuple()
    return Decimal((sign, digits, -exponent(currency)))


def shown_decimals(minor: int, currency: str) -> int:
    """How many decimals a person is shown: all of them, so that nothing is ever rounded, but the always
    empty .00 of a currency that has no coins.
    """
    without = currency.lower() in _NO_COINS and minor % 100 == 0
    return 0 if without else exponent(currency)
