"""The command that repeats a study."""

from __future__ import annotations

import shlex
from pathlib import Path

from invprior.study.plan import TIME_LIMIT, Study


def again(study: Study, output: Path) -> str:
    """One line for a shell; jobs, device and cluster are left to the machine that runs it."""
    words = ["invprior", "compare"]
    if study.file is not None:
        words += [str(study.file), "--data", str(study.base)]
    else:
        words += [str(source.clean) for source in study.sources]
        words += _repeated("--degraded", [str(s.degraded) for s in study.sources if s.degraded is not None])
        words += _repeated("--operator", study.operators)
        words += _repeated("--noise", study.noises)
        words += _repeated("--prior", [text for text in study.priors if isinstance(text, str)])
        words += _repeated("--method", [text for text in study.outside if isinstance(text, str)])
    words += ["--seeds", str(study.seeds), "--crop", str(study.crop or 0)]
    if study.iterations is not None:
        words += ["--iterations", str(study.iterations)]
    words += ["--baseline", study.baseline] if study.baseline else []
    words += ["--oracle"] if study.oracle else []
    if study.threads != 1:
        words += ["--threads", str(study.threads)]
    if study.time_limit != TIME_LIMIT:
        words += ["--time-limit", f"{study.time_limit:g}"]
    return shlex.join([*words, "-o", str(output)])


def _repeated(option: str, values: list[str] | tuple[str, ...]) -> list[str]:
    return [word for value in values for word in (option, value)]
