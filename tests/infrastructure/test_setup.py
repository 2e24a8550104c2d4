"""scripts/lib/setup.sh, which every script begins with."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from support.tools import ROOT, need

CERTIFICATES = ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
ASK = """
mkdir .venv && touch ".venv/installed-$(cksum <requirements.txt | tr ' ' -)"
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
