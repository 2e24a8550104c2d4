"""`scripts/ops dead-letters`: on the emulators; and the real program, killed at any point."""

import base64
import json
import random
import signal
import stat
import time
import uuid
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from fulfillment.topic.message import Message
from local.fakes.stripe_events import COMPLETED, FAILED, Json, body, event, session
from local.runtime.pipe import DEAD_LETTER, TOPIC
from support.emulated_shop import SECRETIVE, EmulatedShop, program
from support.waiting import LONG

ODD = b"\x00\xff not JSON, and not UTF-8"


def letter(session_id: str, reason: str = "malformed_event: type", kind: str = COMPLETED, **more: str) -> Any:
    said = event(kind, session(session_id))
    return body(said), {
        "event_id": said["id"],
        "event_type": kind,
        "session_id": session_id,
        "livemode": "false",
        "traceparent": "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01",
        "reason": reason,
        **more,
    }


def replayed(shop: EmulatedShop) -> list[Message]:
    """What has come onto the events topic since the last look."""
    found: list[Message] = []
    while some := shop.admin.take(TOPIC):
        found += some
    return found


def left(shop: EmulatedShop) -> list[Message]:
    return shop.admin.take(DEAD_LETTER)


@pytest.fixture
def parked(shop: EmulatedShop) -> EmulatedShop:
    """Three letters: parsed in vain, refused by the hook, and given up by Pub/Sub."""
    shop.admin.keep(TOPIC)
    given_up = letter("cs_test_c", CloudPubSubDeadLetterSourceDeliveryCount="100")
    del given_up[1]["reason"]
    shop.park(letter("cs_test_a"), letter("cs_test_b", "permanent: not for sale", FAILED), given_up)
    return shop


def listed(shop: EmulatedShop, *asked: str) -> list[Json]:
    found: list[Json] = shop.reports("dead-letters", "list", *asked)["letters"]
    return found


def test_a_list_says_why_and_takes_nothing_away(parked: EmulatedShop) -> None:
    for _ in range(2):  # twice: what was listed is at hand again at once
        codes = {each["session_id"]: each["code"] for each in listed(parked)}
        assert codes == {"cs_test_a": "malformed_event", "cs_test_b": "permanent", "cs_test_c": "attempts_exhausted"}
    told = parked.runs("dead-letters", "list")
    assert "permanent: not for sale" in told.stdout
    assert not [each for each in SECRETIVE if each in told.output]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (["--reason", "permanent", "--reason", "malformed_event"], {"cs_test_a", "cs_test_b"}),
        (["--type", "async_payment_failed"], {"cs_test_b"}),
        (["--session", "cs_test_c"], {"cs_test_c"}),
        (["--since", "1h"], {"cs_test_a", "cs_test_b", "cs_test_c"}),
        (["--until", "1h"], set()),
        (["--since", "2d", "--until", "2020-01-31T12:00"], set()),
        (["--session", "cs_test_a", "--reason", "permanent"], set()),
    ],
)
def test_a_list_is_narrowed(parked: EmulatedShop, asked: list[str], found: set[str]) -> None:
    assert {each["session_id"] for each in listed(parked, *asked)} == found


def test_a_list_ends_at_its_limit_and_says_that_there_are_more(parked: EmulatedShop) -> None:
    told = parked.reports("dead-letters", "list", "--limit", "2")
    assert (len(told["letters"]), told["more"]) == (2, True)


def test_one_is_shown_without_its_body_unless_that_is_asked_for(parked: EmulatedShop) -> None:
    (found,) = listed(parked, "--session", "cs_test_b")
    told = parked.reports("dead-letters", "show", found["id"])["letter"]
    assert told["attributes"]["reason"] == "permanent: not for sale"
    assert "body" not in told
    with_body = parked.runs("dead-letters", "show", found["id"], "--body")
    assert "jenny.rosen@example.com" in with_body.stdout
    assert parked.runs("dead-letters", "show", "404").exit_code == 1


def test_a_replay_keeps_the_bytes_and_attributes_and_takes_the_letter_away(parked: EmulatedShop) -> None:
    data, attributes = letter("cs_test_z", googclient_schemaencoding="JSON", source="reconcile")
    parked.park((data, attributes))
    told = parked.reports("dead-letters", "replay", "--session", "cs_test_z", "--yes")
    assert (told["ok"], told["count"], told["by_reason"]) == (True, 1, {"malformed_event": 1})
    (message,) = replayed(parked)
    assert message.data == data
    del attributes["reason"], attributes["googclient_schemaencoding"]
    assert message.attributes == {**attributes, "replay": "true"}
    assert len(left(parked)) == 3


def test_nothing_is_replayed_or_dropped_without_a_yes(parked: EmulatedShop) -> None:
    for command in (["replay"], ["drop", "--all"]):
        told = parked.reports("dead-letters", *command)
        assert (told["changed"], told["count"]) == (False, 3)
    assert replayed(parked) == []
    assert len(left(parked)) == 3


