"""Options: every number as no number, every spec malformed, and options that contradict each other."""

from __future__ import annotations

from collections.abc import Sequence

from tests.faults.case import FAILED, REFUSED, RESULT, Case, typed
from tests.faults.cases_films import FILM
from tests.faults.cases_modules import SOUND
from tests.faults.files import PICTURE, folder, picture

VALUES = ("nan", "inf", "-1", "0", "1e300", str(2**64), "text", "")

DENOISE = "denoise p.png -o o.png --prior tv --iterations 3"
UPSCALE = "upscale p.png -o o.png --prior tv:0.05 --iterations 3"
FLASH = "flash p.png f.png -o o.png --prior guidedtv:0.05 --iterations 3 --mode pair"
VIDEO = "video v.mkv -o o.mkv --prior tv:0.05 --iterations 2"
COMPARE = "compare p.png --prior none -o s"
CHECK = "check sound:Sound --examples 1"
FILES = {"p.png": PICTURE, "f.png": picture(seed=1), "v.mkv": FILM, "sound.py": SOUND}
# The study and the parts of a film may be begun; the number of pictures of a result is not of interest here.
OUTPUTS = ("o.png", "o.png/*", "o.mkv", "o.mkv.parts", "o.mkv.parts/*", "s", "s/*")


def _numbers(command: str, options: Sequence[str]) -> list[Case]:
    """Each of these options with each value."""
    return [
        Case(
            f"{command.split()[0]} {option} {value!r}",
            (*typed(command), option, value),
            FILES,
            (RESULT, REFUSED, FAILED),
            outputs=OUTPUTS,
            slow=(option, value) not in (("--sigma", "nan"), ("--memory", "inf")),
        )
        for option in options
        for value in VALUES
    ]


NUMBERS = [
    *_numbers(DENOISE.replace(" --iterations 3", ""), ["--iterations"]),
    *_numbers(DENOISE, ["--sigma", "--weight", "--seed", "--tile"]),
    *_numbers(UPSCALE, ["--factor"]),
    *_numbers(FLASH, ["--exposure"]),
    *_numbers(VIDEO, ["--factor", "--window", "--memory", "--frames"]),
    *_numbers(COMPARE, ["--seeds", "--crop", "--iterations", "--jobs"]),
    *_numbers(CHECK, ["--seed"]),
    *_numbers("demo --task denoise -o s", ["--seed"])[2:3],
    *_numbers("check sound:Sound", ["--examples"])[:4],
]

NINES = "9" * 5000
PRIORS = (
    *("", ":", "+", " ", "tv:", "tv:1+", "tv+", "+tv", "tv++tv", "tv:nan", "tv:inf", "tv:-1", "tv:1e300", "tv:1e-300"),
    *(
        "tv:1,2",
        "tv:x=",
        "tv:=1",
        "tv:x=1",
        "tv:0x10",
        "tv:1/0",
        "tv:true",
        "tv:0.1+tikhonov:0.1",
        "TV",
        " tv ",
        "tv\n",
    ),
    *("dip:network=", "dip:network=nonsense", "dip:preset=nonsense", "dip:preset=fast,preset=best", "dip:0.1"),
    *(f"dip:iterations={value}" for value in ("0", "-1", "nan", "1e300", "1.5", str(2**64), "text", NINES)),
    *(
        "dip+dip",
        "dip:task=nonsense",
        "dip:precision=float8",
        "nonsense",
        "pnp",
        "joint",
        "none:1",
        "none+tv",
        "tv+box",
    ),
    *("box:low=2,high=1", "box:low=nan", "tgv:ratio=nan", "tgv:ratio=0", "tgv:ratio=-1", "tgv:ratio=1e300"),
    *("wavelet:wavelet=nonsense", "wavelet:levels=0", "wavelet:levels=99", "wavelet:levels=-1", "tikhonov:0"),
    *("__class__", "os:system", "tv:\udcff", "tv:\u0661", f"tv:{NINES}", "+".join(["tv"] * 2000), "tv:a[/b]", "{0}"),
)
NOISES = (
    *("", ":", "gaussian", "gaussian:", "gaussian:nan", "gaussian:inf", "gaussian:-1", "gaussian:0", "gaussian:1e-300"),
    *(
        "gaussian:1e300",
        "gaussian:1e-20",
        "gaussian:1,2",
        "gaussian:,",
        "gaussian:x",
        "gaussian:sigma=1",
        "auto:1",
        "rounding:2",
    ),
    *("poisson:0", "poisson:-1", "poisson:nan", "poisson:1e-300", "poisson:1e300", "poisson", "poisson-gaussian:1"),
    *(
        "poisson-gaussian:1,nan",
        "poisson-gaussian:0,0",
        "laplace:0",
        "laplace:inf",
        "laplace:1e-30",
        "laplace",
        "nonsense:1",
    ),
    *("Gaussian:0.1", f"gaussian:{NINES}", "gaussian:\udcff"),
)
OPERATORS = (
    *(
        "",
        ":",
        "@",
        "identity@",
        "@identity",
        "identity:1",
        "identity:x=1",
        "nonsense",
        "os:system",
        "os:getcwd",
        "os:sep",
    ),
    *(
        "nowhere:thing",
        "invprior:solve",
        "invprior:operators",
        "sound:nothing",
        "sound:Sound:x",
        ":x",
        "x:",
        "..:x",
        "sound.py:Sound",
    ),
    *(f"lanczos:{value}" for value in ("0", "", "-1", "nan", "inf", "1/0", "1e300", str(2**64), "17", "text", "2,3,4")),
    *("lanczos:2,boundary=nonsense", "lanczos:2,a=0", "lanczos"),
    *(
        f"mask:{value}"
        for value in ("0", "", "2", "-1", "nan", "inf", "nothing.png", "p.png,x", "zeros", "true", "f.png,invert")
    ),
    *("mask", "blur", "blur:", "blur:nothing.png", "blur:p.png,boundary=nonsense", "blur:p.png,q.png", "blur:big.png"),
    *("@".join(["identity"] * 500), "mask:0.5@lanczos:2@blur:nothing.png", "a[/b]:c", "mask:\udcff.png"),
)


