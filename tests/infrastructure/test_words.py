"""What scripts/check asks of words: text names who acts."""

import subprocess
from pathlib import Path

import pytest

from support.tools import ROOT


def check(*paths: Path) -> subprocess.CompletedProcess[str]:
    """What check_words says of files and folders, as scripts/check calls it."""
    script = f'source {ROOT}/scripts/lib/words.sh; check_words "$@"'
    command = ["bash", "-euo", "pipefail", "-c", script, "check", *map(str, paths)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("word", ["nobody", "Whoever", "somebody", "anybody", "whomever", "wherever"])
@pytest.mark.parametrize("name", ["deep/rule.py", "README.md"])
def test_a_word_that_hides_who_acts_fails_and_its_place_is_shown(tmp_path: Path, name: str, word: str) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / name).write_text(f"plain\n# {word} calls it\n")

    result = check(tmp_path)

    assert result.returncode == 1
    assert f"{name}:2:" in result.stdout
    assert "Write who acts" in result.stderr


def test_a_text_that_names_who_acts_passes(tmp_path: Path) -> None:
    (tmp_path / "rule.py").write_text("# The caller calls it. A nobodyish identifier is no word of the list.\n")

    assert check(tmp_path).returncode == 0
