"""The table of a paper: pictures down, methods across, published ones last; as LaTeX and as Markdown."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from invprior.study.plan import Study
from invprior.study.scores import Figure
from invprior.study.table import Group, Mean, Row, Spread

# What LaTeX reads as commands or accents, and signs that its fonts lack in text.
SPECIAL = {
    **{c: "\\" + c for c in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "σ": r"$\sigma$",
    "λ": r"$\lambda$",
    "×": r"$\times$",
    "±": r"$\pm$",
    "−": r"$-$",
    "–": "--",
    "…": r"\dots{}",
}


@dataclass(frozen=True)
class Sheet:
    """A table of one figure on one group.

    Attributes
    ----------
    methods, printed
        Headings: what was run here, and what was published.
    lines
        Name, numbers and places of the best numbers among ``methods``; the mean over the pictures comes first. The
        number of a picture has the deviation of its seeds. None is no number.
    """

    group: Group
    figure: Figure
    methods: tuple[str, ...]
    printed: tuple[str, ...]
    lines: tuple[tuple[str, tuple[Spread | None, ...], frozenset[int]], ...]


def sheets(study: Study, averages: Sequence[Mean], found: Sequence[Row], chosen: dict[Group, Figure]) -> list[Sheet]:
    """A sheet for each group, in the figure chosen for it."""
    return [_sheet(study, group, figure, averages, found) for group, figure in chosen.items()]


def _sheet(study: Study, group: Group, figure: Figure, averages: Sequence[Mean], found: Sequence[Row]) -> Sheet:
    here = {mean.prior: mean for mean in averages if mean.group == group}
    methods = tuple(here)
    tables = [t for t in study.published if t.figure == figure.key and t.stands(group.operator, group.noise)]
    printed = [(table, column) for table in tables for column in table.columns]
    whole = next(iter(here.values())).pictures
    lines = []
    if len(study.sources) > 1:
        over = "mean" if len(whole) == len(study.sources) else f"mean of {len(whole)}"
        numbers = [_alone(here[m].figures.get(figure.key)) for m in methods]
        best = frozenset(k for k, m in enumerate(methods) if figure.key in here[m].best)
        lines.append((over, (*numbers, *(_alone(t.mean(whole, column)) for t, column in printed)), best))
    for source in study.sources:
        own = {r.prior: r for r in found if Group.of(r.scene) == group and r.scene.source == source}
        numbers = [_known(own[m].figures[figure.key]) if _has(own.get(m), figure) else None for m in methods]
        best = frozenset(k for k, m in enumerate(methods) if m in own and figure.key in own[m].best)
        published = (_alone(t.number(source.name, column)) for t, column in printed)
        lines.append((source.name, (*numbers, *published), best))
    return Sheet(group, figure, methods, tuple(column for _, column in printed), tuple(lines))


def _has(row: Row | None, figure: Figure) -> bool:
    return row is not None and figure.key in row.figures


def _known(value: Spread) -> Spread | None:
    return None if math.isnan(value.mean) else value


def _alone(value: float | None) -> Spread | None:
    """A number without a deviation."""
    return None if value is None else _known(Spread(value, math.nan))


def latex(found: Sequence[Sheet], remarks: Sequence[str]) -> str:
    r"""One ``tabular`` a sheet, for ``\input`` into a document with booktabs; remarks become comments."""
    parts = ["% \\usepackage{booktabs}", *(f"% {' '.join(remark.split())}" for remark in remarks)]
    for k, sheet in enumerate(found):
        f = sheet.figure
        across = len(sheet.methods) + len(sheet.printed)
        head = [*map(escaped, sheet.methods), *(rf"{escaped(name)}\,$^\dagger$" for name in sheet.printed)]
        parts += [
            "" if k == 0 else r"\par\medskip",
            rf"\begin{{tabular}}{{@{{}}l*{{{across}}}{{r}}@{{}}}}",
            r"\toprule",
        ]
        title = escaped(f"{sheet.group}: {f.title}" + (f" in {f.unit}" if f.unit else ""))
        parts += [rf"\multicolumn{{{across + 1}}}{{@{{}}l@{{}}}}{{{title}}} \\", r"\midrule"]
        parts += [" & ".join(["", *head]).strip() + r" \\", r"\midrule"]
        for place, (name, numbers, best) in enumerate(sheet.lines):
            texts = [_number(n, f, "--", r"\textbf{{{}}}" if k in best else "{}") for k, n in enumerate(numbers)]
            parts.append(" & ".join([escaped(name), *(t.replace(" ± ", r" $\pm$ ") for t in texts)]) + r" \\")
            if place == 0 and len(sheet.lines) > 1:
                parts.append(r"\midrule")
        parts += [r"\bottomrule", r"\end{tabular}"]
    return "\n".join(part for part in parts if part) + "\n"


def markdown(found: Sequence[Sheet], remarks: Sequence[str]) -> str:
    """One table a sheet below the remarks; published columns are marked with †."""
    parts = [f"- {_plain(remark)}\n" for remark in remarks]
    for sheet in found:
        f = sheet.figure
        head = ["", *map(_plain, sheet.methods), *(f"{_plain(name)} †" for name in sheet.printed)]
        parts += [f"\n{_plain(str(sheet.group))}: {f.title}{f' in {f.unit}' if f.unit else ''}\n", "\n"]
        parts += [f"| {' | '.join(head)} |\n", f"|---|{'---:|' * (len(head) - 1)}\n"]
        for name, numbers, best in sheet.lines:
            texts = [_number(n, f, "–", "**{}**" if k in best else "{}") for k, n in enumerate(numbers)]
            parts.append(f"| {' | '.join([_plain(name), *texts])} |\n")
    return "".join(parts)


def _number(value: Spread | None, figure: Figure, missing: str, form: str) -> str:
    return missing if value is None else form.format(value.text(figure.digits))


def escaped(text: str) -> str:
    """Text as LaTeX prints it; a line break is a space."""
    return "".join(SPECIAL.get(c, c) for c in " ".join(text.split()))


def _plain(text: str) -> str:
    """Text in Markdown, with what would be markup or end a cell escaped."""
    return "".join("\\" + c if c in r"\`*_[]<>|#" else c for c in " ".join(text.split()))
