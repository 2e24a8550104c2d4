"""Knows what this run has met, exactly, in little memory: the ids are in a file that ends with the run."""

import sqlite3


class Seen:
    """A set of texts on disk."""

    def __init__(self) -> None:
        self._file = sqlite3.connect("", isolation_level=None)  # without a name: sqlite deletes it
        self._file.execute("PRAGMA journal_mode = OFF")  # nothing is ever taken back
        self._file.execute("CREATE TABLE seen (id TEXT PRIMARY KEY) WITHOUT ROWID")

    def add(self, text: str) -> bool:
        """Whether the text is new."""
        return self._file.execute("INSERT OR IGNORE INTO seen VALUES (?)", (text,)).rowcount == 1

    def close(self) -> None:
        """Deletes the file."""
        self._file.close()
