"""A sender without a signing secret gets nothing onto the topic. Each attack is sent as bytes over a socket, through
the real HTTP server and functions-framework; what came through is asked of Pub/Sub's stand-in.
"""

import gzip
import hashlib
import hmac
import time
from pathlib import Path

import pytest

from fulfillment.settings import secret_file
from local.fakes.pubsub_stand_in import PubSubStandIn
from local.fakes.stripe_events import COMPLETED, SECRET, body, event, session
from local.runtime.processes import free_ports
from support.raw_http import Answer, exchange, post
from support.serving import Serve

OTHER = "whsec_" + "f" * 32
BODY = body(event(COMPLETED, session("cs_test_a1"), id="evt_1"))
UNPAID = body(event(COMPLETED, session("cs_test_a1", payment_status="unpaid", amount_total=1), id="evt_2"))


def digest(payload: bytes = BODY, secret: str = SECRET, at: str | int | None = None) -> str:
    """The HMAC that Stripe's documentation describes, by the standard library alone."""
    return hmac.new(secret.encode(), f"{now() if at is None else at}.".encode() + payload, hashlib.sha256).hexdigest()


def now() -> int:
    return int(time.time())


def signed(payload: bytes = BODY, secret: str = SECRET, shift: int = 0) -> str:
    at = now() + shift
    return f"t={at},v1={digest(payload, secret, at)}"


def refused(answer: Answer, pubsub: PubSubStandIn) -> bool:
    """Refused as everything that is not Stripe's: with nothing learned and nothing published."""
    return (answer.status, answer.body, pubsub.take()) == (400, b"bad request\n", [])


def taken(answer: Answer, pubsub: PubSubStandIn, payload: bytes = BODY) -> bool:
    return (answer.status, [each.data for each in pubsub.take()]) == (200, [payload])


def test_what_stripe_signed_goes_through(url: str, pubsub: PubSubStandIn) -> None:
    """Or the others would prove nothing."""
    assert taken(post(url, BODY, signed()), pubsub)


def test_a_body_signed_with_the_empty_key(url: str, pubsub: PubSubStandIn) -> None:
    assert refused(post(url, BODY, signed(secret="")), pubsub)


