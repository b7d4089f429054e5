"""Comparison studies: a grid of pictures, degradations and priors, solved, kept, tabled and shown."""