def _specs(command: str, option: str, specs: Sequence[str], slow: frozenset[str]) -> list[Case]:
    files = {**FILES, "big.png": picture(64, 64)}
    return [
        Case(
            f"{command.split()[0]} {option} {spec[:30]!r}" + ("…" if len(spec) > 30 else ""),
            (*typed(command), option, spec),
            files,
            (RESULT, REFUSED, FAILED),
            outputs=OUTPUTS,
            slow=spec not in slow,
        )
        for spec in specs
    ]


RUN = "denoise p.png -o o.png --iterations 3"
SPECS = [
    *_specs(RUN, "--prior", PRIORS, frozenset({"tv:", "tv:1+", "dip:network="})),
    *_specs(f"{RUN} --prior tv", "--noise", NOISES, frozenset({"gaussian:nan"})),
    *_specs(
        "compare p.png --prior none --seeds 1 --jobs 1 --iterations 3 -o s",
        "--operator",
        OPERATORS,
        frozenset({"lanczos:0"}),
    ),
    *_specs("compare p.png --seeds 1 --jobs 1 -o s", "--prior", PRIORS[:12], frozenset()),
    *_specs("compare p.png --prior none --seeds 1 --jobs 1 -o s", "--noise", NOISES[:12], frozenset()),
    *_specs("check", "--", OPERATORS[7:20], frozenset()),
    *_specs(f"{VIDEO} --frames", "0:2", ("--",), frozenset()),
]

WORDS = {
    "denoise": ("--device", "--preset"),
    "flash": ("--mode",),
    "video": ("--task", "--codec", "--frames"),
    "compare": ("--device", "--cluster", "--data"),
}
BASES = {
    "denoise": f"{DENOISE}",
    "flash": FLASH.replace(" --mode pair", ""),
    "video": VIDEO,
    "compare": f"{COMPARE} --seeds 1 --jobs 1",
}
WRONG_WORDS = [
    Case(f"{command} {option} {value!r}", (*typed(BASES[command]), option, value), FILES, (REFUSED,), outputs=OUTPUTS)
    for command, options in WORDS.items()
    for option in options
    for value in ("", "nonsense", "a[/b]", "\udcff", ":")
    if (command, option, value) not in (("video", "--frames", ":"), ("video", "--frames", ""))
]

