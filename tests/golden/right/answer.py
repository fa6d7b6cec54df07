def row_mean(x):
    return x.mean(axis=1)


def centred(x):
    return x - row_mean(x)[:, None], None


class Scaler:
    def fit(self, x):
        self.largest = np.abs(x).max()
