"""The plan of `register-webhook`: from every start, it ends where nothing is to be done."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from ops.clients.event_types import event_types
from ops.clients.signing_secrets import SigningSecrets
from ops.clients.stripe_types import known_types
from ops.clients.webhook_endpoints import DesiredEndpoint, Endpoint, wanted
from ops.deployment.model import Deployment
from ops.webhook.registration import Plan, make_plan
from support.deployments import deployed

URL = deployed().webhook.url
OURS = {"managed_by": "scripts/ops", "deployment": "acme-shop/checkout"}


def needed(of: Deployment, *, thin: bool = False) -> tuple[DesiredEndpoint, ...]:
    return wanted(of, event_types(of, known_types(), thin=thin))


@st.composite
def _endpoints(draw: st.DrawFn) -> Endpoint:
    thin = draw(st.booleans())
    (want,) = needed(deployed(), thin=thin)
    return Endpoint(
        id=f"{'ed' if thin else 'we'}_{draw(st.integers(0, 5))}",
        url=draw(st.sampled_from([URL, f"{URL}/", "https://old.acme.example/"])),
        api_version=draw(
            st.sampled_from([None] if thin else [want.api_version, "2024-06-20", "2027-03-31.next", None])
        ),
        events=frozenset(draw(st.sets(st.sampled_from([*sorted(want.events), "*"])))),
        enabled=draw(st.booleans()),
        livemode=False,
        connect=draw(st.sampled_from([True, False, None] if thin else [True, False])),
        created=draw(st.integers(0, 3)),
        thin=thin,
        metadata=draw(st.sampled_from([OURS, {}, OURS | {"deployment": "x/y"}])),
    )


registered = st.lists(_endpoints(), max_size=6, unique_by=lambda each: each.id)
in_force = st.sets(st.builds("{}_{}".format, st.sampled_from(["we", "ed"]), st.integers(0, 7))).map(
    lambda ids: (
        SigningSecrets(secrets=("whsec_elsewhere01234567",)).adding("whsec_more012345678901", None)
        if not ids
        else _storing(sorted(ids))
    )
)


def _secret(endpoint: str) -> str:
    return f"whsec_of_{endpoint}_0123456789abcdef"


def _storing(ids: list[str]) -> SigningSecrets:
    stored = SigningSecrets(secrets=())
    for each in ids:
        stored = stored.adding(_secret(each), each)
    return stored


def carried_out(
    plan: Plan, there: list[Endpoint], stored: SigningSecrets, *, thin: bool
) -> tuple[list[Endpoint], SigningSecrets]:
    """The endpoints and secrets after the plan's steps, without --retire."""
    for number, each in enumerate(plan.creates):
        made = Endpoint(
            id=f"{'ed' if thin else 'we'}_new{number}",
            url=each.url,
            api_version=each.api_version,
            events=each.events,
            enabled=True,
            livemode=each.livemode,
            connect=each.connect,
            created=9,
            thin=thin,
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
    return [fixed.get(each.id, each) for each in there if each not in plan.orphans], stored


@given(registered, in_force, st.booleans(), st.booleans())
def test_two_runs_bring_everything_in_order(
    there: list[Endpoint],
    stored: SigningSecrets,
    connect: bool,  # noqa: FBT001 - a value
    thin: bool,  # noqa: FBT001 - a value
) -> None:
    want = needed(deployed(connect=connect), thin=thin)
    plan = make_plan(want, there, stored)
    if plan.conflicts:
        return
    of_the_other_kind = [each for each in there if each.thin is not thin and not stored.knows(each.id)]
    assert [each for each in plan.orphans + plan.others if each in of_the_other_kind] == []
    there, stored = carried_out(plan, there, stored, thin=thin)
    again = make_plan(want, there, stored)
    assert (again.creates, again.updates, again.orphans, again.conflicts) == ([], [], [], [])
    assert again.may_retire
    assert all((each.api_version or "") > (want[0].api_version or "") for each in again.newer)
    assert not (thin and again.newer)
    for other in again.others + again.newer:
        stored = stored.without(other.id)
    there = [each for each in there if each not in again.others + again.newer]
    last = make_plan(want, there, stored, named=True)
    assert (last.creates, last.updates, last.orphans, last.others, last.conflicts) == ([], [], [], [], [])
    assert len(last.kept) == len(want)
    assert all(stored.knows(each.id) for each in last.kept)
