"""The subject and the sender's name arrive as the very text that they are, on every Python."""

import itertools
import re
import unicodedata
from email import message_from_string
from email.header import decode_header, make_header
from email.policy import default

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fulfillment.effects import mail_headers
from fulfillment.settings.mailbox import Mailbox, parse_sender
from support import rfc2047

ADDRESS = "orders@shop.example"
WORDS = [
    *(
        "Bäckerei Jäger und Söhne Köln",
        "Acme, Inc.",
        'The "Best" Shop',
        "A (B) C",
        "back\\slash",
        "a\\",
        '"',
        "O'Neil's",
    ),
    *(
        "レストラン さくら",
        "小さな本屋",
        "دفتر كتّان، أزرق",
        "חנות הספרים",
        "संपर्क सूत्र",
        "ร้านหนังสือเล็กๆ",
        "Cửa hàng Đồng Nai",
    ),
    *(
        "Книжный магазин",
        "Ελληνικό βιβλίο",
        "한국 서점",
        "می‌خواهم",
        "👩🏽‍💻 Code & Co.",
        "🇩🇪🇫🇷🇯🇵",
        "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
        "👨‍👩‍👧‍👦",
        "❤️",
        "1️⃣",
    ),
    *(
        "e\u0301" * 9,
        "a\u0323\u0302",
        "=?utf-8?q?x?=",
        "a =?b",
        "?=",
        "=",
        "_",
        "=20",
        "plain words only",
        "x" * 70,
        "tab?",
    ),
    *(
        "a  b",
        " a",
        "a ",
        "\N{NO-BREAK SPACE}a\N{IDEOGRAPHIC SPACE}",
        "\U0001d518\U0001d52b",
        "a@b.c",
        "<b>",
        "Bcc: x@y.z",
    ),
]
texts = st.lists(st.sampled_from([*WORDS, " ", "  ", ", ", "a", "ß", "\N{COMBINING ACUTE ACCENT}"]), max_size=12).map(
    "".join
)
texts |= st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), max_size=200)
EVERY_LENGTH = [(word * 90)[start : start + length] for word in WORDS for start in (0, 1) for length in range(1, 90, 3)]


def from_(name: str) -> str:
    return mail_headers.sender(Mailbox(display_name=name, addr_spec=ADDRESS))


