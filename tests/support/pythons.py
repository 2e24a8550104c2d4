"""Other Pythons than the one that runs the tests, and environments with exactly what a lock says.

An environment is kept in the user's cache by what it was made of: making it takes seconds, finding it nothing.
"""

import fcntl
import functools
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

RUNTIMES = ("python311", "python312", "python313", "python314")
"""What var.runtime allows."""
UV = Path(sys.executable).with_name("uv")
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "stripe-checkout-fulfillment"
_PROBE = "import sys; print(*sys.version_info[:2], sep='.'); print(sys.version)"


def version(runtime: str) -> str:
    """3.13 for python313."""
    return f"3.{runtime.removeprefix('python3')}"


@functools.cache
def find(runtime: str) -> tuple[Path, str] | None:
    """The interpreter of a runtime, and all it says of its version; None if there is none that starts."""
    name = f"python{version(runtime)}"
    managed = sorted(Path.home().glob(f".pyenv/versions/{version(runtime)}.*/bin/{name}"))
    for candidate in (Path(sys.executable), *map(Path, filter(None, [shutil.which(name)])), *managed):
        said = subprocess.run([candidate, "-c", _PROBE], capture_output=True, text=True, check=False)
        short, _, whole = said.stdout.partition("\n")
        if said.returncode == 0 and short == version(runtime):
            return candidate, whole
    return None


def environment(runtime: str, requirements: Path) -> Path:
    """The bin/ of an environment with exactly what the file locks, hashes checked. The runtime must be there."""
    found = find(runtime)
    assert found, f"{runtime} is missing"
    made_of = hashlib.sha256(found[1].encode() + requirements.read_bytes()).hexdigest()[:16]
    folder = CACHE / f"{runtime}-{made_of}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "ready").exists():
            _make(folder, found[0], requirements)
            (folder / "ready").touch()
    return folder / "bin"


def _make(folder: Path, python: Path, requirements: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    _uv("venv", "--no-python-downloads", "--python", python, folder)
    _uv("pip", "install", "--python", folder / "bin" / "python", "--require-hashes", "--requirement", requirements)


def _uv(*arguments: str | Path) -> None:
    done = subprocess.run([UV, "--quiet", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
