"""What is laid over a copy of functions/ for a chaos run."""
