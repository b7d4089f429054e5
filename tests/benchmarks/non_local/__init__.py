"""The parts of the benchmark of patches that recur, ``tests.benchmarks.nonlocal``."""
