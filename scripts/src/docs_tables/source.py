"""The only file that knows python-hcl2: what the .tf files of a folder declare, as plain data.

An expression stays text, `${var.name}`, and so does a call, `${merge(…)}`; a list, an object and a block become
Python's. A nested block is a list of objects, as it may be there several times.
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
    """A Terraform module. Resources and data sources by their address (`google_pubsub_topic.events`), the rest by
    name; all of it in the order of the files and of their lines.
    """

    variables: dict[str, Block] = field(default_factory=dict)
    outputs: dict[str, Block] = field(default_factory=dict)
    locals: dict[str, Any] = field(default_factory=dict)
    resources: dict[str, Block] = field(default_factory=dict)
    data: dict[str, Block] = field(default_factory=dict)
    moved: list[tuple[str, str]] = field(default_factory=list)
    """Old and new address, as `moved` blocks say them."""

    @classmethod
    def read(cls, folder: Path) -> Self:
        """The module in a folder; what python-hcl2 raises if a file is none of Terraform's."""
        module = cls()
        for path in sorted(folder.glob("*.tf")):
            module.add(hcl2.loads(path.read_text("utf-8"), serialization_options=_OPTIONS))
        return module

    def add(self, document: Mapping[str, Any]) -> None:
        """Adds what one file declares."""
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
    """Every text in a value, keys left out, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from texts(each)
