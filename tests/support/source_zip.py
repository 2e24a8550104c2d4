"""What goes into the zip that Terraform makes of functions/, without Terraform.

Where there is no registry there is no real archive provider, so the exclude patterns of source.tf are evaluated as that
provider does it. It walks from the source directory itself, as `.`; a directory that matches is left out with all that
is in it; a pattern must match the whole path, `*` stays within one name, `**` crosses directories, and a last `/**`
may stand for nothing.
"""

import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from docs_tables.source import Module
from support.tools import ROOT

FUNCTIONS = ROOT / "functions"
TOP = PurePosixPath()


def excludes(module: Module) -> list[str]:
    """The patterns that the zip is made with."""
    assert module.data["archive_file.functions"]["excludes"] == "${local.source_excludes}"
    return list(module.locals["source_excludes"])


def expression(pattern: str) -> re.Pattern[str]:
    """A pattern of the provider as a regular expression for a whole path. `**/` and `/**` may stand for nothing."""
    parts = {"**/": "(?:[^/]+/)*", "/**": "(?:/.*)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    tokens = re.split(r"(\*\*/|/\*\*$|\*\*|\*|\?)", pattern)
    return re.compile("".join(parts.get(token, re.escape(token)) for token in tokens))


def zipped(folder: Path, patterns: Sequence[str], inside: PurePosixPath = TOP) -> Iterator[str]:
    """The files that go into the zip, as the provider walks."""
    expressions = [expression(each) for each in patterns]
    if any(each.fullmatch(str(inside)) for each in expressions):
        return
    for path in sorted((folder / inside).iterdir()):
        name = inside / path.name
        if path.is_dir():
            yield from zipped(folder, patterns, name)
        elif not any(each.fullmatch(str(name)) for each in expressions):
            yield str(name)


def tracked_files() -> set[str]:
    """The files of functions/ that git knows, or would if they were added."""
    command = ["git", "-C", str(FUNCTIONS), "ls-files", "--cached", "--others", "--exclude-standard"]
    return set(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())


def copy_tracked(folder: Path) -> None:
    """Puts functions/ as git knows it into a folder."""
    for name in tracked_files():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(FUNCTIONS / name, folder / name)