CONTRADICTIONS = [
    Case(name, typed(line), FILES, allowed, outputs=OUTPUTS)
    for name, line, allowed in (
        ("--sigma and --noise", f"{DENOISE} --sigma 0.1 --noise gaussian:0.2", (REFUSED,)),
        ("a weight twice", "denoise p.png -o o.png --prior tv:0.1 --weight 0.2", (REFUSED,)),
        ("iterations twice", "denoise p.png -o o.png --prior dip:iterations=3 --iterations 4", (REFUSED,)),
        ("a preset twice", "denoise p.png -o o.png --prior dip:preset=fast --preset best", (REFUSED,)),
        ("--preset beside tv", "denoise p.png -o o.png --prior tv --preset best", (REFUSED,)),
        ("--weight for dip", "denoise p.png -o o.png --prior dip --weight 1 --iterations 2", (RESULT, REFUSED)),
        ("--tile smaller than a network", "denoise p.png -o o.png --prior dip --tile 8", (REFUSED,)),
        ("--preview with a folder", "denoise . -o s --preview q.png --prior tv:0.1", (REFUSED,)),
        ("--moments with a folder", "denoise . -o s --moments . --prior tv:0.1", (REFUSED,)),
        ("--checkpoint with a folder", "denoise . -o s --checkpoint c --prior tv:0.1", (REFUSED,)),
        ("--checkpoint with tiles", f"{DENOISE} --checkpoint c --tile 64", (REFUSED,)),
        ("--checkpoint over IN", f"{DENOISE} --checkpoint p.png", (REFUSED,)),
        ("a checkpoint that is a picture", f"{DENOISE} --checkpoint f.png", (REFUSED,)),
        ("--moments that are no folder", f"{DENOISE} --moments p.png", (REFUSED,)),
        ("moments of a film", f"{VIDEO} --moments .", (REFUSED,)),
        ("a checkpoint of a film", f"{VIDEO} --checkpoint c", (REFUSED,)),
        ("the depth of a film", f"{VIDEO} --depth 16", (REFUSED,)),
        ("no OUT", "denoise p.png", (REFUSED,)),
        ("no IN", "denoise -o o.png", (REFUSED,)),
        ("no command", "", (REFUSED, RESULT)),
        ("no such command", "nonsense", (REFUSED,)),
        ("no such option", "denoise p.png -o o.png --nonsense", (REFUSED,)),
        ("an option without its value", "denoise p.png -o", (REFUSED,)),
        ("OUT twice", f"{DENOISE} -o o.png", (RESULT,)),
        ("several pictures to one file", f"{DENOISE} f.png", (RESULT, REFUSED, FAILED)),
        ("one picture twice", "denoise p.png p.png -o s --prior tv", (REFUSED,)),
        ("no such truth", f"{DENOISE} --truth nothing.png", (REFUSED,)),
        ("a study of options and of a file", "compare s.toml --prior tv -o s", (REFUSED,)),
        ("two studies", "compare s.toml t.toml -o s", (REFUSED,)),
        ("--data without a file", "compare p.png --data . -o s", (REFUSED,)),
        ("more measurements than pictures", "compare p.png --degraded p.png --degraded f.png -o s", (REFUSED,)),
        ("a mask for denoise", f"{VIDEO} --mask p.png", (REFUSED,)),
        ("no mask for inpaint", f"{VIDEO} --task inpaint", (REFUSED,)),
        ("no PSF for deblur", f"{VIDEO} --task deblur", (REFUSED,)),
        ("a preview of a film", f"{VIDEO} --preview q.png", (REFUSED,)),
        ("frames backwards", f"{VIDEO} --frames 3:1", (REFUSED,)),
        ("frames beyond the end", f"{VIDEO} --frames 99:", (REFUSED,)),
        ("frames beyond the end, upwards", f"{VIDEO} --frames 0:{2**70}", (RESULT, REFUSED)),
        ("a cluster that is not there", f"{COMPARE} --seeds 1 --cluster tcp://127.0.0.1:9", (REFUSED,)),
        ("exposure beside guide", "flash p.png f.png -o o.png --exposure 2", (REFUSED,)),
        ("a prior of films for a picture", "denoise p.png -o o.png --prior motion-tv", (REFUSED,)),
        ("info with an argument", "info nonsense", (REFUSED,)),
        ("demo of no task", "demo --task nonsense -o s", (REFUSED,)),
    )
]

TRUTHS = [
    Case("a truth of another size", typed(f"{DENOISE} --truth t.png"), {**FILES, "t.png": picture(8, 9)}, (REFUSED,)),
    Case(
        "a truth with other bands", typed(f"{DENOISE} --truth t.png"), {**FILES, "t.png": picture(mode="L")}, (REFUSED,)
    ),
    Case("a folder as truth", typed(f"{DENOISE} --truth t"), {**FILES, "t": folder()}, (REFUSED,)),
]

CASES = [*NUMBERS, *SPECS, *WRONG_WORDS, *CONTRADICTIONS, *TRUTHS]
