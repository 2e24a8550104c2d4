"""The user's templates. The only file that knows Jinja."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from jinja2 import (
    Environment,
    FileSystemLoader,
    StrictUndefined,
    TemplateError,
    TemplateSyntaxError,
    select_autoescape,
)

from fulfillment.errors import ConfigurationError

TEMPLATES = Path(__file__).parents[2] / "templates"


class Templates:
    """The templates in a folder. Raises ConfigurationError if a needed one is missing, or any cannot be read."""

    def __init__(self, folder: Path, needed: Iterable[str]) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(folder),
            autoescape=select_autoescape(["html"]),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._read_all(needed)

    def render(self, name: str, kind: str, tags: Iterable[str], facts: Mapping[str, Any]) -> str:
        """Renders the best template for the languages with the facts: `receipt.pt-BR.html` before `receipt.pt.html`
        before `receipt.html`.
        """
        names = [*(f"{name}.{tag}.{kind}" for tag in tags), f"{name}.{kind}"]
        return self._environment.select_template(names).render(facts)

    def _read_all(self, needed: Iterable[str]) -> None:
        for name in {*needed, *self._environment.list_templates(extensions=["html", "txt"])}:
            try:
                self._environment.get_template(name)
            except TemplateError as error:
                line = f", line {error.lineno}" if isinstance(error, TemplateSyntaxError) else ""
                raise ConfigurationError(f"templates/{name}{line}: {type(error).__name__}: {error.message}") from None
