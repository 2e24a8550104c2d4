"""The webhook as it runs in production: the `functions-framework` command, a process of its own."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from local.pipe import FUNCTIONS, WEBHOOK
from local.processes import Processes, free_ports
from local.stripe_events import SECRET


class Server:
    """A webhook that publishes to the Pub/Sub at `pubsub`."""

    def __init__(self, processes: Processes, pubsub: str) -> None:
        self._processes, self._pubsub = processes, pubsub
        (self.port,) = free_ports(1)

    def start(self) -> None:
        """Returns once it answers."""
        env = {"GOOGLE_CLOUD_PROJECT": "local", "STRIPE_LIVEMODE": "false", "STRIPE_WEBHOOK_SECRETS": SECRET}
        command = [str(Path(sys.executable).with_name("functions-framework")), "--host=127.0.0.1"]
        command += [f"--source={FUNCTIONS / 'main.py'}", f"--target={WEBHOOK}", f"--port={self.port}"]
        self._processes.start(WEBHOOK, command, env | {"PUBSUB_EMULATOR_HOST": self._pubsub})
        self._processes.await_http(WEBHOOK, self.port)

    def stop(self) -> None:
        """Ends it, and waits."""
        self._processes.stop(WEBHOOK)

    def terminate(self) -> None:
        """Asks it to end, as Cloud Run does before it takes the instance away."""
        os.killpg(self._processes.pid(WEBHOOK), signal.SIGTERM)

    def megabytes(self) -> float:
        """The resident memory of its processes."""
        group = str(self._processes.pid(WEBHOOK))
        table = subprocess.run(["ps", "-A", "-o", "pgid=,rss="], capture_output=True, text=True, check=True).stdout
        return sum(int(rss) for pgid, rss in map(str.split, table.splitlines()) if pgid == group) / 1024
