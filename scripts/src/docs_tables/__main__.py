"""Updates the generated tables of terraform/README.md, or checks that they are up to date. `scripts/check` runs it."""

import sys
from pathlib import Path

from docs_tables.source import Module
from docs_tables.tables import StaleTables, renewed

TERRAFORM = Path(__file__).parents[3] / "terraform"


def main(arguments: list[str], folder: Path = TERRAFORM) -> str | None:
    """Returns None, or a problem. `--check` writes nothing; then outdated tables are a problem."""
    if arguments not in ([], ["--check"]):
        return "usage: python -m docs_tables [--check]"
    readme = folder / "README.md"
    try:
        old = readme.read_text("utf-8")
        new = renewed(old, Module.read(folder))
    except (FileNotFoundError, StaleTables) as error:
        return f"terraform/README.md: {error}"
    if arguments and new != old:
        return "The tables in terraform/README.md are out of date. Update them: scripts/check --fix"
    if new != old:
        readme.write_text(new, "utf-8")
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
