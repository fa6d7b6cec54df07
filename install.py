"""Sets a copy up where there is no bash: on Windows, or from a notebook (Colab and the like).

    py install.py                   Windows: Python packages into .venv, and the data
    %run install.py --here          in a notebook: into the Python that runs it, beside what is there already

Python 3.11 or newer. Run it again at any time. `setup.sh` does the same, and more, on Linux and macOS.
"""

import re
import subprocess
import sys
import venv
from pathlib import Path

HOME = Path(__file__).resolve().parent


def main(here: bool) -> None:
    if sys.version_info < (3, 11):  # noqa: UP036 (whoever starts this may have another one)
        sys.exit(f"Python 3.11 or newer\nthis is {sys.version.split()[0]}\n"
                 "hint: python.org has one; on Windows, `py -0` lists those that are there")
    python = Path(sys.executable) if here else environment(HOME / ".venv")
    extras = [] if here else ["notebook"]
    if any(re.search("(import|from) torch", path.read_text(encoding="utf-8"))
           for path in (HOME / "assignments").rglob("*") if path.suffix in (".ipynb", ".py")):
        extras.append("torch")
    # Into a machine that is set up already goes a plain copy, which a running kernel finds, and no older versions.
    package = f".[{','.join(extras)}]" if extras else "."
    what = [package] if here else ["-c", "constraints.txt", "-e", package]
    print("Python packages (a few minutes the first time)", flush=True)
    run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *what)
    run(python, "datasets/scenes/make.py")
    print("ready" if here else f"ready. Next: {python.with_name('jupyter')} lab assignments")


def environment(folder: Path) -> Path:
    """The Python of a virtual environment, which is made if it is not there."""
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    if not python.exists():
        print(f"a virtual environment in {folder}", flush=True)
        venv.create(folder, with_pip=True)
    return python


def run(*command) -> None:
    """In this folder; ends with the exit code of a command that fails, which has said why."""
    code = subprocess.run(list(map(str, command)), cwd=HOME).returncode
    if code:
        sys.exit(f"{command[1]} {command[2] if len(command) > 2 else ''} failed, exit code {code}")


if __name__ == "__main__":
    main("--here" in sys.argv[1:])