def name_in(header: str) -> str:
    """The display name before the address, as RFC 5322 and RFC 2047 say."""
    value = rfc2047.unfold(header)
    phrase, blank, address = value.rpartition(" ")
    if not blank:
        assert address == ADDRESS
        return ""
    assert address == f"<{ADDRESS}>"
    if phrase.startswith('"'):
        assert re.fullmatch(r'"(?:[^"\\]|\\.)*"', phrase)
        assert "=?" not in phrase
        return re.sub(r"\\(.)", r"\1", phrase[1:-1])
    if "=?" not in phrase:
        assert re.fullmatch(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+( [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*", phrase)
        return phrase
    folded, _, _ = header.rpartition("<")
    return rfc2047.decode(folded.rstrip(" \r\n"))


def by_python(header: str) -> str:
    """What Python's own decoder reads, that of old programs."""
    return str(make_header(decode_header(rfc2047.unfold(header))))


def check_subject(text: str) -> None:
    header = mail_headers.subject(text)
    assert rfc2047.decode(header) == text
    if "=?" in header:
        assert by_python(header) == text
    assert message_from_string(f"{header}\r\n\r\n", policy=default)["Subject"] == text


def check_sender(name: str) -> None:
    header = from_(name)
    assert name_in(header) == name
    (read,) = message_from_string(f"{header}\r\n\r\n", policy=default)["From"].addresses
    assert read.addr_spec == ADDRESS


def test_every_name_arrives_at_every_length() -> None:
    assert len(EVERY_LENGTH) > 2000
    for text in EVERY_LENGTH:
        check_subject(text)
        check_sender(text)


@settings(max_examples=400)
@example("")
@example("\N{FAMILY}" * 40)
@given(texts)
def test_whatever_the_text_the_subject_is_that_text(text: str) -> None:
    if text.strip():
        check_subject(text)
    else:
        assert mail_headers.subject("") == "Subject:"


@settings(max_examples=400)
@given(texts)
def test_whatever_the_name_the_sender_has_that_name(text: str) -> None:
    check_sender(text)


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("", f"From: {ADDRESS}"),
        ("Shop", f"From: Shop <{ADDRESS}>"),
        ("Paper & Ink", f"From: Paper & Ink <{ADDRESS}>"),
        ("Acme, Inc.", f'From: "Acme, Inc." <{ADDRESS}>'),
        ('a"\\', f'From: "a\\"\\\\" <{ADDRESS}>'),
        ("Bücher", f"From: =?utf-8?q?B=C3=BCcher?= <{ADDRESS}>"),
        ("=?utf-8?q?x?=", f"From: =?utf-8?b?PT91dGYtOD9xP3g/PQ==?= <{ADDRESS}>"),
        (
            "Bäckerei Jäger und Söhne Köln",
            f"From: =?utf-8?b?QsOkY2tlcmVpIErDpGdlciB1bmQgU8O2aG5lIEvDtmxu?=\r\n <{ADDRESS}>",
        ),
    ],
)
def test_a_name_is_written_as_plainly_as_it_can_be(name: str, header: str) -> None:
    assert from_(name) == header


def test_a_plain_subject_is_not_encoded_and_folded_at_its_blanks() -> None:
    assert mail_headers.subject("Your receipt from Shop") == "Subject: Your receipt from Shop"
    long = "Your receipt from Shop " * 9 + "."
    assert "=?" not in mail_headers.subject(long)
    assert rfc2047.decode(mail_headers.subject(long)) == long


def joined(left: str, right: str) -> bool:
    """Whether a break between the two would part what people see as one character."""
    parts = unicodedata.category(right).startswith("M") or right == "\N{ZERO WIDTH JOINER}"
    return (
        parts
        or left == "\N{ZERO WIDTH JOINER}"
        or 0x1F3FB <= ord(right) <= 0x1F3FF
        or ord(right) in range(0xE0020, 0xE0080)
    )


SEEN_AS_ONE = ["é", "e\u0301", "a\u0323\u0302", "कि", "क्षि", "👩🏽‍💻", "👨‍👩‍👧‍👦", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "❤️", "1️⃣", "ที่"]


@given(
    st.lists(st.sampled_from([*SEEN_AS_ONE, "a", "b ", "ß"]), min_size=1, max_size=60).map("".join), st.integers(0, 70)
)
def test_no_encoded_word_ends_within_a_character(text: str, before: int) -> None:
    text = "x" * before + text
    header = mail_headers.subject(text)
    if "=?" not in header:
        return
    words = [rfc2047.decode(f"Subject: {word}") for word in rfc2047.unfold(header).split(" ")]
    for left, right in itertools.pairwise(words):
        assert not joined(left[-1], right[0]), (left, right)


def test_a_flag_stays_whole() -> None:
    for before in range(70):
        words = rfc2047.unfold(mail_headers.subject("x" * before + "🇩🇪" * 30)).split(" ")
        assert all(
            rfc2047.decode(f"Subject: {word}").count("🇩") == rfc2047.decode(f"Subject: {word}").count("🇪")
            for word in words
        )


def test_a_character_of_a_hundred_marks_comes_in_parts_and_whole() -> None:
    check_subject("e" + "\N{COMBINING ACUTE ACCENT}" * 100)


@pytest.mark.parametrize("text", ["Bäckerei Jäger und Söhne Köln", "👩🏽‍💻 Code & Co.", 'The \\"Best\\" Shop'])
def test_a_name_of_the_settings_arrives_as_it_is_meant(text: str) -> None:
    quoted = '"' in text
    sender = parse_sender(f'"{text}" <{ADDRESS}>' if quoted else f"{text} <{ADDRESS}>")
    assert name_in(mail_headers.sender(sender)) == text.replace('\\"', '"')
