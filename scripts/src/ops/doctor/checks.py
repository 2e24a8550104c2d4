"""A finding of `doctor`, and how a check produces it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from ops.deployment.terraform_output import APPLY
from ops.errors import Missing, OperationsError


class Verdict(StrEnum):
    """How a check ended. A check that could not run counts as trouble. A warning does not."""

    OK = "ok"
    WARNING = "warning"
    TROUBLE = "trouble"
    UNKNOWN = "could not check"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One line: the check, its verdict, the problem (or a note), and the command that fixes it."""

    subject: str
    check: str
    verdict: Verdict
    problem: str = ""
    fix: str = ""


Problems = Mapping[str, str | None]
"""Check -> its problem, or None."""


def judge(subject: str, problems: Problems, fix: str = APPLY, fixes: Mapping[str, str] | None = None) -> list[Finding]:
    """A finding for each check. `fixes`: the commands of checks that `fix` does not fix."""
    return [
        Finding(
            subject=subject,
            check=check,
            verdict=Verdict.TROUBLE if problem else Verdict.OK,
            problem=problem or "",
            fix=(fixes or {}).get(check, fix) if problem else "",
        )
        for check, problem in problems.items()
    ]


def unknown(subject: str, check: str, why: str, fix: str = "") -> Finding:
    """The finding of a check that could not run, and why."""
    return Finding(subject=subject, check=check, verdict=Verdict.UNKNOWN, problem=why, fix=fix)


def attempt(subject: str, look: Callable[[], Iterable[Finding]]) -> list[Finding]:
    """The findings of a look. A failed look is a finding too, and does not stop the others."""
    try:
        return list(look())
    except Missing as error:
        return judge(subject, {"exists": str(error)})
    except OperationsError as error:
        return [unknown(subject, "read", str(error))]
    except Exception as error:  # noqa: BLE001 - see above
        return [unknown(subject, "read", f"an internal error of this command: {type(error).__name__}")]


def warning(subject: str, check: str, what: str, fix: str = "") -> Finding:
    """What a person should know, and may have wanted."""
    return Finding(subject=subject, check=check, verdict=Verdict.WARNING, problem=what, fix=fix)


def differs(found: object, needed: object) -> str | None:
    """The problem if they differ."""
    return None if found == needed else f"it is {_show(found)}, and must be {_show(needed)}"


def _show(value: object) -> str:
    if isinstance(value, frozenset):
        return ", ".join(sorted(map(str, value))) or "nothing"
    return "nothing" if value in ("", None) else str(value)
