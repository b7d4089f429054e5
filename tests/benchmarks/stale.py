"""Which stored results are older than the code that they measure: ``python -m tests.benchmarks.stale``.

Prints a line for each file of ``docs/results``: its date and commit, the number of commits since then that changed its
code, and the command that measures it anew.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

from tests.benchmarks.results import Stored, git, stored

UNKNOWN = "its commit is not in this repository"


def age(result: Stored, ask: Callable[..., str] = git) -> str:
    """What has changed in the code since the result; nothing if nothing has."""
    if not ask("cat-file", "-t", result.commit):
        return UNKNOWN
    commits = ask("rev-list", f"{result.commit}..HEAD", "--", *result.code).split()
    uncommitted = " and what is not committed" if ask("status", "--porcelain", "--", *result.code) else ""
    return f"{len(commits)} commits{uncommitted}" if commits or uncommitted else ""


def main() -> None:
    """Print the list."""
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    results = stored()
    ages = {name: age(result) for name, result in results.items()}
    for name, result in results.items():
        since = ages[name] or "up to date"
        print(f"{name:<28} {result.date}  {result.commit}  {since:<36} {result.command}")
    print(f"\n{sum(map(bool, ages.values()))} of {len(results)} results are older than the code that they measure")


if __name__ == "__main__":
    main()
