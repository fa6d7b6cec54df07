#!/usr/bin/env bash
# Gradescope runs this for each submission, in a fresh container. It writes results/results.json; where the grader
# itself fails there is none, and so no score.
#
# AUTOGRADER_GRADESCOPE  the folder that stands for /autograder
set -euo pipefail
base=${AUTOGRADER_GRADESCOPE:-/autograder}
cd "$base/source"
export PYTHONPATH="$base/source" PYTHONDONTWRITEBYTECODE=1 OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1
exec .venv/bin/python -m autograder.export.harness "$base"
