"""The number of faults, their duration, and the time limits of a run."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, kw_only=True)
class Profile:
    """One kind of run. `seconds`: the duration of the faults; `patience`: the seconds in which it must settle then.

    `hurried`: the functions' own time limits are shortened (see `testbed`), so that leases expire within a short run.
    `attempts`: Pub/Sub's deliveries before it makes a dead letter.
    """

    name: str
    orders: int
    seconds: float
    patience: float
    kills: int
    faults: int
    jumps: int
    attempts: int = 100
    hurried: bool = False


LONG = Profile(name="long", orders=300, seconds=240, patience=420, kills=50, faults=220, jumps=16, attempts=40)
SHORT = Profile(name="short", orders=64, seconds=20, patience=150, kills=4, faults=24, jumps=4, hurried=True)
CALM = Profile(name="calm", orders=64, seconds=15, patience=400, kills=0, faults=0, jumps=0)

PROFILES = {each.name: each for each in (LONG, SHORT, CALM)}


def scaled(profile: Profile, orders: int | None) -> Profile:
    """The profile with another number of orders."""
    return profile if orders is None else replace(profile, orders=orders)
