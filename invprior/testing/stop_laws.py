"""The laws of a stop rule: its answers, and its memory as a value."""

from __future__ import annotations

import math
import pickle
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from hypothesis import reject
from hypothesis import strategies as st
from torch import Tensor

import invprior.noise as noise
import invprior.operators as operators
import invprior.priors as priors
import invprior.solvers as solvers
import invprior.stop as stop
from invprior.arguments import required
from invprior.errors import InvpriorError
from invprior.failure import called
from invprior.problem import Problem
from invprior.solvers.iterate import Iterate
from invprior.stop import MaxIterations, Status, StopRule, Verdict, hold_out
from invprior.testing.content import content
from invprior.testing.law import Law, Measurement, Outcome, Skip, classes
from invprior.testing.search import Search, raise_first, survey

Target = StopRule | type[StopRule]
STEPS = 40
PROBLEMS = ("PDHG with TV", "ConjugateGradient", "Adam", "Adam, values held out")
NO_PROBLEM = (
    "there was no case to check: the rule's check(problem) refused denoising by PDHG, ConjugateGradient and Adam, and "
    "with held-out values"
)


@lru_cache(maxsize=8)
def iterates(kind: str) -> tuple[Iterate, ...]:
    """The first iterations of a solver on a small picture."""
    clean = torch.linspace(0, 3, 2 * 9 * 8, dtype=torch.float64).reshape(2, 9, 8).sin()
    y = clean + 0.1 * content("random", (2, 9, 8), seed=1)
    prior = 5.0 * priors.TV() if "TV" in kind else priors.NoPrior()
    problem = Problem(operators.Identity(y.shape), y, noise=noise.Gaussian(0.1), prior=prior)
    if "held out" in kind:
        problem = hold_out(problem, 0.2)
    by_name = {"PDHG": solvers.PDHG(), "ConjugateGradient": solvers.ConjugateGradient(), "Adam": solvers.Adam()}
    solver: Any = by_name[kind.replace(",", " ").split()[0]]
    state, found = solver.init(problem, None, torch.Generator().manual_seed(0)), []
    for k in range(STEPS):
        state = solver.step(problem, state)
        found.append(Iterate(problem, solver, state, 0.01 * (k + 1)))
    return tuple(found)


@dataclass(frozen=True, eq=False)
class StopCase:
    """A rule with the iterations of a solver."""

    rule: StopRule
    kind: str

    def __repr__(self) -> str:
        return f"{self.rule!r} on {self.kind}"

    @property
    def subject(self) -> StopRule:
        return self.rule

    @property
    def given(self) -> Tensor:
        return iterates(self.kind)[0].x

    @property
    def lines(self) -> tuple[str, ...]:
        return (
            "from invprior.testing import stop_laws",
            f"rule = …  # {self.rule!r}",
            "memory = None",
            f'for iterate in stop_laws.iterates("{self.kind}"):',
            "    memory, verdict = rule.update(memory, iterate)",
            "    print(iterate.iteration, memory, verdict)",
        )

    def fresh(self) -> StopCase:
        return self

    def exactly(self, wrong: str) -> Measurement:
        return Measurement(float(bool(wrong)), 0.0, f"{self!r}: {wrong}" if wrong else repr(self))


def _run(case: StopCase, rule: StopRule, memory: Any = None, first: int = 0) -> list[tuple[Any, Verdict]]:
    """The rule's answers, up to the one that stops."""
    answers: list[tuple[Any, Verdict]] = []
    for iterate in iterates(case.kind)[first:]:
        memory, verdict = rule.update(memory, iterate)
        answers.append((memory, verdict))
        if verdict.stop is not None:
            break
    return answers


def _answer(case: StopCase) -> Measurement:
    memory: Any = None
    for iterate in iterates(case.kind):
        answer = case.rule.update(memory, iterate)
        if not (isinstance(answer, tuple) and len(answer) == 2 and isinstance(answer[1], Verdict)):
            return case.exactly(f"update returns a pair (memory, Verdict), got {answer!r:.80}")
        memory, verdict = answer
        if not (verdict.stop is None or isinstance(verdict.stop, Status)):
            return case.exactly(f"Verdict.stop is a Status or None, got {verdict.stop!r}")
        if not (verdict.keep is None or isinstance(verdict.keep, bool)):
            return case.exactly(f"Verdict.keep is True, False or None, got {verdict.keep!r}")
        if verdict.stop is not None:
            break
    return case.exactly("")


