"""What a lesson loads, trains and draws.

    load_coco_data, sample_coco_minibatch, ...          the captioning data            (data)
    Scene, is_true, words_of, ...                       the language of the scenes     (truth)
    judge, truth_rate                                   captions beside their scenes   (judging)
    show_captions, show_attention, ...                  pictures of scenes             (pictures)
    plot_losses, plot_curves, LossCurve, progress       curves, also while they grow   (curves)
    show_masks, show_positions                          small tables as pictures       (grids)
    show_heads                                          the maps of attention heads    (heads)
    show_unrolled                                       how a network is wired         (diagrams)
    tell                                                a picture of your own in words (in_words)
    CaptioningSolver, sgd, adam                         train a model in NumPy         (training)

A name is loaded when it is first used: this import alone costs nothing.
"""

from __future__ import annotations

from importlib import import_module

_HOMES = {
    "data": ("decode_captions", "find_data", "image_from_url", "load_coco_data", "load_spatial_features",
             "sample_coco_minibatch", "scene_of"),
    "curves": ("LossCurve", "plot_curves", "plot_losses", "progress"),
    "diagrams": ("show_unrolled",),
    "grids": ("show_masks", "show_positions"),
    "heads": ("show_heads",),
    "in_words": ("tell",),
    "judging": ("judge", "truth_rate"),
    "pictures": ("show_attention", "show_captions", "show_scene"),
    "training": ("CaptioningSolver", "adam", "sgd"),
    "truth": ("Scene", "Thing", "is_grammatical", "is_true", "words_of"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}
__all__ = sorted(_HOME_OF)


def __getattr__(name: str):
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    globals()[name] = value                             # the next look-up is an ordinary one
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
