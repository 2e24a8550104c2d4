"""What comes from elsewhere is what was locked, under a licence that fits; and no secret has ever been committed."""

import re
import subprocess
import tomllib

import pytest

from licenses import table
from support import tools
from support.tools import ROOT

LOCKS = (
    "functions/requirements.txt",
    "scripts/lib/requirements.txt",
    "requirements.txt",
    "scripts/lib/checkov/requirements.txt",
)
SECRET = re.compile(r"(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16,}|whsec_[A-Za-z0-9+/]{16,}|-----BEGIN [A-Z ]*PRIVATE KEY")
PLAY = re.compile(r"01234567|12345678|abcdefgh|fedcba98|(.)\1{9}")
"""What every secret made up for a test has in it, and no real one: digits in order, or one letter again and again."""


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_is_locked_to_one_version_with_its_hashes(lock: str) -> None:
    entries = re.split(r"\n(?=[A-Za-z0-9])", re.sub(r"(?m)^\s*#.*\n", "", (ROOT / lock).read_text()).strip())
    assert len(entries) > 40
    for entry in entries:
        assert re.match(r"[A-Za-z0-9._-]+(\[[a-z,]+\])?==[^\s=]+ ", entry), entry[:80]
        assert "--hash=sha256:" in entry, entry[:80]


def test_what_is_locked_is_installed_by_its_hashes() -> None:
    """pip demands hashes of all as soon as one requirement has one, which is how Cloud Build installs the functions."""
    for script in ("scripts/lib/setup.sh", "scripts/lib/checkov.sh"):
        installs = [line for line in (ROOT / script).read_text().splitlines() if re.search("pip (install|sync)", line)]
        assert installs
        assert all("--require-hashes" in line for line in installs), script


def test_every_licence_is_one_that_the_product_may_be_deployed_with() -> None:
    assert {package: table.licence(package) for package in table.packages()}.items() <= {
        (package, licence) for package in table.packages() for licence in table.PERMISSIVE
    }
    assert len(table.packages()) > 40


def test_the_list_of_licences_is_fresh() -> None:
    assert table.DOCUMENT.read_text() == table.document()


def test_a_package_that_declares_nothing_is_unknown() -> None:
    assert table.licence("no-such-package") == "unknown"


def test_the_lints_for_security_are_on_and_nothing_deployed_is_exempt() -> None:
    lint = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]["lint"]
    assert "ALL" in lint["select"]
    assert not [rule for rule in lint["ignore"] if re.fullmatch(r"S\d*", rule)]
    for files, rules in lint["per-file-ignores"].items():
        assert not (files.startswith("functions") and [rule for rule in rules if re.fullmatch(r"S\d*", rule)])


def secrets_in(text: str) -> list[str]:
    return [found for found in SECRET.findall(text) if not PLAY.search(found)]


def test_no_secret_is_in_any_commit() -> None:
    tools.need(None if (ROOT / ".git").exists() else "the git history is missing. Get it: git clone")
    pattern = "(sk|rk)_(live|test)_[A-Za-z0-9]{16}|whsec_[A-Za-z0-9]{16}|PRIVATE KEY"
    command = ["git", "log", "-p", "--format=", "--no-color", "--extended-regexp", f"-G{pattern}"]
    history = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode(errors="replace")
    assert secrets_in(history) == []


def test_a_secret_is_found_and_one_for_play_is_none() -> None:
    real = "k8Zt3NqLw0xYbVd2"
    for prefix in ("sk_live_", "rk_live_", "sk_test_", "whsec_"):
        assert secrets_in(f"+KEY={prefix}{real}\n") == [prefix + real]
        assert secrets_in(f"+KEY={prefix}0123456789abcdef0123\n") == []
        assert secrets_in(f"+KEY={prefix}...\n") == []
