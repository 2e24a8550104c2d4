"""Reconcile's checkpoint in memory. It passes the same contract tests as Firestore's emulator."""

import asyncio
from dataclasses import dataclass

from fulfillment.domain.cursor import Cursor


@dataclass
class MemoryCheckpoint:
    """The last round; `version` counts the writes."""

    last: Cursor | None = None
    version: int | None = None

    async def load(self) -> tuple[Cursor | None, int | None]:
        """The last round and its version; None and None before the first."""
        await asyncio.sleep(0)
        return self.last, self.version

    async def save(self, reached: Cursor, version: int | None) -> int | None:
        """Replaces that version: the new version, or None if another run was faster."""
        await asyncio.sleep(0)
        if version != self.version:
            return None
        self.last, self.version = reached, (version or 0) + 1
        return self.version
