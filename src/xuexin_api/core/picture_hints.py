"""Hints that help an applicant before a human looks: is it sharp, is the card large enough, is there a face.

Classic methods on small greys, in some tens of milliseconds, without a model: how steep edges are, the largest
four-cornered outline with a card's proportions, and the cascade of frontal faces that comes with OpenCV.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Final, TypeAlias

import cv2
import numpy as np
from PIL import Image

from xuexin_api.core.pictures import PictureHint
from xuexin_api.core.policies import PicturePolicy

Grey: TypeAlias = np.ndarray[Any, np.dtype[np.uint8]]
_FINE: Final = 1200
"""Pixels of the long side on which sharpness shows: strokes of a hand-held card are a pixel wide there."""
_COARSE: Final = 480
_CARD: Final = 85.6 / 54.0
_PERSPECTIVE: Final = 1.15
"""A card that is held at an angle is so much longer or shorter."""
_LEAST_CARD: Final = 0.01
"""Of the picture; smaller outlines are letters and buttons."""
_CORNERS: Final = 4
_FULL: Final = 0.8
_EDGES: Final = (10, 20, 40)
_LEVELS: Final = range(60, 240, 20)
_MOST_OUTLINES: Final = 3000
_EDGE: Final = 3
_TILE: Final = 60
_LEAST_CONTRAST: Final = 12.0
_BETTER: Final = 80
_LEAST_FACE_PIXELS: Final = 24
_LEAST_FACE: Final = 5
"""Of the short side. Beside a card that can be read, which is half as wide, a face is twice that; and searching for
smaller ones would take most of the time that hints take."""
_FILLED: Final = 0.5
"""Of a mask; where half of it is edges they are no outlines any more, but the grain of a sensor, or a pattern."""
_CASCADE: Final = cv2.CascadeClassifier(str(Path(cv2.__file__).parent / "data" / "haarcascade_frontalface_default.xml"))

# One process reads one picture at a time; threads of its own would only take cores from others.
cv2.setNumThreads(1)


def look(image: Image.Image, policy: PicturePolicy) -> tuple[PictureHint, ...]:
    """The hints of an upright picture."""
    fine = _grey(image, _FINE)
    coarse = _grey(Image.fromarray(fine), _COARSE)
    sharpness, card, face = _sharpness(fine), _card(coarse), _face(coarse)
    return (
        PictureHint("sharpness", None if sharpness is None else sharpness >= policy.good_sharpness, sharpness),
        PictureHint("card", None if card is None else card >= policy.good_card, card),
        PictureHint("face", face > 0, face),
    )


def _grey(image: Image.Image, longest: int) -> Grey:
    """Of a colour picture its green, which is most of what eyes call light."""
    grey = image if image.mode == "L" else image.getchannel("G")
    steps = max(image.size) // longest
    if steps > 1:
        grey = grey.reduce(steps)
    scale = longest / max(grey.size)
    if scale < 1:
        size = (max(1, round(grey.width * scale)), max(1, round(grey.height * scale)))
        grey = grey.resize(size, Image.Resampling.BOX)
    return np.asarray(grey)


def _sharpness(grey: Grey) -> float | None:
    """How steep the sharpest parts are: the Laplacian against the contrast there, in percent; None where all is plain.

    By tiles, of which the better ones count: a wall behind a sharp card is no fault, and light is none either.
    """
    # What the grain of the sensor adds is smoothed away; edges are not.
    smooth = cv2.medianBlur(grey, 3)
    contrast = _deviations(smooth)
    there = contrast >= _LEAST_CONTRAST
    if not there.any():
        return None
    steepness = _deviations(np.abs(cv2.Laplacian(smooth, cv2.CV_16S)))[there] / contrast[there]
    return round(100 * float(np.percentile(steepness, _BETTER)), 1)


def _deviations(values: Any) -> Any:
    """The standard deviation of each whole tile."""
    down, across = (length // _TILE for length in values.shape)
    rows = [values[top : top + _TILE] for top in range(0, down * _TILE, _TILE)]
    starts = range(0, across * _TILE, _TILE)
    return np.array([[cv2.meanStdDev(row[:, left : left + _TILE])[1][0, 0] for left in starts] for row in rows])


def _card(grey: Grey) -> float | None:
    """How much of the picture's long side the largest outline of a card takes, between 0 and 1."""
    smooth = cv2.medianBlur(grey, 5)
    # A card before a wall has weak edges, and one before a pattern has strong ones around it.
    across, down = (cv2.Sobel(smooth, cv2.CV_16S, *axis, borderType=cv2.BORDER_REPLICATE) for axis in ((1, 0), (0, 1)))
    masks = [cv2.dilate(cv2.Canny(across, down, weak, 3 * weak), np.ones((3, 3), np.uint8)) for weak in _EDGES]
    masks = [mask for mask in masks if cv2.countNonZero(mask) <= _FILLED * mask.size]
    masks += [cv2.inRange(smooth, np.array(level), np.array(255)) for level in _LEVELS]
    longest = 0.0
    for mask in masks:
        outlines, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
        # A mask of thousands is a pattern, or somebody's attempt to keep us busy.
        for outline in outlines if len(outlines) <= _MOST_OUTLINES else ():
            # Before anything is called for it: nearly all outlines are letters and grain.
            if cv2.contourArea(outline) >= _LEAST_CARD * grey.size:
                longest = max(longest, _length_of_card(outline, grey))
    return round(longest / max(grey.shape), 2) if longest else None


def _touches_edge(outline: Any, grey: Grey) -> bool:
    """A card that is cut off, or the picture itself."""
    left, top, width, height = cv2.boundingRect(outline)
    return left < _EDGE or top < _EDGE or left + width > grey.shape[1] - _EDGE or top + height > grey.shape[0] - _EDGE


def _length_of_card(outline: Any, grey: Grey) -> float:
    """The long side of a four-cornered outline with the proportions of a card; 0 where it is something else."""
    if _touches_edge(outline, grey):
        return 0.0
    # Fingers that hold it lie over its edge.
    hull = cv2.convexHull(outline)
    corners = cv2.approxPolyDP(hull, 0.04 * cv2.arcLength(hull, closed=True), closed=True)
    if len(corners) != _CORNERS or cv2.contourArea(outline) < _FULL * cv2.contourArea(hull):
        return 0.0
    points = corners.reshape(_CORNERS, 2).astype(float)
    sides = [math.dist(points[number], points[number - 1]) for number in range(_CORNERS)]
    across, down = sorted(((sides[0] + sides[2]) / 2, (sides[1] + sides[3]) / 2))
    fits = _CARD / _PERSPECTIVE <= down / max(across, 1.0) <= _CARD * _PERSPECTIVE
    return float(down) if fits else 0.0


def _face(grey: Grey) -> float:
    """How much of the picture's height the largest frontal face takes; 0 where none is found."""
    least = max(_LEAST_FACE_PIXELS, min(grey.shape) // _LEAST_FACE)
    faces = _CASCADE.detectMultiScale(cv2.equalizeHist(grey), 1.15, 4, minSize=(least, least))
    largest = max((int(face[3]) for face in faces), default=0)
    return round(largest / float(grey.shape[0]), 2)
