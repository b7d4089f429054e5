"""Find the packages of the three source trees; everything else is in pyproject.toml."""

from setuptools import find_packages, setup

TREES = {"invprior": "invprior", "invprior.operators": "operators", "invprior.priors": "priors"}

# The links invprior/operators and invprior/priors are for the type checkers; the build never follows them.
LINKS = ["operators", "operators.*", "priors", "priors.*"]

packages = []
for package, folder in TREES.items():
    found = find_packages(folder, exclude=LINKS if package == "invprior" else [])
    packages += [package, *(f"{package}.{name}" for name in found)]

setup(packages=packages)
