"""From what several people said to one label, with a confidence. Arrays and plain values; no jobs, no files."""
