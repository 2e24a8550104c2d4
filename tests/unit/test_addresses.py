"""What mail settings and buyers' addresses may be, and what is refused without being shown."""

import re
from email import message_from_string
from email.errors import NonASCIILocalPartDefect
from email.policy import default
from pathlib import Path

import idna
import pytest
from aiosmtplib.email import quote_address
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fulfillment.errors import ConfigurationError
from fulfillment.settings.hosts import Security, SmtpServer, parse_shop_url
from fulfillment.settings.mailbox import Mailbox, mailbox, parse_sender
from fulfillment.subscriber.settings import SubscriberSettings
from support.mails import HOSTILE_ADDRESSES

BASE = {"GOOGLE_CLOUD_PROJECT": "shop", "STRIPE_LIVEMODE": "true"}
URL, SENDER = "smtps://shop:s3cr%40t@smtp.example.com:465", "Shop <orders@shop.example>"


def test_a_server_is_read_from_its_url() -> None:
    server = SmtpServer.parse(f"{URL}\n")
    assert (server.security, server.host, server.port) == (Security.TLS, "smtp.example.com", 465)
    assert (server.user, server.password) == ("shop", "s3cr@t")
    assert SmtpServer.parse("smtp://a%40b.c:p%C3%A4%2F@h:587").password == "pä/"
    assert SmtpServer.parse("smtp://relay.example:587").user is None
    assert SmtpServer.parse("smtp+insecure://[::1]:1025").host == "::1"


@pytest.mark.parametrize(
    "url",
    [
        "smtp.example.com:465",
        "http://u:s3cret@h:465",
        "smtps://h",
        "smtps://u@h:465",
        "smtps://u:s3cret@h:0",
        "smtps://u:s3cret@h:65536",
        "smtps://u:s3cret@h:465/x",
        "smtps://u:s3cret@h:465?tls=no",
        "smtps://u:s3c@ret@h:465",
        "smtps://u:s3cret%@h:465",
        "smtps://u:s3cret%0D%0A@h:465",
        "smtps://u:s3cret%ff@h:465",
        "smtp+insecure://10.0.0.1:25",
        "smtp+insecure://smtp.example.com:25",
        "smtp+insecure://u:s3cret@127.0.0.1:1025",
    ],
)
def test_any_other_server_is_refused_by_a_rule_that_shows_no_password(url: str) -> None:
    with pytest.raises(ValueError, match=r"must be smtps://.*STARTTLS.*on loopback only") as error:
        SmtpServer.parse(url)
    assert "s3c" not in str(error.value)


def test_no_password_is_in_the_representation() -> None:
    assert "s3cr" not in repr(SubscriberSettings.load(BASE | {"SMTP_URL": URL, "EMAIL_FROM": SENDER}))


def test_without_a_server_nothing_of_mail_is_required() -> None:
    settings = SubscriberSettings.load(BASE)
    assert settings.smtp_server is None
    assert {"SMTP_URL", "EMAIL_FROM", "SHOP_URL"} <= set(settings.left_out())


def test_with_a_server_a_missing_sender_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"^EMAIL_FROM is required with SMTP_URL$"):
        SubscriberSettings.load(BASE | {"SMTP_URL": URL})


def test_a_server_in_two_places_is_a_contradiction(tmp_path: Path) -> None:
    (tmp_path / "url").write_text(URL)
    both = {"SMTP_URL": URL, "SMTP_URL_FILE": str(tmp_path / "url"), "EMAIL_FROM": SENDER}
    with pytest.raises(ConfigurationError, match="SMTP_URL and SMTP_URL_FILE contradict each other"):
        SubscriberSettings.load(BASE | both)


def test_a_server_is_read_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "url").write_text(f"{URL}\n")
    settings = SubscriberSettings.load(BASE | {"SMTP_URL_FILE": str(tmp_path / "url"), "EMAIL_FROM": SENDER})
    assert settings.smtp_server is not None
    assert settings.smtp_server() == SmtpServer.parse(URL)


