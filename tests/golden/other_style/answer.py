import cffi_that_is_not_installed


# loops, an exotic cache, in-place work on the input: all fine
def row_mean(x):
    return np.array([sum(row) / len(row) for row in x])


def centred(x):
    x -= np.einsum("nd->n", x)[:, None] / x.shape[1]
    return [x, {"cache": lambda: None}]


class Scaler:
    largest = 0

    def fit(self, x):
        for value in x.ravel():
            if abs(value) > self.largest:
                self.largest = float(abs(value))
