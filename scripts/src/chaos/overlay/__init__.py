"""Files that replace those in a copy of functions/ for a chaos run."""
