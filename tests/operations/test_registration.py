"""The plan of `register-webhook`: from every start, it ends where nothing is to be done."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from ops.clients.signing_secrets import SigningSecrets
from ops.clients.webhook_endpoints import Endpoint, wanted
from ops.webhook.registration import make_plan
from support.deployments import deployed

URL = deployed().webhook.url
OURS = {"managed_by": "scripts/ops", "deployment": "acme-shop/checkout"}

endpoints = st.builds(
    Endpoint,
    id=st.integers(0, 5).map("we_{}".format),
    url=st.sampled_from([URL, f"{URL}/", "https://old.acme.example/"]),
    api_version=st.sampled_from(["2026-10-28.endive", "2024-06-20", "2027-03-31.next", None]),
    events=st.sets(st.sampled_from([*sorted(wanted(deployed())[0].events), "*"])).map(frozenset),
    enabled=st.booleans(),
    livemode=st.just(False),  # noqa: FBT003 - a value
    connect=st.booleans(),
    created=st.integers(0, 3),
    metadata=st.sampled_from([OURS, {}, OURS | {"deployment": "x/y"}]),
)
registered = st.lists(endpoints, max_size=6, unique_by=lambda each: each.id)
in_force = st.sets(st.integers(0, 7)).map(
    lambda numbers: (
        SigningSecrets(secrets=("whsec_elsewhere01234567",)).adding("whsec_more012345678901", None)
        if not numbers
        else _storing(sorted(numbers))
    )
)


def _secret(endpoint: str) -> str:
    return f"whsec_of_{endpoint}_0123456789abcdef"


def _storing(numbers: list[int]) -> SigningSecrets:
    stored = SigningSecrets(secrets=())
    for number in numbers:
        stored = stored.adding(_secret(f"we_{number}"), f"we_{number}")
    return stored


@given(registered, in_force, st.booleans())
def test_two_runs_bring_everything_in_order(there: list[Endpoint], stored: SigningSecrets, connect: bool) -> None:  # noqa: FBT001
    want = wanted(deployed(connect=connect))
    plan = make_plan(want, there, stored)
    if plan.conflicts:
        return
    for number, each in enumerate(plan.creates):
        made = Endpoint(
            id=f"we_new{number}",
            url=each.url,
            api_version=each.api_version,
            events=each.events,
            enabled=True,
            livemode=each.livemode,
            connect=each.connect,
            created=9,
            metadata=each.metadata,
        )
        there = [*there, made]
        stored = stored.adding(_secret(made.id), made.id)
    fixed = {
        each.endpoint.id: replace(
            each.endpoint,
            events=each.wanted.events,
            enabled=True,
            metadata={**each.endpoint.metadata, **each.wanted.metadata},
        )
        for each in plan.updates
    }
    there = [fixed.get(each.id, each) for each in there if each not in plan.orphans]
    again = make_plan(want, there, stored)
    assert (again.creates, again.updates, again.orphans, again.conflicts) == ([], [], [], [])
    assert again.may_retire
    assert all((each.api_version or "") > want[0].api_version for each in again.newer)
    for other in again.others + again.newer:
        stored = stored.without(other.id)
    there = [each for each in there if each not in again.others + again.newer]
    last = make_plan(want, there, stored, named=True)
    assert (last.creates, last.updates, last.orphans, last.others, last.conflicts) == ([], [], [], [], [])
    assert len(last.kept) == len(want)
    assert all(stored.knows(each.id) for each in last.kept)
