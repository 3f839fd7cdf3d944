"""`report.html`: one file that needs nothing else, to be read from the top down by who has to decide."""

from loadtests.report.page.layout import page

__all__ = ["page"]
