# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Means
# The smallest assignment: three parts that build on each other, a class, and a written question.

# %%
import numpy as np

from autograder.notebook import check


# %%
def scaled(x, factor=2.0):
    """Given: `x` times `factor`."""
    return factor * x


# %% [markdown]
# ## The mean of each row

# %%
def row_mean(x):
    """The mean of each row of x (N, D): an array (N,)."""
    ### BEGIN SOLUTION
    return x.sum(axis=1) / x.shape[1]  # (N,)
    ### END SOLUTION


# %%
check("row_mean")


# %%
def centred(x):
    """x (N, D) less the mean of each row, and a cache: ((N, D), cache)."""
    ### BEGIN SOLUTION
    mean = row_mean(x)  # (N,)
    return x - mean[:, None], (x, mean)
    ### END SOLUTION


# %%
check("centred")


# %%
class Scaler:
    """Divides by the largest absolute value that it has seen."""

    def __init__(self):
        self.largest = 0.0

    def fit(self, x):
        """Remembers the largest absolute value of x (N, D), and returns it."""
        ### BEGIN SOLUTION
        self.largest = np.abs(x).max()
        return self.largest
        ### END SOLUTION


# %%
check("scaler")

# %% tags=["demo"]
get_ipython().run_line_magic("pwd", "")  # noqa: F821 (the grader never runs a demo cell: there it would fail)

# %% [markdown] question="why_centre" points=2
# Why does one centre data?
#
# ### BEGIN SOLUTION
# So that a shift common to all features does not matter. (1 point for shift, 1 for common)
# ### END SOLUTION
