"""The plot as a picture."""

from operator import attrgetter
from xml.etree import ElementTree

from plugins.cache.semantic.calibrate import Score, points
from plugins.cache.semantic.svg import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, svg

SCORES = [Score(0.2, False), Score(0.6, True), Score(0.7, False), Score(0.9, True)]
SVG = "{http://www.w3.org/2000/svg}"


def test_it_is_a_picture_with_labels_and_a_legend() -> None:
    """Axes, their names, both curves and the chosen threshold are there."""
    tree = ElementTree.fromstring(svg(points(SCORES), 0.71))  # noqa: S314 - our own
    texts = [element.text for element in tree.iter(f"{SVG}text")]
    assert {"threshold (cosine similarity)", "part of the pairs"} <= set(texts)
    assert {"precision", "recall", "threshold 0.71"} <= set(texts)
    assert texts.count("0.5") == 2
    assert tree.find(f"{SVG}title") is not None
    without = svg(points(SCORES), None)
    assert "threshold 0" not in without


def test_the_curves_are_within_the_axes() -> None:
    """Each has a point for each threshold, at the height of its value."""
    tried = points(SCORES)
    tree = ElementTree.fromstring(svg(tried, None))  # noqa: S314 - our own
    for line, value in zip(
        tree.iter(f"{SVG}polyline"),
        (attrgetter("precision"), attrgetter("recall")),
        strict=True,
    ):
        places = [tuple(map(float, place.split(","))) for place in line.attrib["points"].split()]
        assert len(places) == len(tried)
        for (x, y), point in zip(places, tried, strict=True):
            assert LEFT <= x <= WIDTH - RIGHT
            height = (HEIGHT - BOTTOM - y) / (HEIGHT - TOP - BOTTOM)
            assert abs(height - value(point)) < 0.001
