"""scripts/lib/setup.sh, which every script begins with."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from support.tools import ROOT, need

CERTIFICATES = ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
ASK = """
mkdir -p .venv/bin && touch ".venv/installed-$(cksum <requirements.txt | tr ' ' -)" .venv/bin/python .venv/bin/uv
chmod +x .venv/bin/python .venv/bin/uv
source setup.sh && printenv SSL_CERT_FILE PIP_CERT REQUESTS_CA_BUNDLE NODE_EXTRA_CA_CERTS UV_SYSTEM_CERTS
"""


def set_up(folder: Path, **env: str) -> list[str]:
    """What the certificates are taken from afterwards, in a tree that needs no installation."""
    shutil.copy(ROOT / "scripts" / "lib" / "setup.sh", folder)
    (folder / "requirements.txt").write_text("")
    command, path = ["bash", "-euo", "pipefail", "-c", ASK], {"PATH": os.environ["PATH"]}
    return subprocess.check_output(command, cwd=folder, env=path | env, text=True).splitlines()


def test_every_program_trusts_what_it_is_told_to_trust(tmp_path: Path) -> None:
    bundle = tmp_path / "proxy.pem"
    bundle.touch()
    assert set_up(tmp_path, SSL_CERT_FILE=str(bundle)) == [str(bundle)] * 4 + ["true"]


def test_without_a_word_every_program_trusts_what_the_machine_trusts(tmp_path: Path) -> None:
    system = Path("/etc/ssl/certs/ca-certificates.crt")
    need(None if system.exists() else f"{system} is missing. Debian/Ubuntu: apt-get install ca-certificates")
    assert set_up(tmp_path) == [str(system)] * 4 + ["true"]


@pytest.mark.parametrize("name", CERTIFICATES[1:])
def test_what_a_program_was_told_itself_stays(tmp_path: Path, name: str) -> None:
    (tmp_path / "all.pem").touch()
    said: dict[str, str] = dict(
        zip(CERTIFICATES, set_up(tmp_path, SSL_CERT_FILE=str(tmp_path / "all.pem"), **{name: "own.pem"}), strict=False)
    )
    assert said.pop(name) == "own.pem"
    assert set(said.values()) == {str(tmp_path / "all.pem")}


PYTHON = """#!/bin/bash
echo python "$@" >>calls
case "$*" in
  "-m venv .venv") mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
  *uv.txt) cp uv .venv/bin/uv ;;
  *--requirement*) [[ ! -e pip_fails ]] ;;
esac
"""
"""A python that makes environments, with a pip that installs uv. It notes what it is asked, as uv does."""
UV = """#!/bin/bash
echo uv >>calls
[[ ! -e uv_fails ]]
"""


class Tree:
    """A tree in which setup.sh runs with stand-ins of Python, pip and uv."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copy(ROOT / "scripts" / "lib" / "setup.sh", folder)
        (folder / "scripts" / "lib").mkdir(parents=True)
        for name in ("requirements.txt", "scripts/lib/requirements.txt"):
            (folder / name).write_text(f"# {name}\nuv==1 \\\n    --hash=sha256:1\nidna==1\n")
        for name, text in {"python3": PYTHON, "uv": UV}.items():
            (folder / name).write_text(text)
            (folder / name).chmod(0o755)

    def run(self, packages: str = "") -> list[str]:
        """What it asks of Python and uv, in this order, and `exit 1` if it fails."""
        (self.folder / "calls").write_text("")
        env = {"PATH": f"{self.folder}:/usr/bin:/bin"} | ({"setup_packages": packages} if packages else {})
        command = ["bash", "-euc", "source setup.sh"]
        ran = subprocess.run(command, cwd=self.folder, env=env, capture_output=True, text=True, check=False)
        calls = (self.folder / "calls").read_text().splitlines()
        asked = [each for each in calls if " -c " not in each]
        kinds = ["venv" if "-m venv" in each else "uv" if each == "uv" else "pip" for each in asked]
        return kinds if ran.returncode == 0 else [*kinds, f"exit {ran.returncode}"]


def test_what_demo_dev_and_ops_run_with_holds_a_websocket_for_stripe_listen() -> None:
    """uvicorn serves the stand-in's websocket only with such a package, and says so only when the CLI connects."""
    for name in ("scripts/lib/requirements.in", "scripts/lib/requirements.txt"):
        packages = {re.split(r"[=\[ ]", line)[0] for line in (ROOT / name).read_text("utf-8").splitlines()}
        assert not packages.isdisjoint({"websockets", "wsproto"}), name


SMALL = "scripts/lib/requirements.txt"
NEW = ["venv", "pip", "uv"]


def test_a_set_up_is_made_once_and_the_large_one_is_the_small_one_too(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    assert tree.run(SMALL) == NEW
    assert tree.run(SMALL) == []
    assert tree.run() == ["uv"]
    assert tree.run() == tree.run(SMALL) == []


def test_a_changed_lock_is_installed_again(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    tree.run()
    (tmp_path / "requirements.txt").write_text("uv==2")
    assert tree.run() == ["uv"]


@pytest.mark.parametrize("gone", ["bin/uv", "bin/python"])
def test_a_broken_environment_is_made_anew(tmp_path: Path, gone: str) -> None:
    tree = Tree(tmp_path)
    tree.run()
    (tmp_path / ".venv" / gone).unlink()
    assert tree.run() == NEW


def test_after_an_interruption_the_environment_is_made_anew_even_with_the_lock_of_before(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    tree.run()
    before = (tmp_path / "requirements.txt").read_text()
    (tmp_path / "requirements.txt").write_text("uv==2")
    for name in ("uv_fails", "pip_fails"):
        (tmp_path / name).touch()
    assert tree.run() == ["uv", "pip", "exit 1"]
    for name in ("uv_fails", "pip_fails"):
        (tmp_path / name).unlink()
    (tmp_path / "requirements.txt").write_text(before)
    assert tree.run() == NEW


def test_where_uv_cannot_install_pip_does(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    (tmp_path / "uv_fails").touch()
    assert tree.run() == [*NEW, "pip"]
    assert tree.run() == []
