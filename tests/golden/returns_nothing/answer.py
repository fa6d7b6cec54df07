def row_mean(x):
    x.mean(axis=1)


def centred(x):
    return x - x.mean(axis=1)[:, None]
