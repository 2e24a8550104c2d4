"""Writes the headers of a mail that hold free text.

Python's own folding differs between versions: 3.11 and 3.12 lose blanks between encoded words, 3.13.0 puts no blank
between two encoded words. Here a line has at most 76 characters (RFC 2047), no encoded word ends within a character,
and decoding gives exactly the original text.
"""

import re
import textwrap
import unicodedata
from collections.abc import Iterator
from email.charset import Charset
from email.headerregistry import Address

_LINE = 76
_WORD = 64  # characters of an encoded word: with the header's name before it, the line stays within its limit
_BYTES = 39  # bytes of text that fit in an encoded word
_PLAIN = re.compile(r"(?!.*=\?)[!-~]{1,64}(?: [!-~]{1,64})*")
_ATOMS = re.compile(r"(?!.*=\?)[\w!#$%&'*+/=?^`{|}~-]+(?: [\w!#$%&'*+/=?^`{|}~-]+)*", re.ASCII)
_QUOTABLE = re.compile(r"(?!.*=\?)[ -~]*")
_SPECIAL = re.compile(r'(["\\])')
_UTF8 = Charset("utf-8")  # chooses the shorter one of base64 and quoted-printable
_BREAK = "\r\n "
_JOINER = "\N{ZERO WIDTH JOINER}"
_FLAG_LETTER = re.compile("[\U0001f1e6-\U0001f1ff]")
_MODIFIER = re.compile("[\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f\u200c\u200d]")


def subject(text: str) -> str:
    """The header `Subject`, folded, without the last line break."""
    if _PLAIN.fullmatch(text):
        return _fold(f"Subject: {text}")
    return f"Subject: {_encoded(text)}" if text else "Subject:"


def sender(mailbox: Address) -> str:
    """The header `From`, folded: the display name and the address."""
    phrase, address = _phrase(mailbox.display_name), mailbox.addr_spec
    if not phrase:
        return f"From: {address}"
    return f"From: {phrase}{' ' if len(phrase) + len(address) < _WORD else _BREAK}<{address}>"


def _phrase(name: str) -> str:
    """A display name as atoms, in quotes, or encoded: the first form that can hold it."""
    if _ATOMS.fullmatch(name) and len(name) <= _WORD:
        return name
    quoted = '"' + _SPECIAL.sub(r"\\\1", name) + '"'
    if _QUOTABLE.fullmatch(name) and len(quoted) <= _WORD:
        return quoted if name else ""
    return _encoded(name)


def recipient(mailbox: Address) -> str:
    """The header `To`: only the address, in UTF-8 if it is not ASCII."""
    return f"To: {mailbox.addr_spec}"


def _fold(header: str) -> str:
    lines = textwrap.wrap(header, _LINE, subsequent_indent=" ", break_long_words=False, break_on_hyphens=False)
    return "\r\n".join(lines)


def _encoded(text: str) -> str:
    """The text as encoded words, each on its own line."""
    words, chunk = [], ""
    for character in _characters(text):
        if chunk and len(_UTF8.header_encode(chunk + character)) > _WORD:
            words.append(_UTF8.header_encode(chunk))
            chunk = ""
        chunk += character
    return _BREAK.join([*words, _UTF8.header_encode(chunk)])


def _characters(text: str) -> Iterator[str]:
    """The characters as people see them: a letter with its marks, an emoji with its modifiers, a flag. A character
    that is too long for an encoded word is split.
    """
    character = ""
    for char in text:
        whole = character + char
        if character and not (_continues(character, char) and len(whole.encode()) <= _BYTES):
            yield character
            whole = char
        character = whole
    if character:
        yield character


def _continues(character: str, char: str) -> bool:
    marks = unicodedata.category(char).startswith("M") or _MODIFIER.fullmatch(char) or character.endswith(_JOINER)
    return bool(marks or (_FLAG_LETTER.fullmatch(character) and _FLAG_LETTER.fullmatch(char)))