def test_a_letter_that_lacks_its_attributes_gets_those_of_its_body(parked: EmulatedShop) -> None:
    data, attributes = letter("cs_test_z")
    parked.park((data, {"reason": "malformed_message: no attribute event_type"}))
    assert [each["code"] for each in listed(parked, "--session", "cs_test_z")] == ["malformed_message"]
    parked.runs("dead-letters", "replay", "--reason", "malformed_message", "--yes")
    (message,) = replayed(parked)
    assert message.attributes["event_type"] == attributes["event_type"]
    assert message.attributes["session_id"] == "cs_test_z"


def test_a_letter_that_would_reach_no_subscriber_is_kept_and_is_trouble(parked: EmulatedShop) -> None:
    parked.park((ODD, {"reason": "malformed_message: odd"}))
    result = parked.runs("dead-letters", "replay", "--reason", "malformed_message", "--yes")
    assert (result.exit_code, "no subscriber would get it" in result.stdout) == (1, True)
    assert replayed(parked) == []
    assert len(left(parked)) == 4


def test_what_cannot_be_published_is_kept_and_is_trouble(parked: EmulatedShop) -> None:
    told = parked.reports("dead-letters", "replay", "--yes", EVENTS_TOPIC="no-such-topic")
    assert (told["ok"], told["count"], sum(told["kept"].values())) == (False, 0, 3)
    assert len(left(parked)) == 3


def test_what_is_refused_again_is_parked_again_and_not_replayed_by_the_same_run(shop: EmulatedShop) -> None:
    with shop.open():
        shop.refuses = "not for sale"
        shop.park(letter("cs_test_a", "permanent: not for sale"))
        told = shop.reports("dead-letters", "replay", "--yes")
        assert told["count"] == 1
        deadline = time.monotonic() + LONG
        while not (again := listed(shop)):
            assert time.monotonic() < deadline
    assert [each["why"] for each in again] == ["permanent: not for sale"]


def test_dropping_needs_to_be_told_which_and_saves_them_first(parked: EmulatedShop, tmp_path: Path) -> None:
    assert parked.runs("dead-letters", "drop", "--yes").exit_code == 2
    file = tmp_path / "dropped.jsonl"
    told = parked.reports("dead-letters", "drop", "--reason", "permanent", "--save", str(file), "--yes")
    assert (told["count"], told["saved"]) == (1, str(file))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    (saved,) = map(json.loads, file.read_text().splitlines())
    assert json.loads(base64.b64decode(saved["data"]))["data"]["object"]["id"] == "cs_test_b"
    assert saved["attributes"]["reason"] == "permanent: not for sale"
    assert {each.attributes["session_id"] for each in left(parked)} == {"cs_test_a", "cs_test_c"}


def test_nothing_is_dropped_that_cannot_be_saved(parked: EmulatedShop, tmp_path: Path) -> None:
    result = parked.runs("dead-letters", "drop", "--all", "--save", str(tmp_path / "none" / "file"), "--yes")
    assert result.exit_code == 2
    assert len(left(parked)) == 3


REPLAY = ("dead-letters", "replay", "--yes", "--lease", "5")


def test_a_thousand_letters_are_replayed_though_the_program_is_killed_again_and_again(shop: EmulatedShop) -> None:
    """SIGKILL at random points, two runs at once: none is lost, none stays behind."""
    shop.admin.keep(TOPIC)
    letters = {f"cs_test_{uuid.uuid4().hex}" for _ in range(1000)}
    shop.park(*(letter(each) for each in letters))
    seen, killed = Counter[str](), 0
    for _ in range(5):
        runs = [program(shop, *REPLAY) for _ in range(2)]
        wait_for(shop, seen, len(seen) + random.randint(1, 120))  # noqa: S311
        for run in runs:
            run.kill()
            killed += run.wait() == -signal.SIGKILL
    assert killed, "no run was killed in the middle of its work: a fast machine needs more letters"
    deadline = time.monotonic() + LONG
    while seen.keys() != letters:
        assert program(shop, *REPLAY).wait() == 0
        look(shop, seen)
        assert time.monotonic() < deadline, f"{len(seen)} of 1000"
    time.sleep(6)  # the leases of those that were killed have ended
    program(shop, *REPLAY).wait()
    assert left(shop) == []


def look(shop: EmulatedShop, seen: Counter[str]) -> None:
    seen.update(str(each.attributes["session_id"]) for each in replayed(shop))


def wait_for(shop: EmulatedShop, seen: Counter[str], count: int) -> None:
    """Returns in the middle of a run that has replayed so many, or has found none for a while."""
    deadline = time.monotonic() + 12
    while len(seen) < count and time.monotonic() < deadline:
        look(shop, seen)
