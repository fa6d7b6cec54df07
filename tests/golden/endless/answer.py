def row_mean(x):
    while True:
        pass


def centred(x):
    return x - row_mean(x)[:, None], None
