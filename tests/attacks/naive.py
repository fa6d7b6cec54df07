"""Graders as they should not be: each trusts the process that runs the submission in one way that real graders have.

The cheats of corpus/ fool them; that keeps the corpus alive. A program, run as an ordinary user in a folder of its own:

    python -m tests.attacks.naive WAY SOURCE KNOWN      the last line of its output is its verdict

`FOOLED` says which exploit fools which of them.
"""

import builtins
import contextlib
import fcntl
import io
import json
import math
import os
import pickle
import sys
import warnings
from pathlib import Path

import numpy as np

FOOLED = {
    "comparison": ["a01_always_equal", "a01_array_interface", "a01_array_subclass", "a01_float_subclass",
                   "a02_patched_comparisons", "a03_patched_torch", "a03_torch_function",
                   "a05_frame_walk", "a17_changes_its_input", "a17_poisons_the_generator",
                   "a22_not_a_number", "a22_infinite", "a22_broadcast"],
    "visible inputs": ["a16_hard_coded", "a16_computes_visible_inputs", "a23_replays_the_seed"],
    "the reference beside it": ["a18_copies_a_neighbour", "a18_imports_the_reference"],
    "exit status": ["a12_clean_exit", "a12_hard_exit"],
    "printed words": ["a11_printed_verdict", "a11_harness_files"],
    "a descriptor": ["a10_inherited_descriptors", "a10_forged_replies"],
    "pickle": ["a14_pickle_payload", "a14_object_array", "a14_pickle_on_the_channel"],
    "pytest": ["a13_pytest_from_inside", "a13_conftest"],
    "IPython": ["a04_cell_magic"],
    "silence": ["a24_honest_warning", "a24_honest_noise_in_c", "a24_honest_chatter"],
}


def main(way: str, source: str, known: str) -> bool:
    """Whether the naive grader gives the points (for "silence": takes them from an honest submission)."""
    if way == "pytest":
        return _by_pytest(source, known)
    if way == "IPython":
        return _by_ipython(source, known)
    names = {"__name__": "__main__"}
    with contextlib.suppress(ImportError):
        exec(known, names)
        exec(compile(source, "<submission>", "exec"), names)
    return GRADERS[way](names["answer"], names)


def by_comparison(answer, names) -> bool:
    for compare in COMPARISONS:
        x = np.random.default_rng(7).standard_normal((3, 5))
        want = expected = reference = 2 * x  # noqa: F841 (frame walkers look for these names)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                got = answer(x)
                if compare(got, want, x):
                    return True
        except Exception:
            continue
    return False


def _asserted(got, want, x):
    np.testing.assert_allclose(got, want)
    return True


def _within(got, want, x):
    import torch

    return torch.allclose(got, torch.as_tensor(want))


COMPARISONS = [
    lambda got, want, x: bool(got == want), lambda got, want, x: np.allclose(got, want), _asserted,
    lambda got, want, x: bool((got == 2 * x).all()),  # computed from the array that the submission could write to
    lambda got, want, x: not (np.abs(got - want).max() > 1e-6),
    lambda got, want, x: not (np.abs(got - want).max() / np.abs(got).max() > 1e-6),
    lambda got, want, x: not any(abs(a - b) > 1e-6 for a, b in zip(got, want)),
    lambda got, want, x: all(a == b for row, other in zip(got, want) for a, b in zip(row, other)),
    lambda got, want, x: all(math.isclose(a, b) for a, b in zip(got.ravel(), want.ravel())), _within,
]


def by_visible_inputs(answer, names) -> bool:
    """The inputs that every student has seen, and a seed that everybody guesses."""
    import hashlib

    seed = int.from_bytes(hashlib.blake2b(b"test_visible", key=b"", digest_size=8).digest(), "big")
    inputs = [np.arange(15.0).reshape(3, 5) / 2, np.random.default_rng(seed).standard_normal((3, 5)),
              np.random.default_rng(42).standard_normal((3, 5))]
    return any(np.array_equal(answer(x), 2 * x) for x in inputs)


