"""``nslab progress``: the map of the course as text, JSON or a page."""

from __future__ import annotations

from pathlib import Path

from nslab.course.progress.overview import progress
from nslab.errors import NslabError, os_cause

_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>nslab: your progress</title>
<style>:root{{color-scheme:light dark}}body{{font:16px/1.5 system-ui,sans-serif;margin:2em}}</style>
{}
</html>
"""


def run(*, as_json: bool, page: Path | None) -> None:
    """Print how far the learner is.

    :param as_json: for programs
    :param page: write the map into this file instead
    :raises NslabError: the file cannot be written
    """
    now = progress()
    if as_json:
        import msgspec

        print(msgspec.json.format(msgspec.json.encode(now.data)).decode())
    elif page is None:
        print(now)
    else:
        try:
            page.write_text(_PAGE.format(now.html), encoding="utf-8")
        except OSError as error:
            raise NslabError(
                "write", str(page), os_cause(error.errno or 5), "choose another file"
            ) from error
