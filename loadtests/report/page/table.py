"""Tables that scroll sideways or stack on a narrow window."""

from collections.abc import Iterable, Sequence
from xml.etree.ElementTree import Element

from loadtests.report.markup import Child, put, tag

NUMBER = "number"


def table(
    caption: str, head: Sequence[tuple[str, str]], rows: Iterable[Sequence[Child]], *, stack: str = ""
) -> Element:
    """`head` is title and class of each column; the first cell of a row names it. `caption` is for who cannot see.

    `stack` is the class of a table whose cells stand below each other on a narrow window, others scroll.
    """
    titles = [tag("th", title, scope="col", class_=class_ or None) for title, class_ in head]
    made = tag(
        "table",
        tag("thead", tag("tr", *titles)),
        tag("tbody", *(_row(head, row) for row in rows)),
        class_=f"stack {stack}" if stack else None,
        aria_label=caption,
    )
    return made if stack else tag("div", made, class_="scroll", tabindex="0", role="group", aria_label=caption)


def _row(head: Sequence[tuple[str, str]], cells: Sequence[Child]) -> Element:
    name, *rest = cells
    row = tag("tr", tag("th", name, scope="row"))
    for (title, class_), cell in zip(head[1:], rest, strict=True):
        made = tag("td", cell, class_=class_ or None)
        made.set("data-label", title)
        put(row, made)
    return row
