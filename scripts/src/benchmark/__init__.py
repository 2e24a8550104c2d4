"""What it costs in time, calls and memory, measured side by side with the bare function and the naive way."""
