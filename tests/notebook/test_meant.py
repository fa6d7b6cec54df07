"""What is said of a name that is no part."""

from autograder.notebook.meant import part_meant

WRITTEN = {"row_mean": ["row_mean"], "heads": ["MultiHeadAttention.forward", "split_heads"],
           **{f"part_{letter}": [] for letter in "abcdefg"}}


def test_functions_methods_and_classes_are_known():
    for said in ("MultiHeadAttention", "multiheadattention", "split_heads", "MultiHeadAttention.forward"):
        assert part_meant(said, WRITTEN) == f"`{said}` is written for the part `heads`"


def test_slips():
    assert part_meant("row_maen", WRITTEN) == "did you mean `row_mean`?"
    assert part_meant("split_head", WRITTEN) == "did you mean `heads`?"


def test_parts_are_listed_in_brief():
    assert part_meant("zzz", WRITTEN) == "the parts are row_mean, heads, part_a, part_b, part_c, part_d and 3 more"
