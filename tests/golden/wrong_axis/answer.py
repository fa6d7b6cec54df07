def row_mean(x):
    return x.mean(axis=0)


def centred(x):
    return x - row_mean(x)[:, None], None
