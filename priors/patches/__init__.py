"""The estimation of an image from its own patches: similar patches are found, grouped and estimated together."""