def test_what_is_wrong_with_mail_is_named_beside_the_rest() -> None:
    wrong = {"SMTP_URL": "smtp://x", "EMAIL_FROM": "orders", "SHOP_URL": "http://shop.example"}
    with pytest.raises(ConfigurationError) as error:
        SubscriberSettings.load(BASE | wrong)
    assert all(f"{name} must be" in str(error.value) for name in wrong)


@pytest.mark.parametrize(
    ("text", "name", "address"),
    [
        ("orders@shop.example", "", "orders@shop.example"),
        ("Shop <orders@shop.example>", "Shop", "orders@shop.example"),
        ('"Paper, Ink & Co." <orders@shop.example>', "Paper, Ink & Co.", "orders@shop.example"),
        ("Bücher <orders@bücher.example>", "Bücher", "orders@xn--bcher-kva.example"),
        ("Faß <orders@faß.de>", "Faß", "orders@xn--fa-hia.de"),
        ('"The \\"Best\\" \\\\ Shop" <orders@shop.example>', 'The "Best" \\ Shop', "orders@shop.example"),
        ('Tom "T" (Shop) <orders@shop.example>', 'Tom "T" (Shop)', "orders@shop.example"),
        ("👩\N{ZERO WIDTH JOINER}💻 می\N{ZERO WIDTH NON-JOINER}خ <a@b.example>", "👩\u200d💻 می\u200cخ", "a@b.example"),
        ("\N{IDEOGRAPHIC SPACE}本\N{NO-BREAK SPACE}屋 <a@b.example>", "本\N{NO-BREAK SPACE}屋", "a@b.example"),
    ],
)
def test_a_sender_has_an_address_and_maybe_a_name(text: str, name: str, address: str) -> None:
    sender = parse_sender(text)
    assert (sender.display_name, sender.addr_spec) == (name, address)


@pytest.mark.parametrize(
    "text",
    ["", "x", "a@b.c, d@e.f", "A <a@b.c>, B <d@e.f>", "A\n<a@b.c>", "ü@b.c", "<a@b.c", '"A <a@b.c>', '"A"B" <a@b.c>'],
)
@pytest.mark.parametrize("turning", ["", "\u202e", "\ud800", "\x85"])
def test_any_other_sender_is_refused(text: str, turning: str) -> None:
    with pytest.raises(ValueError, match="must be"):
        parse_sender(text)
    with pytest.raises(ValueError, match="must be"):
        parse_sender(f"A{turning}B <a@b.c>" if turning else text)


@pytest.mark.parametrize(
    "url", ["https://shop.example", "https://shop.example:8443/a?b=c&d#e", "http://localhost:3000/"]
)
def test_the_shop_is_a_safe_address(url: str) -> None:
    assert parse_shop_url(url) == url


@pytest.mark.parametrize(
    "url",
    ["http://shop.example", "javascript:alert(1)", "https://", "https://u:p@x.example", 'https://x/"', "https://x/ y"],
)
def test_any_other_shop_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="must be an https:// address"):
        parse_shop_url(url)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("jenny+shop.1@example.com", "jenny+shop.1@example.com"),
        ("o'brien@mail.example.co.uk", "o'brien@mail.example.co.uk"),
        ("jenny@bücher.example", "jenny@xn--bcher-kva.example"),
        ("jörg@example.com", "jörg@example.com"),
        ("संपर्क@डाटामेल.भारत", "संपर्क@xn--c2bd4bq1db8d.xn--h2brj9c"),
        ("jo\N{COMBINING DIAERESIS}rg@example.com", "jo\N{COMBINING DIAERESIS}rg@example.com"),
        ("می\N{ZERO WIDTH NON-JOINER}خ@example.com", "می\N{ZERO WIDTH NON-JOINER}خ@example.com"),
        ("aaa..bbb@docomo.ne.jp", '"aaa..bbb"@docomo.ne.jp'),
        ("aaa.@docomo.ne.jp", '"aaa."@docomo.ne.jp'),
        (".aaa@docomo.ne.jp", '".aaa"@docomo.ne.jp'),
        ('"jenny"@example.com', "jenny@example.com"),
        ('"jenny rosen"@example.com', '"jenny rosen"@example.com'),
        ('"a@b"@example.com', '"a@b"@example.com'),
        ('"a\\"\\\\b"@example.com', '"a\\"\\\\b"@example.com'),
        ('a."b".c@example.com', "a.b.c@example.com"),
        ('""@example.com', '""@example.com'),
    ],
)
def test_a_buyers_address_is_one_mailbox(text: str, address: str) -> None:
    assert mailbox(text).addr_spec == address


