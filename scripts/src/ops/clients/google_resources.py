"""What Google runs, as far as the checks need it. `repr` hides environments: a hook's settings may be secret."""

from collections.abc import Mapping
from dataclasses import dataclass, field

PUBLIC = frozenset({"allUsers", "allAuthenticatedUsers"})


@dataclass(frozen=True, kw_only=True)
class Function:
    """A Cloud Function. `mounts`: a secret's file -> (its id, its version); `uri`: its service's address."""

    state: str
    entry_point: str
    account: str
    ingress: str
    timeout: int
    url: str
    uri: str
    follows_latest: bool
    mounts: Mapping[str, tuple[str, str]]
    env: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Subscription:
    """A Pub/Sub subscription. Topics are full names, times are seconds; no `push_endpoint` and no `sink` means pull.
    `sink`: the table or bucket that it writes into.
    """

    topic: str
    detached: bool
    filter: str
    ack_deadline: int
    retention: int
    expires: bool
    push_endpoint: str
    push_account: str
    push_audience: str
    wrapped: bool
    dead_letter_topic: str
    attempts: int
    minimum_backoff: float
    maximum_backoff: float
    sink: str = ""
    sink_state: str = ""

    @property
    def sink_fails(self) -> bool:
        """Whether Pub/Sub says that it cannot write."""
        return self.sink_state not in {"", "ACTIVE", "STATE_UNSPECIFIED"}


@dataclass(frozen=True, kw_only=True)
class Policy:
    """The IAM policy of one resource: all (role, member) pairs, and those without a condition."""

    grants: frozenset[tuple[str, str]]
    unconditional: frozenset[tuple[str, str]]

    def lets(self, role: str, member: str) -> bool:
        """Whether the member has the role here without a condition."""
        return (role, member) in self.unconditional

    @property
    def public(self) -> list[str]:
        """The grants to the public, with or without a condition: `allUsers has roles/run.invoker`."""
        return sorted(f"{member} has {role}" for role, member in self.grants if member in PUBLIC)


@dataclass(frozen=True, kw_only=True)
class Service:
    """A function's Cloud Run service: who may call it. `invoker_check_disabled`: callers need no identity."""

    policy: Policy
    invoker_check_disabled: bool
