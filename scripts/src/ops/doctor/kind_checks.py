"""The rules for the kinds of endpoints that a deployment uses: what each carries, and what thin events need. Pure.

A thin destination is wanted where there is one. A snapshot endpoint is wanted where there is one, or no other: both may
deliver for a while.
"""

from collections.abc import Iterable, Sequence

from ops.clients.event_types import EventTypes
from ops.clients.signing_secrets import SigningSecrets
from ops.clients.webhook_endpoints import DESTINATION, Endpoint
from ops.deployment.after_sale import SALES_ALONE, UPGRADE
from ops.deployment.model import Deployment
from ops.deployment.terraform_output import APPLY
from ops.deployment.thin_events import SET_KEY, lacking_key, lacking_subscription
from ops.doctor.checks import Finding, judge, unknown, warning
from ops.doctor.endpoint_checks import REGISTER, register
from ops.errors import OperationsError, Refused

RETIRE = f"once the other has delivered: {REGISTER} --retire, or with --thin to keep the thin destination"


def kinds_in_use(deployment: Deployment, url: str, endpoints: Iterable[Endpoint]) -> list[bool]:
    """The kinds of this deployment's endpoints, as values of `thin`. Snapshot if there are none."""
    ours = {each.thin for each in endpoints if each.points_at(url) or each.managed_for(deployment.id)}
    return sorted(ours) or [False]


def check_types(kinds: Sequence[EventTypes]) -> list[Finding]:
    """Every type that `events.route` names is carried by an endpoint. What a wildcard stands for need not be."""
    routes = kinds[0].routes
    if routes is None:
        return []
    lost = set.intersection(*(set(each.elsewhere) for each in kinds)) & routes.names
    problem = f"no registered endpoint can carry {', '.join(sorted(lost))}" if lost else None
    return [
        *judge("stripe", {"routed types": problem}, register(thin=not kinds[0].thin)),
        *(warning("stripe", "routed types", each) for each in routes.warnings()),
    ]


def check_after_sale(deployment: Deployment) -> list[Finding]:
    """Refunds and disputes are handled, as since version 1.2."""
    if deployment.after_sale is not None:
        return []
    return [warning("stripe", "refunds and disputes", f"not handled: {SALES_ALONE}", UPGRADE)]


def check_thin(deployment: Deployment, kinds: Sequence[EventTypes]) -> list[Finding]:
    """Orders can be made of thin events, where they come."""
    if not any(each.thin for each in kinds):
        return []
    problems = {"api key": lacking_key(deployment), "subscriptions": lacking_subscription(deployment)}
    return judge("stripe (thin events)", problems, APPLY, {"api key": SET_KEY})


def check_both(kinds: Sequence[EventTypes]) -> list[Finding]:
    """Two kinds at once are for a while, as a rule."""
    if len(kinds) == 1:
        return []
    what = "a snapshot endpoint and a thin destination deliver: each event comes twice, and its order is made once"
    return [warning("stripe", "both kinds", what, RETIRE)]


def check_unseen(unseen: Refused | None, stored: SigningSecrets | OperationsError) -> list[Finding]:
    """A key that may see endpoints alone is good enough, unless a destination is noted as ours."""
    if unseen is None:
        return []
    noted = stored.noted if isinstance(stored, SigningSecrets) else ()
    finding = unknown if any(each.startswith(DESTINATION) for each in noted) else warning
    return [finding("stripe", "thin destinations", f"not looked at: {unseen}")]
