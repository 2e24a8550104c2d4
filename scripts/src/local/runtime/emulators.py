"""Finds and starts the official emulators of Pub/Sub and Firestore, or names the command that installs them."""

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass

from local.runtime.processes import Processes

COMPONENTS = ("pubsub-emulator", "cloud-firestore-emulator")
_QUIET = {"CLOUDSDK_CORE_DISABLE_PROMPTS": "1"}
_LEAN = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
"""Java compiles less: an emulator starts with a fifth less CPU."""


@dataclass(frozen=True)
class Emulators:
    """Where the emulators listen, as host:port."""

    pubsub: str
    firestore: str

    @property
    def env(self) -> dict[str, str]:
        """The environment variables with which Google's libraries find them."""
        return {"PUBSUB_EMULATOR_HOST": self.pubsub, "FIRESTORE_EMULATOR_HOST": self.firestore}


def missing() -> str | None:
    """None if the emulators can be started; otherwise one line with the missing tool and the command for it."""
    if not shutil.which("gcloud"):
        return "gcloud is missing. Install it: https://cloud.google.com/sdk/docs/install"
    if not _runs("java", "-version"):
        return "Java is missing. Debian/Ubuntu: apt-get install default-jre-headless; macOS: brew install openjdk"
    installed = _installed()
    lacking = [component for component in ("beta", *COMPONENTS) if component not in installed]
    if not lacking or _runs("gcloud", "--quiet", "components", "install", *lacking):
        return None
    packages = " ".join(f"google-cloud-cli-{name.removeprefix('cloud-')}" for name in lacking if name != "beta")
    return (
        f"gcloud's {' and '.join(lacking)} is missing. Install it: gcloud components install {' '.join(lacking)}"
        f" (where gcloud came with apt: apt-get install {packages})"
    )


def start(processes: Processes, pubsub: int, firestore: int, project: str) -> Emulators:
    """Starts both on loopback and waits until they answer."""
    start_pubsub(processes, pubsub, project)
    command = ["gcloud", "emulators", "firestore", "start", f"--host-port=127.0.0.1:{firestore}"]
    processes.start("firestore", command, _environment())
    processes.await_http("pubsub", pubsub)
    processes.await_http("firestore", firestore)
    return Emulators(f"127.0.0.1:{pubsub}", f"127.0.0.1:{firestore}")


def start_pubsub(processes: Processes, port: int, project: str) -> None:
    """Starts Pub/Sub's emulator alone."""
    data = tempfile.mkdtemp(prefix="pubsub-", dir=processes.log("pubsub").parent)
    where = (f"--project={project}", f"--data-dir={data}", f"--host-port=127.0.0.1:{port}")
    processes.start("pubsub", ["gcloud", "beta", "emulators", "pubsub", "start", *where], _environment())


def _environment() -> dict[str, str]:
    """The emulators' own variables. JAVA_TOOL_OPTIONS stays if it is set, as `scripts/benchmark` does."""
    return _QUIET | {"JAVA_TOOL_OPTIONS": os.environ.get("JAVA_TOOL_OPTIONS", _LEAN)}


def _runs(*command: str) -> bool:
    """Whether a command exists and succeeds."""
    try:
        subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=300, check=True)
    except (OSError, subprocess.SubprocessError):
        return False
    return True


def _installed() -> str:
    """The components of gcloud, as NAME=VERSION;NAME=VERSION."""
    command = ("gcloud", "version", "--format=value(.)")
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False).stdout


if __name__ == "__main__":
    if lacking := missing():
        sys.exit(lacking)
