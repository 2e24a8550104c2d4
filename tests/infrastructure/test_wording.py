"""The word list of scripts/check: every word of it is found with its file and line, and nothing else is."""

from pathlib import Path

import pytest

from wording.words import PLACES, WORDS, Finding, findings

WORD = min(WORDS)


def found(root: Path, file: str, text: str) -> list[Finding]:
    path = root / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return findings(root)


@pytest.mark.parametrize("word", WORDS)
def test_each_word_is_found_with_its_file_and_line(tmp_path: Path, word: str) -> None:
    (each,) = found(tmp_path, "docs/a.md", f"One.\nTwo: {word.capitalize()}'s.\n")
    assert each == Finding(file="docs/a.md", line=2, word=word)
    assert str(each).startswith(f'docs/a.md:2: "{word}": ')


@pytest.mark.parametrize("place", PLACES)
def test_every_place_is_searched(tmp_path: Path, place: str) -> None:
    file = place if "." in place else f"{place}/deep/down/file.py"
    assert [each.file for each in found(tmp_path, file, WORD)] == [file]


def test_a_word_in_the_name_of_a_test_is_found(tmp_path: Path) -> None:
    assert len(found(tmp_path, "tests/test_a.py", f"def test_{WORD}_knows() -> None: ...\n")) == 1


@pytest.mark.parametrize("text", [f"x{WORD}", f"{WORD}x", f"{WORD}@example.com", f"member.{WORD}_calls[0]", "any body"])
def test_another_word_and_an_address_are_not_found(tmp_path: Path, text: str) -> None:
    assert found(tmp_path, "docs/a.md", text) == []


def test_of_the_changelog_only_what_is_not_released_yet_is_searched(tmp_path: Path) -> None:
    text = f"# Changelog\n\n## Unreleased\n\n{WORD}\n\n## 2.0.0\n\n{WORD}\n"
    assert [each.line for each in found(tmp_path, "CHANGELOG.md", text)] == [5]


@pytest.mark.parametrize("file", ["terraform/.terraform/a.tf", "tests/__pycache__/a.py", "tests/events/a.json"])
def test_tools_caches_and_data_are_not_searched(tmp_path: Path, file: str) -> None:
    assert found(tmp_path, file, WORD) == []


def test_bytes_that_are_no_text_are_not_searched(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.bin").write_bytes(b"\xff\xfe" + WORD.encode())
    assert findings(tmp_path) == []