@pytest.mark.parametrize("secret", ["", ",", " \n ", "whsec_", "whsec_short", "x", "none"])
def test_a_webhook_does_not_start_on_a_secret_that_can_be_guessed(
    serve: Serve, secret: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        serve("stripe_webhook", STRIPE_WEBHOOK_SECRETS=secret)
    assert "STRIPE_WEBHOOK_SECRETS" in capsys.readouterr().out


def test_one_empty_secret_in_a_list_opens_nothing(serve: Serve, pubsub: PubSubStandIn) -> None:
    url = serve("stripe_webhook", STRIPE_WEBHOOK_SECRETS=f",, {SECRET},\n,", PUBSUB_EMULATOR_HOST=pubsub.host)
    assert refused(post(url, BODY, signed(secret="")), pubsub)
    assert taken(post(url, BODY, signed()), pubsub)


@pytest.mark.parametrize("text", ["\n", " ,\t", "whsec_"])
def test_a_secret_file_that_is_emptied_opens_nothing(
    serve: Serve, pubsub: PubSubStandIn, tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secret_file, "SECRET_CACHE_SECONDS", 0)
    secrets = tmp_path / "secrets"
    secrets.write_text(SECRET)
    env = {"STRIPE_WEBHOOK_SECRETS": "", "STRIPE_WEBHOOK_SECRETS_FILE": str(secrets)}
    url = serve("stripe_webhook", PUBSUB_EMULATOR_HOST=pubsub.host, **env)
    secrets.write_text(text)
    for key in ("", text.strip(), text):
        assert refused(post(url, BODY, signed(secret=key)), pubsub)
    assert taken(post(url, BODY, signed()), pubsub)


@pytest.mark.parametrize("secret", [f"{SECRET}\n", f"\r\n{SECRET}\r\n", f"  {SECRET}\t", f"{OTHER}\n{SECRET}\n"])
def test_a_secret_with_a_newline_is_the_secret_without_it(serve: Serve, pubsub: PubSubStandIn, secret: str) -> None:
    url = serve("stripe_webhook", STRIPE_WEBHOOK_SECRETS=secret, PUBSUB_EMULATOR_HOST=pubsub.host)
    assert taken(post(url, BODY, signed()), pubsub)
    assert refused(post(url, BODY, signed(secret=f"{SECRET}\n")), pubsub)


def test_the_right_digest_under_v0_alone(url: str, pubsub: PubSubStandIn) -> None:
    assert refused(post(url, BODY, signed().replace("v1=", "v0=")), pubsub)


@pytest.mark.parametrize("scheme", ["V1", "v2", "v10", "v", "sha256", "v 1", "v01", "1", ""])
def test_the_right_digest_under_another_scheme(url: str, pubsub: PubSubStandIn, scheme: str) -> None:
    assert refused(post(url, BODY, signed().replace("v1=", f"{scheme}=")), pubsub)


def test_v0_does_not_stand_in_for_a_wrong_v1(url: str, pubsub: PubSubStandIn) -> None:
    at = now()
    assert refused(post(url, BODY, f"t={at},v1={digest(secret=OTHER, at=at)},v0={digest(at=at)}"), pubsub)


def test_a_hundred_wrong_v1(url: str, pubsub: PubSubStandIn) -> None:
    wrong = "".join(f",v1={number:064x}" for number in range(100))
    assert refused(post(url, BODY, f"t={now()}{wrong}"), pubsub)


def test_many_v1_of_which_one_is_right_is_a_secret_being_rolled(url: str, pubsub: PubSubStandIn) -> None:
    at = now()
    wrong = "".join(f",v1={number:064x}" for number in range(50))
    assert taken(post(url, BODY, f"t={at}{wrong},v1={digest(at=at)}{wrong}"), pubsub)


@pytest.mark.parametrize("between", [", ", " ,", ",\t", " , \t"])
def test_blanks_that_a_proxy_wrote_around_commas_mean_nothing(url: str, pubsub: PubSubStandIn, between: str) -> None:
    at = now()
    right, wrong = digest(at=at), digest(secret=OTHER, at=at)
    assert taken(post(url, BODY, between.join([f"t={at}", f"v1={right}", f"v0={wrong}"])), pubsub)
    assert refused(post(url, BODY, between.join([f"t={at}", f"v1={wrong}", f"v0={right}"])), pubsub)


def test_two_signature_headers_that_a_proxy_joined_count_by_the_first_time(url: str, pubsub: PubSubStandIn) -> None:
    good, stale, bad = signed(), signed(shift=-1000), signed(secret=OTHER)
    assert taken(post(url, BODY, f"{good}, {good}"), pubsub)
    assert taken(post(url, BODY, f"{good}, {bad}"), pubsub)
    assert refused(post(url, BODY, f"{stale}, {good}"), pubsub)
    assert refused(post(url, BODY, f"{stale}, t={now()}"), pubsub)


@pytest.mark.parametrize("cut", [0, 1, 32, 63])
def test_a_part_of_the_right_digest(url: str, pubsub: PubSubStandIn, cut: int) -> None:
    at = now()
    assert refused(post(url, BODY, f"t={at},v1={digest(at=at)[:cut]}"), pubsub)
    assert refused(post(url, BODY, f"t={at},v1={digest(at=at)[cut + 1 :]}"), pubsub)


def test_more_than_the_right_digest(url: str, pubsub: PubSubStandIn) -> None:
    at = now()
    for more in ("0", "\t0", "=0".replace("=", "%3D"), "é"):
        assert refused(post(url, BODY, f"t={at},v1={digest(at=at)}{more}"), pubsub)


def test_a_replay_after_five_minutes(url: str, pubsub: PubSubStandIn) -> None:
    assert refused(post(url, BODY, signed(shift=-302)), pubsub)


def test_a_replay_within_five_minutes_is_the_same_event_again(url: str, pubsub: PubSubStandIn) -> None:
    """Stripe itself sends an event more than once: its id is the same, and the order's document knows it."""
    header = signed(shift=-200)
    first, second = post(url, BODY, header), post(url, BODY, header)
    assert (first.status, second.status) == (200, 200)
    assert {each.attributes["event_id"] for each in pubsub.take()} == {"evt_1"}


def test_a_signature_from_the_future_cannot_be_kept_for_later(url: str, pubsub: PubSubStandIn) -> None:
    for ahead in (302, 86_400, 10**9, 10**15):
        assert refused(post(url, BODY, signed(shift=ahead)), pubsub)


def test_a_time_beyond_any_float_was_a_500(url: str, pubsub: PubSubStandIn) -> None:
    at = "9" * 400
    assert refused(post(url, BODY, f"t={at},v1={digest(at=at)}"), pubsub)
    assert refused(post(url, BODY, f"t=-{at},v1={digest(at=f'-{at}')}"), pubsub)


def test_an_old_signature_under_a_new_time(url: str, pubsub: PubSubStandIn) -> None:
    old = digest(at=now() - 1000)
    for header in (f"t={now()},v1={old}", f"t={now()},t={now() - 1000},v1={old}", f"v1={old},t={now()}"):
        assert refused(post(url, BODY, header), pubsub)


def test_a_time_appended_to_an_old_signature(url: str, pubsub: PubSubStandIn) -> None:
    assert refused(post(url, BODY, f"{signed(shift=-1000)},t={now()}"), pubsub)


def test_the_boundary_between_time_and_body_cannot_be_moved(url: str, pubsub: PubSubStandIn) -> None:
    """What is signed is `{t}.{body}`: a body that begins with digits must not lend them to the time."""
    at = now()
    moved = b"5." + BODY
    assert refused(post(url, moved, f"t={at},v1={digest(at=f'{at}.5')}"), pubsub)
    assert refused(post(url, BODY, f"t={at}.5,v1={digest(moved, at=at)}"), pubsub)


def test_a_signature_moved_to_another_body(url: str, pubsub: PubSubStandIn) -> None:
    assert refused(post(url, UNPAID, signed(BODY)), pubsub)
    assert refused(post(url, BODY, signed(UNPAID)), pubsub)


@pytest.mark.parametrize(
    "changed",
    [
        BODY.replace(b"3500", b"0001"),
        BODY + b" ",
        b"\n" + BODY,
        BODY[:-1],
        BODY + BODY,
        BODY + b"\0",
        b"",
        b"\xef\xbb\xbf" + BODY,
        BODY.decode().encode("utf-16"),
        gzip.compress(BODY),
        BODY.replace(b"\n", b"\r\n"),
        BODY.replace(b"evt_1", b"evt\\u005f1"),
    ],
)
def test_a_signed_body_that_was_changed_on_the_way(url: str, pubsub: PubSubStandIn, changed: bytes) -> None:
    assert changed != BODY
    assert refused(post(url, changed, signed()), pubsub)


def test_a_compressed_body_is_not_unpacked(url: str, pubsub: PubSubStandIn) -> None:
    assert refused(post(url, gzip.compress(BODY), signed(), "Content-Encoding: gzip"), pubsub)
    bomb = gzip.compress(b" " * 64 * 1024 * 1024)
    assert refused(post(url, bomb, signed(bomb), "Content-Encoding: gzip"), pubsub)


def test_of_two_signature_headers_the_first_decides(url: str, pubsub: PubSubStandIn) -> None:
    """Whichever a proxy in front would look at, nothing that is unsigned comes through."""
    good, bad = signed(), signed(secret=OTHER)
    assert refused(post(url, BODY, bad, f"Stripe-Signature: {good}"), pubsub)
    assert taken(post(url, BODY, good, f"Stripe-Signature: {bad}"), pubsub)
    assert refused(post(url, UNPAID, good, f"Stripe-Signature: {good}"), pubsub)


@pytest.mark.parametrize(
    "line",
    [
        "Stripe_Signature: {}",
        "X-Stripe-Signature: {}",
        "Stripe-Signature : {}",
        "HTTP_STRIPE_SIGNATURE: {}",
        "Forwarded: for=1.2.3.4;stripe-signature={}",
        "X-Folded: a\r\n Stripe-Signature: {}",
        "Cookie: stripe-signature={}",
    ],
)
def test_a_signature_in_any_other_header_is_none(url: str, pubsub: PubSubStandIn, line: str) -> None:
    answer = post(url, BODY, None, line.format(signed()))
    assert answer.status == 400
    assert pubsub.take() == []


def test_a_signature_in_the_query_is_none(url: str, pubsub: PubSubStandIn) -> None:
    assert refused(post(f"{url}?stripe-signature={signed()}", BODY, None), pubsub)


def test_a_trailer_proves_no_more_than_a_header_and_replaces_none(url: str, pubsub: PubSubStandIn) -> None:
    """httptools adds trailers to the headers, as the last ones. The proof is the signature, not its place."""

    def sent(content: bytes, header: str, trailer: str) -> Answer:
        head = f"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{header}Transfer-Encoding: chunked\r\n\r\n"
        chunk = f"{len(content):x}\r\n".encode() + content + f"\r\n0\r\n{trailer}\r\n".encode()
        (answer,) = exchange(url, head.encode() + chunk)
        return answer

    good, bad = f"Stripe-Signature: {signed()}\r\n", f"Stripe-Signature: {signed(secret=OTHER)}\r\n"
    assert refused(sent(BODY, "", bad), pubsub)
    assert refused(sent(UNPAID, "", good), pubsub)
    assert refused(sent(BODY, bad, good), pubsub)
    assert taken(sent(BODY, good, bad), pubsub)
    for framing in ("Content-Length: 1", "Transfer-Encoding: gzip"):
        assert sent(BODY, good, f"{framing}\r\n").status == 400
        assert pubsub.take() == []


@pytest.mark.parametrize("lengths", ["{whole} {short}", "{short} {whole}", "+{whole}", "{whole},{short}"])
def test_two_lengths_that_differ_are_no_request(url: str, pubsub: PubSubStandIn, lengths: str) -> None:
    said = lengths.format(whole=len(BODY), short=10).split()
    lines = "".join(f"Content-Length: {length}\r\n" for length in said)
    request = f"POST / HTTP/1.1\r\nHost: x\r\nStripe-Signature: {signed()}\r\n{lines}\r\n".encode() + BODY
    assert {answer.status for answer in exchange(url, request)} == {400}
    assert pubsub.take() == []


def test_a_request_smuggled_behind_a_signed_one_needs_a_signature_of_its_own(url: str, pubsub: PubSubStandIn) -> None:
    """A length and chunks at once: a proxy that believes the one sees one request, who believes the other sees two."""
    inner = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(UNPAID) + UNPAID
    head = f"POST / HTTP/1.1\r\nHost: x\r\nStripe-Signature: {signed()}\r\nContent-Length: {len(BODY)}\r\n"
    chunked = head + "Transfer-Encoding: chunked\r\n\r\n"
    for request in (
        head.encode() + b"\r\n" + BODY + inner,
        chunked.encode() + b"0\r\n\r\n" + inner,
        chunked.encode() + b"%x\r\n" % len(BODY) + BODY + b"\r\n0\r\n\r\n" + inner,
    ):
        statuses = [answer.status for answer in exchange(url, request)]
        assert 200 not in statuses[1:]
        assert all(status < 500 for status in statuses)
        assert all(each.data == BODY for each in pubsub.take())


@pytest.mark.parametrize(
    "coding",
    ["xchunked", "chunked, identity", "chunked, gzip", "gzip", "chunkedchunked", "chunked, chunked", "\x0bchunked"],
)
def test_a_transfer_coding_that_does_not_end_with_chunks_is_no_request(
    url: str, pubsub: PubSubStandIn, coding: str
) -> None:
    head = f"POST / HTTP/1.1\r\nHost: x\r\nStripe-Signature: {signed()}\r\nTransfer-Encoding: {coding}\r\n\r\n"
    answers = exchange(url, head.encode("latin-1") + b"%x\r\n" % len(BODY) + BODY + b"\r\n0\r\n\r\n")
    assert all(answer.status in (400, 501) for answer in answers)
    assert pubsub.take() == []


UPGRADES = {
    "h2c": "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n",
    "other": "Connection: Upgrade\r\nUpgrade: foo/2\r\n",
}


@pytest.mark.parametrize("wanted", UPGRADES)
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_that_the_parser_drops_is_never_taken_for_an_empty_one(
    url: str, pubsub: PubSubStandIn, serve: Serve, wanted: str, *, chunked: bool
) -> None:
    """httptools stops at a request for another protocol. The caller must send again: an ack would lose the message."""
    subscriber = serve("on_checkout_session_completed", PUBSUB_EMULATOR_HOST=pubsub.host)
    size = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(BODY)}"
    head = f"POST / HTTP/1.1\r\nHost: x\r\nStripe-Signature: {signed()}\r\n{UPGRADES[wanted]}{size}\r\n\r\n"
    sent = head.encode() + (b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY) if chunked else BODY)
    for each in (url, subscriber):
        assert {answer.status for answer in exchange(each, sent)} == {400}
        assert pubsub.take() == []


