"""Malformed, strange and hostile input through the real command line; ``python -m tests.faults`` prints the table."""
