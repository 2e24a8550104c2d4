"""Reads the environment once at start. A missing or invalid setting stops the entry point. One error names all of them.
Whitespace around a setting is stripped. Secrets are never shown.
"""

import string
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar, Self

from fulfillment.errors import ConfigurationError
from fulfillment.settings.secret_file import SecretFile

Check = Callable[[Mapping[str, str], Mapping[str, Any]], Iterator[str]]
"""Finds settings that contradict each other. It gets the given texts by variable and the parsed values by field."""


@dataclass(frozen=True)
class Variable:
    """An environment variable and its parser: `parse` returns the value, or raises ValueError with the rule."""

    name: str
    parse: Callable[[str], Any]

    @property
    def names(self) -> tuple[str, ...]:
        """The variables that can hold it."""
        return (self.name,)

    def read(self, given: Mapping[str, str]) -> Any:
        """The parsed value, or None if it is not set. The text of a ValueError names the variable and the rule."""
        return self._parsed(self.name, given[self.name], self.parse) if self.name in given else None

    @staticmethod
    def _parsed(name: str, text: str, parse: Callable[[str], Any]) -> Any:
        try:
            return parse(text)
        except ValueError as error:
            raise ValueError(f"{name} {error}") from None


class Secret(Variable):
    """A secret in the variable, or in a file (`NAME_FILE`) that is read again. Its value is a function."""

    @property
    def names(self) -> tuple[str, ...]:
        """The variables that can hold it."""
        return (self.name, f"{self.name}_FILE")

    def read(self, given: Mapping[str, str]) -> Callable[[], Any] | None:
        """The function, or None if it is not set. Raises ValueError also if both variables are set."""
        name, file = self.names
        if name in given and file in given:
            raise ValueError(f"{name} and {file} contradict each other: set one of them")
        if file in given:
            secret: SecretFile[Any] = self._parsed(file, given[file], lambda path: SecretFile(Path(path), self.parse))
            return secret
        value = super().read(given)
        return None if value is None else lambda: value


def setting(name: str, parse: Callable[[str], Any] = str, **default: Any) -> Any:
    """A dataclass field for the environment variable `name`. It is required if it has no default."""
    return field(metadata={"variable": Variable(name, parse)}, **default)


def secret(name: str, parse: Callable[[str], Any], **default: Any) -> Any:
    """A dataclass field for a secret in `name` or in the file `NAME_FILE`. It is required if it has no default."""
    return field(metadata={"variable": Secret(name, parse)}, **default)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of one entry point. A subclass lists its variables, and CHECKS that compare them."""

    CHECKS: ClassVar[tuple[Check, ...]] = ()

    project: str
    livemode: bool

    @classmethod
    def load(cls, env: Mapping[str, str]) -> Self:
        """The settings in `env`. Raises a `ConfigurationError` that names all problems."""
        # Blanks beyond ASCII stay: they may come from a copied text, and the parser names them.
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
            elif each.default is each.default_factory:  # no default: both are MISSING
                problems.append(f"{' or '.join(variable.names)} is required")
        problems += [problem for check in cls.CHECKS for problem in check(given, found)]
        if problems:
            raise ConfigurationError("; ".join(problems))
        return cls(**found)

    @classmethod
    def variables(cls) -> dict[str, Variable]:
        """The variables, by the field's name."""
        return {each.name: each.metadata["variable"] for each in fields(cls)}

    def warnings(self) -> list[str]:
        """What the owner of the deployment should know of valid settings."""
        return []

    def left_out(self) -> list[str]:
        """The names of the optional settings that are not set."""
        unset = [variable.name for name, variable in self.variables().items() if getattr(self, name) is None]
        return sorted(name for name in unset if not name.endswith("_EMULATOR_HOST"))
