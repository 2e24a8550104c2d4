"""A function as it runs in production: the `functions-framework` command in its own process."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from local.fakes.stripe_events import SECRET
from local.runtime.pipe import FUNCTIONS, WEBHOOK
from local.runtime.processes import Processes, free_ports


class Server:
    """An entry point, by default the webhook, that publishes to the Pub/Sub at `pubsub`."""

    def __init__(self, processes: Processes, pubsub: str, entry_point: str = WEBHOOK, source: Path = FUNCTIONS) -> None:
        self._processes, self._pubsub, self._name, self._source = processes, pubsub, entry_point, source
        (self.port,) = free_ports(1)

    def start(self, more: Mapping[str, str] | None = None) -> None:
        """Returns once the server answers. `more`: settings."""
        env = {"GOOGLE_CLOUD_PROJECT": "local", "STRIPE_LIVEMODE": "false", "STRIPE_WEBHOOK_SECRETS": SECRET}
        env |= {"PUBSUB_EMULATOR_HOST": self._pubsub, **(more or {})}
        command = [str(Path(sys.executable).with_name("functions-framework")), "--host=127.0.0.1"]
        command += [f"--source={self._source / 'main.py'}", f"--target={self._name}", f"--port={self.port}"]
        self._processes.start(self._name, command, env)
        self._processes.await_http(self._name, self.port)

    def stop(self) -> None:
        """Stops the server, and waits for its end."""
        self._processes.stop(self._name)

    def terminate(self) -> None:
        """Sends SIGTERM to its first process only, as Cloud Run does before it removes an instance."""
        os.kill(self._processes.pid(self._name), signal.SIGTERM)

    def ended_within(self, seconds: float) -> int:
        """Its exit code once it has ended; subprocess.TimeoutExpired if it takes longer."""
        return self._processes.exit_code(self._name, seconds)

    def megabytes(self) -> float:
        """The resident memory of its processes."""
        group = str(self._processes.pid(self._name))
        table = subprocess.run(["ps", "-A", "-o", "pgid=,rss="], capture_output=True, text=True, check=True).stdout
        return sum(int(rss) for pgid, rss in map(str.split, table.splitlines()) if pgid == group) / 1024
