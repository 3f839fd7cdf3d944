"""HTML and inline SVG as trees: every text passes the redactor, and escaping is done by who writes the tree."""

from typing import TypeAlias
from xml.etree.ElementTree import Element, tostring

from fixtures.runs.document import xml_text

Child: TypeAlias = Element | str | None
Attribute: TypeAlias = str | float | None


def tag(name: str, *children: Child, **attributes: Attribute) -> Element:
    """One element. `class_` becomes `class`, `stroke_width` becomes `stroke-width`; None is left out."""
    element = Element(name)
    for key, value in attributes.items():
        if value is not None:
            element.set(key.removesuffix("_").replace("_", "-"), _attribute(value))
    return put(element, *children)


def put(element: Element, *children: Child) -> Element:
    """Add children at the end, and give the element back."""
    for child in children:
        if isinstance(child, str):
            _append_text(element, xml_text(child))
        elif child is not None:
            element.append(child)
    return element


def render(root: Element) -> str:
    """The document as HTML."""
    return "<!doctype html>\n" + tostring(root, encoding="unicode", method="html") + "\n"


def _append_text(element: Element, text: str) -> None:
    if len(element):
        element[-1].tail = (element[-1].tail or "") + text
    else:
        element.text = (element.text or "") + text


def _attribute(value: str | float) -> str:
    """Coordinates to a tenth of a unit: less is not seen."""
    if isinstance(value, str):
        return xml_text(value)
    return f"{value:.1f}".removesuffix(".0")
