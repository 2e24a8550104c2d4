"""Renews the generated tables of terraform/README.md, or says that they are not fresh. See scripts/terraform-docs."""

import sys
from pathlib import Path

from terraform_docs.source import Module
from terraform_docs.tables import StaleTables, renewed

TERRAFORM = Path(__file__).parents[2] / "terraform"


def main(arguments: list[str], folder: Path = TERRAFORM) -> str | None:
    """None, or what is wrong: with `--check` nothing is written, and tables that are not fresh are wrong."""
    if arguments not in ([], ["--check"]):
        return "usage: scripts/terraform-docs [--check]"
    readme = folder / "README.md"
    try:
        old = readme.read_text("utf-8")
        new = renewed(old, Module.read(folder))
    except (FileNotFoundError, StaleTables) as error:
        return f"terraform/README.md: {error}"
    if arguments and new != old:
        return "The tables in terraform/README.md are not fresh. Renew them: scripts/terraform-docs"
    if new != old:
        readme.write_text(new, "utf-8")
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
