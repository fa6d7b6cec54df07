def row_mean(x):
    return "the mean"


def centred(x):
    return np.matrix(x), None


class Scaler:
    def fit(self, x):
        self.largest = {1, 2}