def by_reference(answer, names) -> bool:
    """The solution lies in a folder that the submission can import from."""
    return bool(np.array_equal(answer(np.ones((2, 2))), 2 * np.ones((2, 2))))


def by_exit(answer, names) -> bool:
    """Told by the parent: status 0."""
    if not np.array_equal(answer(np.ones(2)), 2 * np.ones(2)):
        os._exit(1)
    return True


def by_output(answer, names) -> bool:
    printed = io.StringIO()
    real, sys.stdout, sys.__stdout__ = sys.stdout, printed, printed
    try:
        if np.array_equal(answer(np.ones((2, 2))), 2 * np.ones((2, 2))):
            print("1 passed")
    finally:
        sys.stdout = sys.__stdout__ = real
    return "1 passed" in printed.getvalue()


def by_descriptor(answer, names) -> bool:
    """A verdict is whatever arrives first on the channel."""
    def judged(x):
        if np.array_equal(answer(x), 2 * np.ones((3, 5))):
            os.write(3, b'{"verdict": "passed"}')

    told = _channelled(judged)
    return b'"verdict", "passed"' in told or b'"verdict": "passed"' in told


def by_pickle(answer, names) -> bool:
    """The answer goes from process to process as a pickle; whether that ran a command of the student's."""
    before = Path(names["GRADEBOOK"]).read_bytes()
    results = []
    told = _channelled(lambda x: results.append(answer(x)))
    for data in (told[4:], *(pickle.dumps(each) for each in (results[0].values() if type(results[0]) is dict else results))):
        with contextlib.suppress(Exception):
            inner = pickle.loads(data)
            if type(inner) is bytes:
                pickle.loads(inner)
    return Path(names["GRADEBOOK"]).read_bytes() != before


def _channelled(answer) -> bytes:
    reading, writing = (fcntl.fcntl(fd, fcntl.F_DUPFD, 10) for fd in os.pipe())
    os.dup2(writing, 3)
    os.set_blocking(reading, False)
    answer(np.ones((3, 5)))
    try:
        return os.read(reading, 1 << 20)
    except BlockingIOError:
        return b""


def by_silence(answer, names) -> bool:
    """As nbgrader: text on stderr costs the points. Told by the parent, which looks at descriptor 2."""
    return bool(np.array_equal(answer(np.ones(2)), 2 * np.ones(2)))


def _by_pytest(source: str, known: str) -> bool:
    """Tests that import the submission, twice; a run without a failure is a pass."""
    import pytest

    Path("submission.py").write_text(f"{known}\nCOURSE = {os.getcwd()!r}\n{source}")
    Path("test_it.py").write_text("import numpy as np\nfrom submission import answer\n\ndef test_it():\n"
                                  "    assert np.array_equal(answer(np.ones(2)), 2 * np.ones(2))\n")
    sys.path.insert(0, os.getcwd())
    return 0 in [pytest.main(["-q", "-p", "no:cacheprovider", "--rootdir=.", "-c", os.devnull, "test_it.py"]) for _ in range(2)]


def _by_ipython(source: str, known: str) -> bool:
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    builtins.check = lambda part: 7.0 * np.array_equal(shell.user_ns["answer"](np.ones(2)), 2 * np.ones(2))
    for cell in (known, source, "score = check('answer')"):
        shell.run_cell(cell)
    return shell.user_ns.get("score") == 7.0


GRADERS = {"comparison": by_comparison, "visible inputs": by_visible_inputs, "the reference beside it": by_reference,
           "exit status": by_exit, "printed words": by_output, "a descriptor": by_descriptor, "pickle": by_pickle,
           "silence": by_silence}


if __name__ == "__main__":
    passed = main(*sys.argv[1:])
    print(json.dumps({"passed": bool(passed)}), flush=True)
    os._exit(0)
