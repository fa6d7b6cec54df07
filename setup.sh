#!/usr/bin/env bash
# Sets everything up. Run it again at any time: what is done already takes seconds.
#
#   ./setup.sh          for a student's handout: Python packages and data; for a whole course: the grader too
#   ./setup.sh demo     sets up, grades a sample class and shows the result
#   ./setup.sh test     sets up and runs the tests; what takes long is sampled, another choice each day
#   ./setup.sh test --all   runs everything: what a release needs
#
# AUTOGRADER_PYTHON       the Python to use (3.11 or newer; otherwise the first one found)
# AUTOGRADER_TORCH_INDEX  an index of CPU builds of PyTorch, for Linux machines without a GPU, where the default
#                         build of PyTorch brings gigabytes of GPU libraries (see PyTorch's "get started" page)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
say() { printf '\n== %s\n' "$*"; }
fail() { printf 'setup: %s\n' "$1" >&2; [ $# -lt 2 ] || printf 'hint: %s\n' "$2" >&2; exit 1; }

task=${1:-setup}
case "$task" in
  setup|demo|test) ;;
  *) fail "asked for \`$task\`; there is setup, demo and test" ;;
esac
if [ ! -d solutions ]; then
  [ "$task" = setup ] || fail "\`$task\` needs the whole course; this is a student's handout" "run ./setup.sh"
  extras=notebook
  if grep -rqE '(import|from) torch' assignments/; then extras=notebook,torch; fi
elif [ "$task" = test ]; then extras=test
else extras=grade,torch
fi

find_python() {
  local candidate
  for candidate in ${AUTOGRADER_PYTHON:-python3.11 python3.12 python3.13 python3}; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      printf '%s\n' "$candidate"
      return
    fi
  done
  fail "no Python 3.11 or newer was found" "install one, or name it: AUTOGRADER_PYTHON=/path/to/python3 ./setup.sh"
}

# Debian and Ubuntu: what the sandbox is made of. Without root the next best mode is used, and said.
debian_packages() {
  local missing=() package
  command -v dpkg-query >/dev/null && command -v apt-get >/dev/null || return 0
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  if [ "$(id -u)" = 0 ]; then
    say "Debian packages: ${missing[*]}"
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${missing[@]}"; } >/dev/null \
      || echo "could not install ${missing[*]}: going on without"
  else
    echo "not installed (needs root): ${missing[*]}"
    echo "hint: sudo apt-get install ${missing[*]}"
  fi
}

make_environment() {
  local python
  [ -x .venv/bin/python ] && return
  python=$(find_python)
  say "a virtual environment in .venv ($("$python" --version))"
  "$python" -m venv .venv 2>/dev/null || { debian_packages python3-venv; "$python" -m venv .venv; } \
    || fail "$python cannot make a virtual environment" "on Debian: apt-get install python3-venv"
}

install_packages() {
  local stamp=.venv/.installed-${extras//,/-} pip=(.venv/bin/python -m pip --disable-pip-version-check -q)
  if [ -f "$stamp" ] && [ "$stamp" -nt pyproject.toml ] && [ "$stamp" -nt constraints.txt ]; then return; fi
  say "Python packages (a minute or two the first time)"
  # torch first and alone, from an index of CPU builds if one was named
  if [ "$extras" != notebook ]; then
    "${pip[@]}" install -c constraints.txt ${AUTOGRADER_TORCH_INDEX:+--index-url "$AUTOGRADER_TORCH_INDEX"} torch
  fi
  "${pip[@]}" install -c constraints.txt -e ".[$extras]" || fail "pip could not install the packages"
  touch "$stamp"
}

[ ! -d solutions ] || debian_packages bubblewrap libseccomp2
[ "$task" != test ] || debian_packages chromium postgresql
make_environment
install_packages
.venv/bin/python datasets/scenes/make.py

case "$task" in
  setup)
    say "ready"
    echo "Next: .venv/bin/jupyter lab assignments/$([ ! -d solutions ] || printf ' (to learn), or .venv/bin/autograder --help (to teach)')" ;;
  demo)
    .venv/bin/autograder release
    .venv/bin/autograder sample a1_rnn_captioning
    .venv/bin/autograder grade a1_rnn_captioning
    .venv/bin/autograder feedback a1_rnn_captioning ;;
  test)
    export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1
    .venv/bin/ruff check .
    # four processes also on two cores: a third of the time they wait, for browsers, servers, deadlines and rooms
    .venv/bin/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder "${@:2}" ;;
esac
