"""The benchmark runs. How fast it says that anything is, no test asks: that depends on the machine."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.room import strongest_mode

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(strongest_mode() == "plain", reason="`autograder grade` asks for a sandbox")
def test_two_tiny_submissions(tmp_path):
    shutil.copytree(ROOT / "tests" / "tiny", tmp_path / "course")
    command = [sys.executable, "-m", "benchmarks.batch", "--course", str(tmp_path / "course"), "--assignment", "t1_means",
               "--submissions", "2", "--nbgrader", "1", "--runs", "1", "--jobs", "1", "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["same_scores"] == 1
    assert result["autograder"]["cpu"] > 0 and result["nbgrader"]["cpu"] > 0
    assert {"worker", "fork server"} <= set(result["autograder"]["memory"])
    assert all(seconds >= 0 for seconds in result["stages"].values())


@pytest.mark.skipif(strongest_mode() == "plain", reason="`autograder grade` asks for a sandbox")
def test_growth_of_two_submissions():
    command = [sys.executable, "-m", "benchmarks.growth", "--submissions", "2", "--jobs", "1", "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert [row["submissions"] for row in result["growth"]] == [2]
    assert result["growth"][0]["memory"]["main"] > 0 and result["growth"][0]["cpu"] > 0
    assert [row["workers"] for row in result["throughput"]] == [1]
