"""The environment, read once at start. What an entry point needs and lacks, or finds misspelled, stops it
there, all of it named at once. Secrets are stripped of whitespace and never shown.
"""

import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self

from fulfillment.errors import ConfigurationError
from fulfillment.settings import parsers


def setting(name: str, parse: Callable[[str], Any] = str, **default: Any) -> Any:
    """A dataclass field that is read from the environment variable `name`; required without a default."""
    return field(metadata={"name": name, "parse": parse}, **default)


def _stripped(text: str) -> str:
    """Without ASCII's blanks around it. Any other may be the fault of a copy, and is left for the parser to name."""
    return text.strip(string.whitespace)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What every entry point needs."""

    project: str = setting("GOOGLE_CLOUD_PROJECT", parsers.project)
    livemode: bool = setting("STRIPE_LIVEMODE", parsers.livemode)
    pubsub_emulator: str | None = setting("PUBSUB_EMULATOR_HOST", default=None)

    @classmethod
    def load(cls, env: Mapping[str, str]) -> Self:
        """The settings in `env`, or a `ConfigurationError` that names everything that is wrong with it."""
        found: dict[str, Any] = {}
        problems: list[str] = []
        for each in fields(cls):
            name, text = each.metadata["name"], _stripped(env.get(each.metadata["name"], ""))
            try:
                if text:
                    found[each.name] = each.metadata["parse"](text)
                elif each.default is each.default_factory:  # neither is given: both are MISSING
                    problems.append(f"{name} is required")
            except ValueError as error:
                problems.append(f"{name} {error}")
        problems += cls._contradictions({name for name in env if _stripped(env[name])}, found)
        if problems:
            raise ConfigurationError("; ".join(problems))
        return cls(**found)

    @classmethod
    def _contradictions(cls, _given: set[str], _values: Mapping[str, Any]) -> list[str]:
        """What is wrong with the settings taken together: the names of those given, and what was read of them."""
        return []

    def left_out(self) -> list[str]:
        """The optional settings that are not set, by name."""
        unset = {each.metadata["name"] for each in fields(self) if getattr(self, each.name) is None}
        in_files = {name for name in unset if f"{name}_FILE" in self._names() - unset}
        return sorted(name for name in unset - in_files if not name.endswith(("_EMULATOR_HOST", "_FILE")))

    @classmethod
    def _names(cls) -> set[str]:
        return {each.metadata["name"] for each in fields(cls)}