@pytest.mark.parametrize("coding", ["identity, chunked", "gzip, chunked"])
def test_a_coding_before_the_chunks_is_not_undone(url: str, pubsub: PubSubStandIn, coding: str) -> None:
    """By RFC 9112 the last coding, chunks, says where such a body ends. Its bytes are taken as they are."""
    for content, status in ((BODY, 200), (gzip.compress(BODY), 400)):
        head = f"POST / HTTP/1.1\r\nHost: x\r\nStripe-Signature: {signed()}\r\nTransfer-Encoding: {coding}\r\n\r\n"
        answers = exchange(url, head.encode() + b"%x\r\n" % len(content) + content + b"\r\n0\r\n\r\n")
        assert [answer.status for answer in answers] == [status]
        assert [each.data for each in pubsub.take()] == [BODY] * (status == 200)


@pytest.mark.parametrize("filler", ["x", ",v1=" + "0" * 64, ",", "=", "t=1,"])
def test_a_header_of_a_megabyte(url: str, pubsub: PubSubStandIn, filler: str) -> None:
    answers = exchange(
        url, f"POST / HTTP/1.1\r\nHost: x\r\nStripe-Signature: {filler * (2**20 // len(filler))}".encode()
    )
    assert all(400 <= answer.status < 500 for answer in answers)
    assert pubsub.take() == []
    assert taken(post(url, BODY, signed()), pubsub)


