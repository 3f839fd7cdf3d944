"""Whether the page's words can be read."""

import re
from pathlib import Path

import pytest

import loadtests.report.page

SHEET = Path(loadtests.report.page.__path__[0], "style.css").read_text(encoding="utf-8")
LIGHT, DARK = (
    dict(re.findall(r"--([\w-]+): #(\w{6});", root)) for root in re.findall(r":root \{(.*?)\}", SHEET, re.DOTALL)[:2]
)
LEAST = 4.5
"""By WCAG 2.2, 1.4.3, for text of this size."""


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_names_in_charts_stand_out_from_the_paper(colours: dict[str, str]) -> None:
    """Whatever colour its line has, a name can be read by day and by night."""
    fills = dict(re.findall(r"svg \.label\.(\w+) \{ fill: var\(--([\w-]+)\)", SHEET))
    assert {"p50", "p95", "p99"} <= fills.keys()
    for name, fill in fills.items():
        darker, lighter = sorted(luminance(colours[one]) for one in ("paper", fill))
        assert (lighter + 0.05) / (darker + 0.05) >= LEAST, name
