"""What Stripe must have registered: what only the rules can be shown."""

from dataclasses import replace

import pytest

from ops.clients.event_types import event_types
from ops.clients.signing_secrets import SigningSecrets
from ops.clients.stripe_types import known_types
from ops.clients.webhook_endpoints import DesiredEndpoint, Endpoint, wanted
from ops.doctor.checks import Verdict
from ops.doctor.endpoint_checks import BY_HAND, check_endpoints
from ops.errors import Refused
from support.deployments import deployed

SERVICE = "https://checkout-webhook-x-ew.a.run.app"
URL = deployed().webhook.url
OURS = {"managed_by": "scripts/ops", "deployment": "acme-shop/checkout"}


def needed(*, connect: bool = False, kinds: tuple[bool, ...] = (False,)) -> list[DesiredEndpoint]:
    of = deployed(connect=connect)
    return [each for thin in kinds for each in wanted(of, event_types(of, known_types(), thin=thin))]


(WANTED,) = needed()
GOOD = Endpoint(
    id="we_1",
    url=URL,
    api_version=WANTED.api_version,
    events=WANTED.events,
    enabled=True,
    livemode=False,
    connect=False,
    created=1,
    metadata=OURS,
)
STORED = SigningSecrets(secrets=()).adding("whsec_a0123456789abcdef", "we_1").adding("whsec_b0123456789abcdef", "we_2")


def not_well(
    *endpoints: Endpoint,
    connect: bool = False,
    stored: SigningSecrets | Refused = STORED,
    kinds: tuple[bool, ...] = (False,),
) -> dict[str, Verdict]:
    found = check_endpoints(needed(connect=connect, kinds=kinds), endpoints, stored, SERVICE)
    return {f"{each.subject}: {each.check}": each.verdict for each in found if each.verdict is not Verdict.OK}


def test_one_good_endpoint_is_well() -> None:
    assert not_well(GOOD) == {}


def test_one_of_the_other_mode_is_not() -> None:
    assert not_well(replace(GOOD, livemode=True)) == {"stripe: livemode": Verdict.TROUBLE}


@pytest.mark.parametrize(
    "other",
    [
        replace(GOOD, id="we_2", api_version="2024-06-20", created=0),
        replace(GOOD, id="we_3", url="https://shop.example/hook", metadata={}),
        replace(GOOD, id="we_3", url=URL.replace("checkout", "other"), metadata={"deployment": "acme-shop/other"}),
    ],
    ids=["an upgrade under way", "another host", "another deployment of this host"],
)
def test_another_endpoint_that_is_fine(other: Endpoint) -> None:
    assert not_well(GOOD, other) == not_well(other, GOOD) == {}


@pytest.mark.parametrize(
    "other",
    [
        replace(GOOD, id="we_2", created=2),
        replace(GOOD, id="we_3", created=0),
        replace(GOOD, id="we_2", url="https://old.acme.example"),
        replace(GOOD, id="we_3", api_version="2024-06-20"),
        replace(GOOD, id="we_3", url=f"{SERVICE}/hook", metadata={}),
        replace(GOOD, id="we_3", connect=True, metadata={}),
        replace(GOOD, id="we_3", metadata={"deployment": "acme-shop/other"}),
    ],
    ids=[
        "twice",
        "an orphan",
        "an old address",
        "an upgrade without secret",
        "the service",
        "connect",
        "another's, at our address",
    ],
)
def test_another_endpoint_that_is_trouble(other: Endpoint) -> None:
    expected = {f"stripe: other endpoint {other.id}": Verdict.TROUBLE}
    assert not_well(GOOD, other) == not_well(other, GOOD) == expected


@pytest.mark.parametrize(
    ("other", "fix"),
    [
        (replace(GOOD, id="we_2", api_version="2024-06-20"), "scripts/ops register-webhook --retire"),
        (
            replace(GOOD, id="we_2", api_version="2027-03-31.next"),
            "set stripe.api_version to 2027-03-31.next, and: terraform -chdir=terraform apply",
        ),
        (replace(GOOD, id="we_3", api_version="2024-06-20"), "scripts/ops register-webhook"),
        (replace(GOOD, id="we_3", metadata={}), BY_HAND),
    ],
)
def test_another_endpoint_is_told_with_what_becomes_of_it(other: Endpoint, fix: str) -> None:
    found = check_endpoints((WANTED,), [GOOD, other], STORED, SERVICE)
    assert [each.fix for each in found if each.check == f"other endpoint {other.id}"] == [fix]


def test_connect_needs_one_for_each() -> None:
    connected = replace(GOOD, id="we_2", connect=True)
    assert not_well(GOOD, connected, connect=True) == {}
    assert not_well(GOOD, connect=True) == {"stripe (connected accounts): registered": Verdict.TROUBLE}
    assert not_well(connected, connect=True) == {"stripe: registered": Verdict.TROUBLE}


def test_a_secret_that_cannot_be_read_is_no_answer() -> None:
    assert not_well(GOOD, stored=Refused("no")) == {"stripe: signing secret": Verdict.UNKNOWN}


def test_an_address_with_a_token_is_not_told() -> None:
    found = check_endpoints((WANTED,), [GOOD, replace(GOOD, id="we_3", url=f"{URL}?token=t0p")], STORED, SERVICE)
    assert "t0p" not in str(found)
