"""The sample events of every era, and strategies that make more of them."""

import json
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from local.fakes import stripe_events

FOLDER = Path(__file__).parents[1] / "stripe_events"
Json = dict[str, Any]


def load(name: str) -> list[Json]:
    """The events in a file of `synthetic` or `stripe-ruby-mock-mit`."""
    loaded = json.loads((FOLDER / name).read_text())
    return loaded if isinstance(loaded, list) else [loaded]


def eras() -> list[tuple[str, Json]]:
    """Every sample session, in the event of its file or in one put around it: (name, event)."""
    found = []
    for path in sorted(FOLDER.glob("openapi-mit/checkout.session.*.json")):
        sample = json.loads(path.read_text())
        event = stripe_events.event(stripe_events.COMPLETED, sample["object"], api_version=sample["_api_version_era"])
        found.append((path.name, event))
    for pattern in ("synthetic/*.json", "stripe-ruby-mock-mit/*.json"):
        for path in sorted(FOLDER.glob(pattern)):
            if not path.name.startswith("line_items"):
                found += [
                    (f"{path.name}#{index}", event)
                    for index, event in enumerate(load(f"{path.parent.name}/{path.name}"))
                ]
    return found


KINDS = [
    (stripe_events.COMPLETED, "paid"),
    (stripe_events.COMPLETED, "unpaid"),
    (stripe_events.COMPLETED, "no_payment_required"),
    (stripe_events.COMPLETED, "a status of tomorrow"),
    (stripe_events.SUCCEEDED, "paid"),
    (stripe_events.FAILED, "unpaid"),
]
VERSIONS = ["2020-08-27", "2024-06-20", "2025-03-31.basil", "2026-10-28.endive"]


@st.composite
def renderings(draw: st.DrawFn, session_id: str = "cs_test_a1", livemode: bool = False) -> list[Json]:  # noqa: FBT001, FBT002
    """All that Stripe may ever say of one session: events of any kind, twins whose contents differ, and one
    event in the shapes of several API versions. One id and version always has one content."""
    said = []
    for number in range(draw(st.integers(1, 4))):
        event_type, payment_status = draw(st.sampled_from(KINDS))
        for version in draw(st.lists(st.sampled_from(VERSIONS), min_size=1, max_size=2, unique=True)):
            session = stripe_events.session(
                session_id,
                payment_status=payment_status,
                amount_total=draw(st.integers(0, 5)),
                metadata=draw(st.dictionaries(st.sampled_from(["a", "", "__ref__"]), st.text(max_size=3), max_size=2)),
                mode=draw(st.sampled_from(["payment", "subscription"])),
            )
            said.append(
                stripe_events.event(
                    event_type,
                    _shaped(session, version),
                    id=f"evt_{draw(st.permutations('abcdef'))[0]}{number}",
                    created=1795446600 + draw(st.integers(0, 1)),
                    api_version=version,
                    livemode=livemode,
                )
            )
    return _one_content(said)


@st.composite
def schedules(draw: st.DrawFn, said: list[Json]) -> list[Json]:
    """A way in which they may arrive: every one at least once, in any order, some again."""
    again = draw(st.lists(st.sampled_from(said), max_size=4))
    return list(draw(st.permutations(said + again)))


def _one_content(said: list[Json]) -> list[Json]:
    return list({(event["id"], event["api_version"]): event for event in said}.values())


def _shaped(session: Json, version: str) -> Json:
    """The session as that API version writes its shipping address."""
    shipping = session["collected_information"]["shipping_details"]
    old = {key: value for key, value in session.items() if key != "collected_information"}
    match version:
        case "2020-08-27":
            return old | {"shipping": shipping}
        case "2024-06-20":
            return old | {"shipping_details": shipping}
        case _:
            return session


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
"""Any JSON, lone surrogates and integers of any size included."""
