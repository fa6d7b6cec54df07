"""Takes out of a result what its student must not read, before anything renders it."""

from dataclasses import replace

from autograder.report import CheckResult, PartResult


def public(part: PartResult) -> PartResult:
    """The part, of its hidden checks no more than verdict, points, the earned hint and the part they wait for.

    A skipped check also says what failed: `waits for X, which fails; until then: <numbers>`.
    """
    return replace(part, checks=[_without_secrets(check) if check.hidden else check for check in part.checks])


def _without_secrets(check: CheckResult) -> CheckResult:
    known = check.found.startswith(("not attempted", "waits for"))
    return replace(check, name="", sentence="", asked="", found=check.found.split(";")[0] if known else "", where=[])
