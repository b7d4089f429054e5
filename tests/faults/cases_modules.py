"""Modules of users that are broken or hostile, for ``check`` and ``compare``."""

from __future__ import annotations

from tests.faults.case import FAILED, INTERRUPTED, REFUSED, RESULT, Case, typed
from tests.faults.files import PICTURE, content

OPERATOR = """
import sys, os
import torch
from invprior import LinearOperator

class {name}(LinearOperator):
    def __init__(self, shape=(3, 16, 16)):
        super().__init__(shape, shape)
    def forward(self, x):
        {forward}
    def adjoint(self, y):
        {adjoint}
"""


def operator(forward: str, adjoint: str = "return y", name: str = "Own") -> str:
    """The source of a module with an operator."""
    return OPERATOR.format(name=name, forward=forward, adjoint=adjoint)


SOUND = content(operator("return 2 * x", "return 2 * y", "Sound"), "a sound operator")

BROKEN = {
    "a syntax error": "def f(:\n",
    "a null byte": "x = 1\0\n",
    "a byte that is not UTF-8": "x = '\udcff'\n",
    "sys.exit(0)": "import sys\nsys.exit(0)\n",
    "sys.exit with a text": "import sys\nsys.exit('bye')\n",
    "an exception": "raise ValueError('a[/b]\\nsecond line')\n",
    "an exception without words": "raise RuntimeError\n",
    "a KeyboardInterrupt": "raise KeyboardInterrupt\n",
    "a SystemExit of its own": "class Out(SystemExit): pass\nraise Out(3)\n",
    "a GeneratorExit": "raise GeneratorExit\n",
    "an import of nothing": "import nowhere_at_all\n",
    "infinite recursion": "def f(): return f()\nf()\n",
    "a MemoryError": "raise MemoryError\n",
    "an OSError": "open('/nowhere/at/all')\n",
    "nothing in it": "",
    "a name that is a number": "Own = 3\n",
    "a name that is None": "Own = None\n",
    "a factory that takes nothing": "def Own(): return None\n",
    "a factory that returns None": "def Own(shape): return None\n",
    "a factory that raises": "def Own(shape): raise ValueError('no')\n",
    "a factory that exits": "import sys\ndef Own(shape): sys.exit(0)\n",
    "a factory that recurses": "def Own(shape): return Own(shape)\n",
    "a class that is no operator": "class Own: pass\n",
    "an abstract operator": "from invprior import LinearOperator\nclass Own(LinearOperator): pass\n",
    "a name that raises on sight": "def __getattr__(name): raise ZeroDivisionError('boo')\n",
    "wrong shapes": operator("return x[..., :-1]"),
    "a wrong adjoint shape": operator("return x", "return y[..., :-1]"),
    "None as a result": operator("return None"),
    "a NumPy array as a result": operator("return x.numpy()"),
    "NaN": operator("return x * float('nan')", "return y * float('nan')"),
    "NaN backwards": operator("return x", "return y * float('nan')"),
    "infinity": operator("return x / 0", "return y / 0"),
    "printing": operator("print('Traceback? no:', x.shape); return x"),
    "an exception inside": operator("raise ValueError('inside')"),
    "sys.exit inside": operator("sys.exit(0)"),
    "a KeyboardInterrupt inside": operator("raise KeyboardInterrupt"),
    "recursion inside": operator("return self.forward(x)"),
    "another dtype": operator("return x.double().int()"),
    "a change in place": operator("x.mul_(2); return x"),
    "an operator of norm 0": operator("return 0 * x", "return 0 * y"),
    "an operator of norm 1e30": operator("return 1e30 * x", "return 1e30 * y"),
    "a factory that refuses every shape": "from invprior import InvpriorError\n"
    "def Own(shape): raise InvpriorError('no such shape')\n",
    "a slow import": "import time\ntime.sleep(2)\n" + operator("return x"),
}

HARMLESS = ("a slow import", "printing", "an operator of norm 0")
# A KeyboardInterrupt of a module's own cannot be told from Ctrl-C.
INTERRUPTING = ("a KeyboardInterrupt", "a KeyboardInterrupt inside")
# A comparison checks no law.
TAKEN = ("an operator of norm 1e30", "another dtype", "a change in place")
ALLOWED = dict.fromkeys(HARMLESS, (RESULT, FAILED)) | dict.fromkeys(INTERRUPTING, (INTERRUPTED,))

CASES = [
    *(
        Case(
            f"check: {what}",
            typed("check own:Own --examples 2"),
            {"own.py": content(source.encode("utf-8", "surrogateescape"), f"a module with {what}")},
            ALLOWED.get(what, (FAILED, REFUSED)),
            slow=what not in ("a syntax error", "sys.exit(0)"),
        )
        for what, source in BROKEN.items()
    ),
    *(
        Case(
            f"compare: {what}",
            typed("compare p.png --operator own:Own --prior tv:0.1 --iterations 3 --seeds 1 --jobs 1 -o s"),
            {"p.png": PICTURE, "own.py": content(source.encode("utf-8", "surrogateescape"), f"a module with {what}")},
            (RESULT, FAILED) if what in TAKEN else ALLOWED.get(what, (FAILED, REFUSED)),
            outputs=("s", "s/*"),
            seconds=60,
        )
        for what, source in BROKEN.items()
    ),
    Case("check: a module of a package that is not there", typed("check no.such.thing:Own"), {}, (REFUSED,)),
    Case("check: a module without permission", typed("check own:Own"), {"own": content("")}, (REFUSED,)),
    Case(
        "check: a module named like a library",
        typed("check torch:Own"),
        {"torch.py": content("raise SystemExit(0)\n")},
        (REFUSED,),
    ),
    Case("check: a builtin", typed("check builtins:exit"), {}, (REFUSED,)),
    Case("check: a function of a library", typed("check os:abort"), {}, (REFUSED,)),
]
