"""IPython's hooks: transformers, formatters, showtraceback, run_cell.

Tries: to rewrite the check cells before they run, or what they display.
Stopped by: there is no IPython in a room, and check cells do not run there.
"""

shell = get_ipython()  # noqa: F821
shell.input_transformers_post.append(lambda lines: ["answer = lambda x: 2 * x\n"])
shell.ast_transformers.append(None)
shell.events.register("pre_run_cell", lambda *args: None)
shell.display_formatter.formatters["text/plain"].for_type(float, lambda *args: "10.0")
shell.showtraceback = shell.run_cell = lambda *args, **kwargs: None


def check(name):
    return "10 of 10 points"


def answer(x):
    return x
