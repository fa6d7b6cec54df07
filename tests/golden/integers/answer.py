def row_mean(x):
    return x.mean(axis=1).astype(int)
