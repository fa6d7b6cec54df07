"""What must be true of means.py."""

from autograder.examine import part, points, require, returns, same

part("row_mean", family="means")
part("centred", family="means", builds_on=["row_mean"])
part("scaler")


@points("row_mean", 2)
def test_each_row_has_its_mean(student, reference, rng):
    """the mean of each row equals the reference"""
    x = rng.normal(size=(3, 5))
    same(student.row_mean(x), reference.row_mean(x), "mean", axes="N")


### BEGIN HIDDEN TESTS
@points("row_mean", 1)
def test_mean_of_many_rows(student, reference, rng):
    """the mean is right for another shape"""
    x = rng.normal(size=(7, 2))
    for rows in (x, x[:1]):
        same(student.row_mean(rows), reference.row_mean(rows), "mean", axes="N")
### END HIDDEN TESTS


@points("centred", 2)
def test_centred_equals_the_reference(student, reference, rng):
    """each row less its mean"""
    x = rng.normal(size=(3, 5))
    out, cache = returns(student.centred(x), "out", "cache")
    same(out, reference.centred(x)[0], "out", axes="N D")
    same(returns(student.centred(x[:1]), "out", "cache")[0], reference.centred(x[:1])[0], "out", axes="N D")


@points("centred", 1)
def test_centred_rows_sum_to_zero(student, rng):
    """each row sums to zero"""
    out, _ = returns(student.centred(rng.normal(size=(3, 5))), "out", "cache")
    worst = abs(out.sum(axis=1)).max()
    require(worst < 1e-9, "each row of `out` sums to zero", f"the largest sum is {worst:.2g}")


@points("scaler", 2)
def test_fit_remembers(student, reference, rng):
    """fit remembers the largest absolute value"""
    x = rng.normal(size=(3, 5))
    scaler, other = student.Scaler(), reference.Scaler()
    scaler.fit(x)
    other.fit(x)
    same(scaler.largest, other.largest, "largest")
