"""The house as its imports draw it: ``python -m tests.layout [ROOT]`` prints its size, its layers and its circles.

A room is a file or folder right below the package; a file's imports are all that its syntax tree holds, those for types
and those inside functions included.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parent.parent
TREES = {"invprior": "invprior", "operators": "invprior.operators", "priors": "invprior.priors"}
Graph = Mapping[str, set[str]]
OPTION = r"(?<![\w-])--[a-z][a-z-]*"


def files(root: Path = ROOT) -> dict[str, Path]:
    """Every module of the package by its name; the two links inside ``invprior`` are not followed."""
    found = {}
    for folder, package in TREES.items():
        for path in sorted((root / folder).rglob("*.py")):
            if not _linked(root, path):
                parts = [package, *path.relative_to(root / folder).with_suffix("").parts]
                found[".".join(parts).removesuffix(".__init__")] = path
    return found


def _linked(root: Path, path: Path) -> bool:
    return any((root / parent).is_symlink() for parent in path.relative_to(root).parents)


def imports(modules: Mapping[str, Path]) -> dict[str, set[str]]:
    """Of each module the modules of the package that it imports."""
    return {name: set(_imported(ast.parse(path.read_text()), modules)) - {name} for name, path in modules.items()}


def _imported(tree: ast.Module, modules: Mapping[str, Path]) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)
        elif isinstance(node, ast.ImportFrom) and node.module == "invprior":
            yield node.module  # the face: inside the house nobody goes through the front door
        elif isinstance(node, ast.ImportFrom) and node.module is not None and node.module in modules:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in modules else node.module


def room(module: str) -> str:
    """The file or folder below the package that a module belongs to; ``__init__`` for the package's own face."""
    return module.split(".")[1] if "." in module else "__init__"


def rooms(graph: Graph) -> dict[str, set[str]]:
    """The imports between rooms; the face, which only hands names on, is left out."""
    found: dict[str, set[str]] = {room(name): set() for name in graph if room(name) != "__init__"}
    for name, targets in graph.items():
        if room(name) in found:
            found[room(name)] |= {room(t) for t in targets} - {room(name), "__init__"}
    return found


def circles(graph: Graph) -> list[list[str]]:
    """The strongly connected components of more than one member (Tarjan 1972), the largest first."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(v: str) -> None:
        index[v] = low[v] = len(index)
        stack.append(v)
        for w in graph.get(v, ()):
            if w not in index:
                visit(w)
                low[v] = min(low[v], low[w])
            elif w in stack:
                low[v] = min(low[v], index[w])
        if low[v] == index[v]:
            at = stack.index(v)
            component = stack[at:]
            del stack[at:]
            if len(component) > 1:
                found.append(sorted(component))

    for v in graph:
        if v not in index:
            visit(v)
    return sorted(found, key=len, reverse=True)


def depth(graph: Graph) -> int:
    """How many layers the rooms need: the longest chain of imports, a circle counting as one room."""
    of = {v: c[0] for c in circles(graph) for v in c}
    merged: dict[str, set[str]] = {}
    for v, targets in graph.items():
        merged.setdefault(of.get(v, v), set()).update(of.get(w, w) for w in targets)
    heights: dict[str, int] = {}

    def height(v: str) -> int:
        if v not in heights:
            heights[v] = 1 + max((height(w) for w in merged.get(v, ()) if w != v), default=0)
        return heights[v]

    return max(map(height, merged))


def declared(root: Path = ROOT) -> list[list[str]]:
    """The layers that ``docs/design.md`` states, from the ground up: the lines ``1. `room`, `room` ``."""
    text = (root / "docs" / "design.md").read_text(encoding="utf-8")
    return [re.findall(r"`(\w+)/?`", line.split(" – ")[0]) for line in re.findall(r"^\d+\. (`.*)$", text, re.M)]


def upward(graph: Graph, layers: Iterable[Iterable[str]]) -> list[tuple[str, str]]:
    """The imports of modules that do not run to a lower layer, nor stay in their room."""
    level = {name: k for k, names in enumerate(layers) for name in names}
    return [
        (name, target)
        for name, targets in graph.items()
        for target in sorted(targets)
        if room(name) not in (room(target), "__init__")
        and level.get(room(target), len(level)) >= level.get(room(name), len(level))
    ]


def options_named(modules: Mapping[str, Path]) -> list[str]:
    """Where a module outside the command line names one of its options."""
    found = []
    for name, path in modules.items():
        if room(name) == "cli":
            continue
        found += [f"{name}:{line}" for line, text in _texts(ast.parse(path.read_text())) if re.search(OPTION, text)]
    return found


def _texts(node: ast.AST) -> Iterator[tuple[int, str]]:
    """Every text of a syntax tree, a formatted one as a whole with a letter for each value."""
    if isinstance(node, ast.JoinedStr):
        parts = (part.value if isinstance(part, ast.Constant) else "x" for part in node.values)
        yield node.lineno, "".join(map(str, parts))
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.lineno, node.value
    else:
        for child in ast.iter_child_nodes(node):
            yield from _texts(child)


def main(root: Path) -> None:
    """Print the house."""
    graph = imports(files(root))
    between = rooms(graph)
    face = {name: targets - {"invprior"} for name, targets in graph.items() if name != "invprior"}
    print(f"{len(graph)} files, {len(between)} rooms on {depth(between)} layers")
    print(f"{sum(map(len, between.values()))} imports between rooms")
    layers = declared(root)
    if layers:
        print(f"{len(upward(graph, layers))} imports against the {len(layers)} layers of docs/design.md")
    for what, found in (("files", circles(face)), ("rooms", circles(between))):
        print(f"circles of {what}: {', '.join(str(len(c)) for c in found) or 'none'}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT)
