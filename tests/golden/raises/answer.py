def helper(x):
    return x.no_such_attribute


def row_mean(x):
    return helper(x)


def centred(x):
    return [1, 2, 3][x.shape[0]]
