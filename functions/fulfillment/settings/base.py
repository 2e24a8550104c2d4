"""The environment, read once at start. What an entry point needs and lacks, or finds misspelled, stops it
there, all of it named at once. Secrets are stripped of whitespace and never shown.
"""

import string
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar, Self

from fulfillment.errors import ConfigurationError
from fulfillment.settings.secret_file import SecretFile

Check = Callable[[Mapping[str, str], Mapping[str, Any]], Iterator[str]]
"""What is wrong with settings taken together. It gets the given texts by variable, and what was read by field."""


@dataclass(frozen=True)
class Variable:
    """An environment variable, and what its text may be: `parse` reads it, or raises ValueError with the rule."""

    name: str
    parse: Callable[[str], Any]

    @property
    def names(self) -> tuple[str, ...]:
        """The variables that give it."""
        return (self.name,)

    def read(self, given: Mapping[str, str]) -> Any:
        """What is given, or None. ValueError names the variable and the rule."""
        return self._parsed(self.name, given[self.name], self.parse) if self.name in given else None

    @staticmethod
    def _parsed(name: str, text: str, parse: Callable[[str], Any]) -> Any:
        try:
            return parse(text)
        except ValueError as error:
            raise ValueError(f"{name} {error}") from None


class Secret(Variable):
    """A secret, given as it is or in a file (`NAME_FILE`) that is read again. Its value is a function that tells it."""

    @property
    def names(self) -> tuple[str, ...]:
        """The variables that give it."""
        return (self.name, f"{self.name}_FILE")

    def read(self, given: Mapping[str, str]) -> Callable[[], Any] | None:
        """The function, or None. ValueError also where both variables are given."""
        name, file = self.names
        if name in given and file in given:
            raise ValueError(f"{name} and {file} contradict each other: set one of them")
        if file in given:
            secret: SecretFile[Any] = self._parsed(file, given[file], lambda path: SecretFile(Path(path), self.parse))
            return secret
        value = super().read(given)
        return None if value is None else lambda: value


def setting(name: str, parse: Callable[[str], Any] = str, **default: Any) -> Any:
    """A dataclass field that is read from the environment variable `name`; required without a default."""
    return field(metadata={"variable": Variable(name, parse)}, **default)


def secret(name: str, parse: Callable[[str], Any], **default: Any) -> Any:
    """A dataclass field that is a secret in `name` or in the file `NAME_FILE`; required without a default."""
    return field(metadata={"variable": Secret(name, parse)}, **default)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The environment of one entry point. A subclass lists its variables, and checks what they say together."""

    CHECKS: ClassVar[tuple[Check, ...]] = ()

    project: str
    livemode: bool

    @classmethod
    def load(cls, env: Mapping[str, str]) -> Self:
        """The settings in `env`, or a `ConfigurationError` that names everything that is wrong with it."""
        # Any blank beyond ASCII may be the fault of a copy: it is left for the parser to name.
        given = {name: text for name in env if (text := env[name].strip(string.whitespace))}
        found: dict[str, Any] = {}
        problems: list[str] = []
        for each in fields(cls):
            variable: Variable = each.metadata["variable"]
            try:
                value = variable.read(given)
            except ValueError as error:
                problems.append(str(error))
                continue
            if value is not None:
                found[each.name] = value
            elif each.default is each.default_factory:  # neither is given: both are MISSING
                problems.append(f"{' or '.join(variable.names)} is required")
        problems += [problem for check in cls.CHECKS for problem in check(given, found)]
        if problems:
            raise ConfigurationError("; ".join(problems))
        return cls(**found)

    @classmethod
    def variables(cls) -> dict[str, Variable]:
        """The variables, by the field's name."""
        return {each.name: each.metadata["variable"] for each in fields(cls)}

    def left_out(self) -> list[str]:
        """The optional settings that are not set, by name."""
        unset = [variable.name for name, variable in self.variables().items() if getattr(self, name) is None]
        return sorted(name for name in unset if not name.endswith("_EMULATOR_HOST"))
