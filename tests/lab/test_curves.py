"""autograder.lab.curves: lines told apart by dash and name, drawn in place while they grow."""

import matplotlib
import numpy as np
import pytest

matplotlib.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.colors import to_rgb

from autograder.lab import curves


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


def drawn() -> list:
    figure = plt.gcf()
    figure.canvas.draw()
    return figure.axes


def contrast(one, other) -> float:
    """The contrast of two colours after WCAG 2, 1 to 21."""
    def luminance(colour):
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
        return np.dot(linear, [0.2126, 0.7152, 0.0722])
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("colour", [curves.BLUE, curves.ORANGE, curves.GREEN, curves.PINK])
@pytest.mark.parametrize("ground", ["white", "black"])
def test_colours_stand_out_on_light_and_dark(colour, ground):
    assert contrast(colour, ground) > 3                     # WCAG's rule for graphics


def test_losses_of_several_runs_differ_in_dash_and_name():
    curves.plot_losses({"one": np.linspace(3, 1, 200), "two": np.linspace(3, 2, 200)}, title="Both")
    axes, = drawn()
    thick = [line for line in axes.lines if line.get_linewidth() == 2]
    assert [line.get_label() for line in thick] == ["one", "two"] and axes.get_title() == "Both"
    assert thick[0].get_linestyle() != thick[1].get_linestyle()
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["one", "two"]


@pytest.mark.parametrize("losses", [[], [2.0], [3.0, float("nan"), 1.0], list(range(500))])
@pytest.mark.parametrize("log", [False, True])
def test_losses_of_any_length(losses, log):
    curves.plot_losses(losses, log=log)
    axes, = drawn()
    assert axes.get_legend() is None


def test_the_running_mean():
    steps, means = curves._running_mean(np.array([1.0, 2.0, 6.0, 4.0]), 2)
    np.testing.assert_array_equal(steps, [1, 2, 3])
    np.testing.assert_allclose(means, [1.5, 4, 5])


def test_a_curve_outside_a_notebook_is_drawn_once_at_the_end():
    curve = curves.LossCurve("training")
    for loss in (3, np.float32(2), 1):
        curve.add(loss)
    assert not plt.get_fignums() and curve.losses == [3.0, 2.0, 1.0]
    curve.close()
    assert len(plt.get_fignums()) == 1 and drawn()[0].get_title() == "training"


def test_a_curve_in_a_notebook_is_redrawn_in_place(monkeypatch):
    shown, said = [], []

    class Handle:
        def update(self, picture, raw):
            shown.append(("update", picture["image/png"][:4]))
            said.append(picture["text/plain"])
            assert f'alt="{said[-1]}"' in picture["text/html"]

    def display(picture, raw, display_id):
        shown.append(("display", picture["image/png"][:4]))
        return Handle()
    pytest.importorskip("IPython.display")
    monkeypatch.setattr("IPython.display.display", display)
    seconds = iter(range(1000))
    monkeypatch.setattr(curves.time, "monotonic", lambda: next(seconds))
    monkeypatch.setattr(curves, "in_kernel", lambda: True)
    curve = curves.LossCurve("digits")
    for loss in range(40):
        curve.add(loss)
    curve.close()
    assert shown[0] == ("display", "iVBO") and 3 <= len(shown) <= 10
    assert all(entry == ("update", "iVBO") for entry in shown[1:]) and not plt.get_fignums()
    assert said[-1] == "loss curve, digits: 40 iterations, the loss goes from 9.5 to 29.5 (means of 20)"


def test_progress_writes_to_stdout_alone(capsys):
    assert list(curves.progress(range(3), "training")) == [0, 1, 2]
    captured = capsys.readouterr()
    assert captured.err == "" and "training" in captured.out and "3/3" in captured.out


def test_progress_in_a_notebook_is_one_output_that_ends_whole(kernel):
    shown = kernel.run("from autograder.lab import progress\nfor _ in progress(range(3), 'training'):\n    pass")
    first, = shown.of("display_data")
    *_, last = shown.of("update_display_data")
    assert first["transient"] == last["transient"] and set(last["data"]) == {"text/plain"}
    assert last["data"]["text/plain"].startswith("training: 100%") and "3/3" in last["data"]["text/plain"]
    assert shown.of("stream") == []


def test_progress_takes_tqdms_options(capsys):
    assert list(curves.progress(iter("ab"), total=2, disable=True)) == ["a", "b"]
    assert capsys.readouterr() == ("", "")


def test_curves_of_any_kind():
    curves.plot_curves({"one": [1, 10, 100], "two": [2, 20, 200]}, [1, 2, 4], xlabel="width", log="xy", markers=True)
    axes, = drawn()
    one, two = axes.lines
    assert (axes.get_xscale(), axes.get_yscale(), axes.get_xlabel()) == ("log", "log", "width")
    assert one.get_linestyle() != two.get_linestyle() and one.get_marker() == "o"
    assert one.get_xdata().tolist() == [1, 2, 4]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["1", "2", "4"]
