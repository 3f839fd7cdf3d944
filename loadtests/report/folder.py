"""The folder of a load run: everything whole, and the verdict last, so that it vouches for the rest."""

from pathlib import Path
from typing import Final

from fixtures.runs.document import json_text
from fixtures.runs.folder import JUNIT, VERDICT, prepare
from fixtures.runs.writing import write_whole
from loadtests.report.document import document
from loadtests.report.junit import junit
from loadtests.report.model import LoadRun
from loadtests.report.page import page
from loadtests.report.tables import series_csv, subjects_csv

REPORT: Final = "report.html"
SERIES: Final = "series.csv"
SUBJECTS: Final = "subjects.csv"


def write(folder: Path, run: LoadRun) -> None:
    """Write page, series, JUnit XML and verdict of a run, finished or interrupted. Raises OSError.

    Also when another run, made at the same time, has written its own there meanwhile.
    """
    prepare(folder)
    write_whole(folder / SERIES, series_csv(run).encode())
    write_whole(folder / SUBJECTS, subjects_csv(run).encode())
    write_whole(folder / REPORT, page(run).encode())
    write_whole(folder / JUNIT, junit(run))
    write_whole(folder / VERDICT, json_text(document(run)).encode())