def test_ten_thousand_headers(url: str, pubsub: PubSubStandIn) -> None:
    lines = "".join(f"X-{number}: {number}\r\n" for number in range(10_000))
    answers = exchange(url, f"POST / HTTP/1.1\r\nHost: x\r\n{lines}Stripe-Signature: {signed()}\r\n\r\n".encode())
    assert all(400 <= answer.status < 500 for answer in answers)
    assert pubsub.take() == []
    assert taken(post(url, BODY, signed()), pubsub)


@pytest.mark.parametrize("upper", [True, False])
def test_a_digest_in_capitals_or_with_a_prefix_is_not_stripes(url: str, pubsub: PubSubStandIn, upper: bool) -> None:  # noqa: FBT001
    at = now()
    written = digest(at=at).upper() if upper else f"0x{digest(at=at)}"
    assert refused(post(url, BODY, f"t={at},v1={written}"), pubsub)


def test_a_signature_of_another_endpoint(url: str, pubsub: PubSubStandIn) -> None:
    assert refused(post(url, BODY, signed(secret=OTHER)), pubsub)


def test_the_secret_itself_as_a_password(url: str, pubsub: PubSubStandIn) -> None:
    """Only what was signed counts: a secret is not sent."""
    for header in (SECRET, f"t={now()},v1={SECRET}", f"Bearer {SECRET}"):
        assert refused(post(url, BODY, header, f"Authorization: Bearer {SECRET}"), pubsub)


def test_no_method_but_post_is_read(url: str, pubsub: PubSubStandIn) -> None:
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        assert post(url, BODY, signed(), method=method).status == 405
    for unknown in ("POSTT", "post"):  # httptools refuses it itself
        assert post(url, BODY, signed(), method=unknown).status == 400
    assert post(url, BODY, signed(), "X-HTTP-Method-Override: POST", method="GET").status == 405
    assert pubsub.take() == []


def test_an_attack_while_pubsub_is_down_is_refused_all_the_same(serve: Serve) -> None:
    url = serve("stripe_webhook", PUBSUB_EMULATOR_HOST=f"127.0.0.1:{free_ports(1)[0]}")
    assert post(url, BODY, signed(secret=OTHER)).status == 400