DOMAINS = [
    ("Example.COM", "example.com"),
    ("example.com.", "example.com"),
    ("example\N{IDEOGRAPHIC FULL STOP}com", "example.com"),
    ("ＥＸＡＭＰＬＥ.com", "example.com"),  # noqa: RUF001
    ("exam\N{SOFT HYPHEN}ple.com", "example.com"),
    ("faß.de", "xn--fa-hia.de"),
    ("FAẞ.de", "xn--fa-hia.de"),
    ("fass.de", "fass.de"),
    ("βόλος.com", "xn--nxasmm1c.com"),
    ("ΒΌΛΟσ.com", "xn--nxasmq6b.com"),
    ("bu\N{COMBINING DIAERESIS}cher.example", "xn--bcher-kva.example"),
    ("BÜCHER.example", "xn--bcher-kva.example"),
    ("xn--fa-hia.de", "xn--fa-hia.de"),
    ("XN--FA-HIA.DE", "xn--fa-hia.de"),
    ("xn--a.example", "xn--a.example"),
    ("نامه\N{ZERO WIDTH NON-JOINER}ای.com", "xn--mgba3gch31f060k.com"),
    ("ශ්\N{ZERO WIDTH JOINER}රී.com", "xn--10cl1a0b660p.com"),
    ("i❤.ws", "xn--i-7iq.ws"),
    ("my_shop.example", "my_shop.example"),
    ("_mail.example", "_mail.example"),
    ("r3---sn.example", "r3---sn.example"),
    ("123.example", "123.example"),
    ("localhost", "localhost"),
    (f"{'a' * 63}.example", f"{'a' * 63}.example"),
]


@pytest.mark.parametrize(("domain", "ascii_domain"), DOMAINS)
def test_a_domain_is_the_one_that_browsers_read(domain: str, ascii_domain: str) -> None:
    assert mailbox(f"a@{domain}").domain == ascii_domain
    assert parse_sender(f"Shop <a@{domain}>").domain == ascii_domain


@pytest.mark.parametrize(
    "domain",
    [
        *("", ".", "a..b", "a.b..", "-a.b", "a-.b", "a b.c", "a/b", "a,b", "a\N{ACCOUNT OF}b", "a\N{FULLWIDTH COMMA}b"),
        *("xn--é.de", "\N{COMBINING DIAERESIS}a.de", "a\N{ZERO WIDTH NON-JOINER}b.de", "a\N{ZERO WIDTH JOINER}b.de"),
        *("aא.de", "a\u202eb.de", "\ud800.de", "\U000e0080.de", f"{'a' * 64}.de", f"{'ü' * 60}.de", "ü" * 2000),
    ],
)
def test_what_no_browser_reads_is_no_domain(domain: str) -> None:
    with pytest.raises(ValueError, match=r"^must be one e-mail address, as in name@example.com$"):
        mailbox(f"a@{domain}")


@pytest.mark.parametrize("domain", ["[127.0.0.1]", "[IPv6:::1]", "10.0.0.1", "１０.0.0.1", "[x]"])  # noqa: RUF001
def test_a_buyer_leads_no_mail_server_to_an_ip_address(domain: str) -> None:
    with pytest.raises(ValueError, match="must have the name of a domain after the @, not an IP address"):
        mailbox(f"a@{domain}")


@settings(max_examples=400)
@given(st.text(max_size=12))
def test_a_domain_of_idna_2008_becomes_its_a_label(label: str) -> None:
    domain = f"{label}.example"
    try:
        expected = idna.encode(domain, uts46=True).decode()
    except UnicodeError:
        return
    assert mailbox(f"a@{domain}").domain == expected


