"""Minor units as Stripe counts them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.domain.money import exponent, shown_decimals, to_decimal

ZERO = "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF"
THREE = "BHD JOD KWD OMR TND"
TWO = "USD EUR ISK UGX HUF TWD IDR usdc of_tomorrow"


@pytest.mark.parametrize(("currencies", "decimals"), [(ZERO, 0), (THREE, 3), (TWO, 2)])
def test_every_currency_has_the_decimals_that_stripe_gives_it(currencies: str, decimals: int) -> None:
    for currency in currencies.split():
        assert exponent(currency) == exponent(currency.lower()) == decimals


@pytest.mark.parametrize(
    ("minor", "currency", "amount"),
    [
        (1050, "usd", "10.50"),
        (1050, "jpy", "1050"),
        (1050, "kwd", "1.050"),
        (500, "isk", "5.00"),
        (500, "ugx", "5.00"),
        (0, "usd", "0.00"),
        (-5, "kwd", "-0.005"),
    ],
)
def test_an_amount_keeps_its_decimals(minor: int, currency: str, amount: str) -> None:
    assert str(to_decimal(minor, currency)) == amount


@given(st.integers(-(2**63), 2**63 - 1), st.sampled_from((ZERO + " " + THREE + " " + TWO).split()))
def test_no_amount_is_ever_rounded(minor: int, currency: str) -> None:
    digits = str(to_decimal(minor, currency)).replace(".", "")
    assert int(digits) == minor
    assert round(to_decimal(minor, currency), shown_decimals(minor, currency)) == to_decimal(minor, currency)


def test_a_currency_without_coins_is_shown_without_them_unless_there_are_some() -> None:
    assert [shown_decimals(500, "ISK"), shown_decimals(500, "ugx"), shown_decimals(500, "usd")] == [0, 0, 2]
    assert shown_decimals(501, "isk") == 2
    assert to_decimal(501, "isk") == Decimal("5.01")
