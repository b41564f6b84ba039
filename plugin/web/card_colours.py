"""Which of HubSpot's few tag colours comes nearest to a stage's own; so own models look right, too."""

from __future__ import annotations

import colorsys
from typing import Literal

Tone = Literal["danger", "warning", "success", "info", "default"]

LEVELS: dict[str, Tone] = {"none": "success", "low": "info", "medium": "warning", "high": "danger"}


def tone(colour: str) -> Tone:
    """The tag's variant for `#rrggbb`: by hue; what has hardly any is `default`."""
    try:
        red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    except ValueError:
        return "default"
    hue, lightness, saturation = colorsys.rgb_to_hls(red, green, blue)
    if saturation < 0.3 or not 0.1 < lightness < 0.95:
        return "default"
    degrees = hue * 360
    if degrees < 20 or degrees >= 330:
        return "danger"
    if degrees < 70:
        return "warning"
    return "success" if degrees < 180 else "info"
