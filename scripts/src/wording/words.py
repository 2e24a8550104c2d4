"""The words that no text of the product may have, each with what to write instead; and where they are."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]
WORDS = {
    "anybody": "name the actor: any caller, the public",
    "nobody": "say what does not happen, or who may: 'only Pub/Sub may call it'",
    "somebody": "name the actor: a person, an operator, a buyer, another run",
    "whoever": "name the actor: the caller, the publisher",
    "whomever": "name the actor: the recipient",
    "wherever": "name the place: 'in every file'",
}
"""Add a word here, and nowhere else."""
PLACES = (
    *("functions", "scripts", "terraform", "docs", "tests", ".github", ".ci"),
    *("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "pyproject.toml"),
)
_DATA = frozenset((".json", ".jsonl", ".png", ".svg", ".zip"))
# Underscores part words, as in the name of a test. An e-mail address and a resource's are data.
_WORD = re.compile(rf"(?<![a-z])(?<![a-z]\.)({'|'.join(WORDS)})(?![a-z@])", re.IGNORECASE)
_RELEASE = re.compile(r"^## (?!Unreleased)", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A word of the list in a file, by its path from the root; lines count from 1."""

    file: str
    line: int
    word: str

    def __str__(self) -> str:
        """One line for people."""
        return f'{self.file}:{self.line}: "{self.word}": {WORDS[self.word]}'


def findings(root: Path = ROOT) -> list[Finding]:
    """Every word of the list below `root`, by file and line. Of the changelog only what is not released yet."""
    return [
        Finding(file=str(path.relative_to(root)), line=number, word=found[1].lower())
        for path in _files(root)
        for number, line in enumerate(_text(path).splitlines(), 1)
        for found in _WORD.finditer(line)
    ]


def _files(root: Path) -> Iterator[Path]:
    """The files of PLACES, sorted; without data, hidden folders, caches, and this file."""
    for place in PLACES:
        start = root / place
        for path in sorted(start.rglob("*")) if start.is_dir() else [start]:
            parts = path.relative_to(start).parts
            hidden = any(part.startswith((".", "__pycache__")) for part in parts)
            if path.is_file() and not hidden and path.suffix not in _DATA and path != Path(__file__):
                yield path


def _text(path: Path) -> str:
    """The text of a file; empty if it is not UTF-8."""
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError:
        return ""
    return _RELEASE.split(text, maxsplit=1)[0] if path.name == "CHANGELOG.md" else text
