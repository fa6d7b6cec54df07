# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # From scores to probabilities
# A classifier gives each of $N$ examples a score for each of $C$ classes. You will turn these scores into probabilities
# with the softmax, and measure with the cross-entropy how good they are.
#
# Axes: N examples, C classes.

# %%
import matplotlib.pyplot as plt
import numpy as np

from autograder.notebook import check

# %% [markdown]
# ## 1. Softmax
# For each example, $p_c = e^{s_c} / \sum_k e^{s_k}$. Scores may be as large as 1000: your probabilities are right there
# too.


# %%
def softmax(scores):
    """The softmax of each row of scores (N, C): probabilities (N, C)."""
    ### BEGIN SOLUTION
    shifted = scores - scores.max(axis=1, keepdims=True)  # (N, C), at most 0: nothing can overflow
    weights = np.exp(shifted)  # (N, C)
    return weights / weights.sum(axis=1, keepdims=True)  # (N, C)
    ### END SOLUTION


# %%
check("softmax")

# %% [markdown]
# ## 2. Cross-entropy
# The loss of an example is $-\log p_y$, where $y$ is its label. The loss of a batch is the mean over its examples.


# %%
def cross_entropy(scores, labels):
    """The mean cross-entropy, a number, of scores (N, C) and labels (N,): integers from 0 to C - 1."""
    ### BEGIN SOLUTION
    probabilities = softmax(scores)  # (N, C)
    chosen = probabilities[np.arange(len(labels)), labels]  # (N,): each example's probability of its own label
    return -np.log(chosen).mean()
    ### END SOLUTION


# %%
check("cross_entropy")

# %% [markdown]
# ## 3. Look at it
# The same scores, divided by a temperature: the lower it is, the surer the softmax.

# %% tags=["demo"]
scores = np.array([1.0, 2.0, 4.0])
for place, temperature in enumerate([0.5, 1, 5]):
    heights = softmax(scores[None] / temperature)[0]
    plt.bar(np.arange(3) + 0.25 * place, heights, width=0.25, label=f"{temperature}")
plt.xticks(np.arange(3) + 0.25, ["score 1", "score 2", "score 4"])
plt.ylabel("probability")
plt.legend(title="temperature")
plt.show()

# %% [markdown] question="why_shift" points=20
# ## 4. Why may one shift?
# Adding the same number to all scores of an example leaves its probabilities as they are. Why? And what is that good
# for in a computer?
#
# ### BEGIN SOLUTION
# The number is a common factor of numerator and denominator and cancels. (10 points)
# With the largest score taken away, no exponential can overflow, and the sum is at least 1. (10 points)
# ### END SOLUTION