def _purity(case: StopCase) -> Measurement:
    memory: Any = None
    for iterate in iterates(case.kind):
        before = pickle.dumps(memory)
        first, second = case.rule.update(memory, iterate), case.rule.update(memory, iterate)
        if first[1] != second[1]:
            return case.exactly(f"the same memory and iterate gave {first[1]} and {second[1]}; keep all in the memory")
        if not _same(pickle.loads(before), memory):
            return case.exactly("update changed the memory that it was given; return a new one")
        memory = first[0]
    return case.exactly("")


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, Tensor) and isinstance(b, Tensor):
        return torch.equal(a.nan_to_num(), b.nan_to_num())
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(_same(v, w) for v, w in zip(a, b, strict=True))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_same(v, b[k]) for k, v in a.items())
    if isinstance(a, float) and isinstance(b, float) and math.isnan(a):
        return math.isnan(b)
    if hasattr(a, "__dict__") and type(a) is type(b):
        return _same(vars(a), vars(b))
    return bool(a == b)


def _resume(case: StopCase) -> Measurement:
    whole = _run(case, case.rule)
    half = len(whole) // 2
    if half == 0:
        return case.exactly("")
    rest = _run(case, case.rule, pickle.loads(pickle.dumps(whole[half - 1][0])), half)
    same = [v for _, v in whole[half:]] == [v for _, v in rest]
    return case.exactly("" if same else f"from the pickled memory of iteration {half} it decides otherwise")


def _log(case: StopCase) -> Measurement:
    for memory in (None, *(m for m, _ in _run(case, case.rule))):
        row = case.rule.log(memory)
        if not isinstance(row, dict) or not all(isinstance(k, str) and isinstance(v, float) for k, v in row.items()):
            return case.exactly(f"log returns numbers (float) by name, got {row!r:.80}")
    return case.exactly("")


def _most(case: StopCase) -> Measurement | Skip:
    most = case.rule.most
    if most is None:
        return Skip("most is None")
    if not isinstance(most, int) or most < 1:
        return case.exactly(f"most is a number of iterations, got {most!r}")
    if most > STEPS:
        return Skip(f"most is beyond the {STEPS} iterations of a case")
    return case.exactly("" if len(_run(case, case.rule)) <= most else f"most is {most}, it goes on after that")


def _joined(case: StopCase) -> Measurement:
    alone, joined = _run(case, case.rule), _run(case, case.rule | MaxIterations(7))
    want = min(len(alone), 7)
    return case.exactly(
        "" if len(joined) == want else f"joined with a limit of 7 it stops at {len(joined)}, not {want}"
    )


LAWS: tuple[Law[StopCase], ...] = (
    Law("answer", "update returns (memory, Verdict), with a Status or None and True, False or None", _answer),
    Law("purity", "the same memory and iterate give the same verdict, and the memory is left as it was", _purity),
    Law("resume", "a pickled memory goes on as the rule would have", _resume),
    Law("log", "log gives numbers by name, also before the first iteration", _log),
    Law("most", "the rule stops by the iteration that most says", _most, core=False),
    Law("joined", "joined with a limit of iterations, the rule stops at the first of the two", _joined),
)


def exported() -> dict[str, type[StopRule]]:
    """Every stop rule that can be built with its defaults, by name."""
    return {n: k for n, k in classes(stop, StopRule).items() if not required(k)}  # type: ignore[type-abstract]


@st.composite
def cases(draw: st.DrawFn, rule: StopRule) -> StopCase:
    """The rule on a solve that it accepts."""
    kind = draw(st.sampled_from(PROBLEMS))
    try:
        called(f"apply {rule!r}", lambda: rule.check(iterates(kind)[0].problem))
    except InvpriorError:
        reject()
    return StopCase(rule, kind)


def stop_outcomes(
    target: Target,
    *,
    laws: str | list[str] | None = None,
    tol: float = 1.0,
    examples: int = 8,
    seed: int = 0,
) -> list[Outcome]:
    """Measure every law of :func:`check_stop` and return the outcomes."""
    if isinstance(target, type) and issubclass(target, StopRule):
        if required(target):
            raise InvpriorError(
                f"{target.__name__} needs {', '.join(required(target))}; give an instance, not the class"
            )
        target = called(f"make {target.__name__}", target)
    if not isinstance(target, StopRule):
        raise InvpriorError(f"there is nothing to check in {target!r}; give a stop rule or its class")
    return survey(LAWS, cases(target), Search(examples, seed, laws, tol), lambda: InvpriorError(NO_PROBLEM))


def check_stop(
    target: Target,
    *,
    laws: str | list[str] | None = None,
    tol: float = 1.0,
    examples: int = 8,
    seed: int = 0,
) -> None:
    """Check a stop rule on the iterations of three solvers on a small picture.

    Parameters
    ----------
    target
        A stop rule, or a class whose defaults are checked.
    laws
        Names of the laws to measure; None for all.
    tol
        Factor on every bound that is not zero; all of these are.
    examples, seed
        Cases drawn, and the seed of the search.

    Raises
    ------
    LawError
        With the broken law and the case.
    InvpriorError
        If the rule refuses every problem.
    """
    raise_first(stop_outcomes(target, laws=laws, tol=tol, examples=examples, seed=seed))
