#!/usr/bin/env bash
# Gradescope runs this once, as root, when it builds the image of this autograder.
#
# AUTOGRADER_ENVIRONMENT  a virtual environment that has everything already: nothing is installed, no network is used
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
torch_index=@torch_index@

if [ -n "${AUTOGRADER_ENVIRONMENT:-}" ]; then
  ln -sfn "$AUTOGRADER_ENVIRONMENT" .venv
else
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  # What the sandbox is made of. Without it there is a weaker one: the grader says which, at every run.
  apt-get install -y -qq bubblewrap libseccomp2 || echo "bubblewrap could not be installed: going on without"
  python=""
  for candidate in python3.11 python3.12 python3.13 python3; do
    if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      python=$candidate
      break
    fi
  done
  for candidate in python3.13 python3.12 python3.11; do
    [ -n "$python" ] && break
    if apt-get install -y -qq "$candidate" "$candidate-venv"; then python=$candidate; fi
  done
  [ -n "$python" ] || { echo "this image has no Python of 3.11 or newer: choose a newer base image"; exit 1; }
  "$python" -m venv .venv
  pip=(.venv/bin/python -m pip --disable-pip-version-check -q install --no-cache-dir -c constraints.txt)
  if grep -qx torch requirements.txt; then "${pip[@]}" ${torch_index:+--index-url "$torch_index"} torch; fi
  "${pip[@]}" -r requirements.txt
fi
chmod -R go-rwx solutions course.secret  # whatever becomes of the other walls
