"""The declarations in a folder's .tf files, as plain data; the only file that knows python-hcl2.

An expression stays text, `${var.name}`, and so does a call, `${merge(…)}`; lists, objects and blocks become Python
values. A nested block is a list of objects, since it may be repeated.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import hcl2

Block = Mapping[str, Any]
_OPTIONS = hcl2.SerializationOptions(
    with_comments=False, explicit_blocks=False, preserve_heredocs=False, strip_string_quotes=True
)


@dataclass(frozen=True, kw_only=True)
class Module:
    """A Terraform module. Resources and data sources by address (`google_pubsub_topic.events`), the rest by name; all
    in the order of files and lines.
    """

    variables: dict[str, Block] = field(default_factory=dict)
    outputs: dict[str, Block] = field(default_factory=dict)
    locals: dict[str, Any] = field(default_factory=dict)
    resources: dict[str, Block] = field(default_factory=dict)
    data: dict[str, Block] = field(default_factory=dict)
    moved: list[tuple[str, str]] = field(default_factory=list)
    """(old address, new address) of each `moved` block."""

    @classmethod
    def read(cls, folder: Path) -> Self:
        """The module in a folder. python-hcl2's error if a file is no Terraform."""
        module = cls()
        for path in sorted(folder.glob("*.tf")):
            module.add(hcl2.loads(path.read_text("utf-8"), serialization_options=_OPTIONS))
        return module

    def add(self, document: Mapping[str, Any]) -> None:
        """Adds the declarations of one file."""
        for kind, known in (("variable", self.variables), ("output", self.outputs)):
            for block in document.get(kind, ()):
                known.update(block)
        for block in document.get("locals", ()):
            self.locals.update(block)
        for kind, known in (("resource", self.resources), ("data", self.data)):
            for block in document.get(kind, ()):
                for type_, named in block.items():
                    known.update({f"{type_}.{name}": body for name, body in named.items()})

        self.moved.extend((_address(block["from"]), _address(block["to"])) for block in document.get("moved", ()))

    def of_type(self, type_: str) -> dict[str, Block]:
        """The resources of a type, by name."""
        kinds = {address: body for address, body in self.resources.items() if address.startswith(f"{type_}.")}
        return {address.removeprefix(f"{type_}."): body for address, body in kinds.items()}


def _address(reference: str) -> str:
    return reference.removeprefix("${").removesuffix("}")


def texts(value: object) -> Iterator[str]:
    """Every text in a value at any depth, without keys."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from texts(each)