def test_an_address_has_the_length_that_mail_servers_take() -> None:
    longest = f"{'a' * 64}@{'b' * 63}.{'b' * 63}.{'b' * 61}"
    assert mailbox(longest).addr_spec == longest
    for longer in (f"{longest}b", f"a{longest}", f"{'ü' * 33}@b.c", f"a@{'.'.join(['b' * 63] * 4)}"):
        with pytest.raises(ValueError, match="64 bytes at most before the @, and 254 in all"):
            mailbox(longer)


@pytest.mark.parametrize("text", HOSTILE_ADDRESSES)
def test_a_hostile_address_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(ValueError, match=f"^({'|'.join(map(re.escape, RULES))})$"):
        mailbox(text)


RULES = (
    "must be one e-mail address, as in name@example.com",
    "must have the name of a domain after the @, not an IP address",
    "must be an address without invisible characters",
    "must be an address without `=?`: mail programs decode it, and read another address",
    "must have 64 bytes at most before the @, and 254 in all (RFC 5321)",
)


def read(text: str) -> Mailbox | str:
    """The mailbox that the text is, or why it is none."""
    try:
        return mailbox(text)
    except ValueError as error:
        return str(error)


ATEXT = st.sampled_from("abcXYZ019!#$%&'*+-/=?^_`{|}~üßसंर्")
SEEN = st.characters(exclude_characters='\\"', exclude_categories=("Cs", "Cc", "Cf", "Zl", "Zp", "Zs")) | st.just(" ")
ATOMS = st.text(ATEXT, max_size=8).map(lambda atom: (atom, atom))
QUOTED = st.lists(
    SEEN.map(lambda char: (char, char)) | (SEEN | st.sampled_from('\\"')).map(lambda c: (f"\\{c}", c)), max_size=8
)
WORDS = ATOMS | QUOTED.map(lambda pairs: (f'"{"".join(a for a, _ in pairs)}"', "".join(b for _, b in pairs)))


@example([("aaa", "aaa"), ("", ""), ("bbb", "bbb")])
@given(st.lists(WORDS, min_size=1, max_size=4))
def test_every_local_part_of_the_rfcs_is_addressed_as_it_is_or_refused_by_a_true_reason(
    words: list[tuple[str, str]],
) -> None:
    written, meant = (".".join(column) for column in zip(*words, strict=True))
    found = read(f"{written}@example.com")
    if isinstance(found, str):
        assert {RULES[0]: not written, RULES[3]: "=?" in meant, RULES[4]: len(meant.encode()) > 64}[found]
    else:
        assert (found.username, found.domain) == (meant, "example.com")


DOT_ATOM = r"[^\x00-\x20\x7f()<>@,;:\\\".\[\]]+(\.[^\x00-\x20\x7f()<>@,;:\\\".\[\]]+)*"
QUOTED_STRING = r'"([^\x00-\x1f\x7f"\\]|\\[^\x00-\x1f\x7f])*"'


pieces = st.sampled_from(
    [
        *"ab.@,;:<>()[]\"\\' \r\n\t\x00%",
        "Bcc: ",
        "\u2028",
        "\u202e",
        "ü",
        "\N{FULLWIDTH FULL STOP}",
        "\N{FULLWIDTH COMMERCIAL AT}",
        "c@d.e",
        "=?",
        "\u200b",
        "\u0301",
        ".",
    ]
)


@settings(max_examples=400)
@example("üc@d.e")
@example('"a\\"@b.c, \\<"@d.e')
@given(st.lists(pieces, max_size=12).map("".join) | st.text(max_size=20) | st.emails())
def test_whatever_the_address_there_is_one_recipient_or_none(text: str) -> None:
    address = read(text)
    if isinstance(address, str):
        assert address in RULES
        return
    spec = address.addr_spec
    assert re.fullmatch(rf"({DOT_ATOM}|{QUOTED_STRING})@[a-z0-9_.-]+", spec)
    assert quote_address(spec) == f"<{spec}>"  # as the envelope has it
    mail = message_from_string(f"To: {spec}\r\n\r\n", policy=default)
    assert [(each.username, each.domain) for each in mail["To"].addresses] == [(address.username, address.domain)]
    assert all(isinstance(defect, NonASCIILocalPartDefect) for defect in mail["To"].defects)
    assert (mail.keys(), mail.get_content()) == (["To"], "")
