"""Error maps."""
