"""What holds for every test: its tier, no silent skips in CI, the mark of kernel tests."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import tiers
import warm
from hypothesis import settings

from nslab.engine import local

NO_SKIP = os.environ.get("CI") == "true" or os.environ.get("NSLAB_NO_SKIP") == "1"
KERNEL = Path(__file__).parent / "kernel"

WANTED = os.environ.get("NSLAB_TESTS", "")
"""What script/test runs of the tiers; empty is everything."""

SEED = os.environ.get("NSLAB_SEED", "")
"""What draws the nightly tests of a commit: its id."""

# No deadline: other work on the machine is no failure.  No database: the checkout may be
# read-only.  Which examples are tried is drawn by script/test's seed, which it prints.
settings.register_profile("nslab", deadline=None, database=None)
settings.load_profile("nslab")

# What tests do to exercises is no learner's progress.
os.environ["NSLAB_PROGRESS"] = ""

# A shell starts what runs in its background with interrupts ignored, and all its children inherit
# that; here they are sent and waited for.
signal.signal(signal.SIGINT, signal.default_int_handler)

_skipped: list[str] = []


def on_a_machine(item: pytest.Item) -> bool:
    """Whether it takes a virtual machine: those have a part of the run for root, with all tiers."""
    return item.get_closest_marker("vm") is not None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Whatever lies in tests/kernel is a kernel test, and every test is in one tier.

    What this run does not take is deselected, and so is what only root can try, if this is not
    root: it runs in the part that is root's.  A list of all tests (``--collect-only``) has it.
    """
    others = os.geteuid() != 0 and not config.option.collectonly
    left_out = []
    for item in items:
        if KERNEL in item.path.parents:
            item.add_marker(pytest.mark.kernel)
        try:
            tier = tiers.tier_of(item.nodeid, {mark.name for mark in item.iter_markers()})
        except tiers.Ambiguous as error:
            raise pytest.UsageError(str(error)) from None
        if tier == tiers.PER_COMMIT and item.get_closest_marker("root") and not on_a_machine(item):
            raise pytest.UsageError(f"{item.nodeid} is only root's, so it is root-smoke or nightly")
        # Whatever root repeats beyond its own tier is for the night.
        counted = tiers.NIGHTLY if WANTED.startswith("root") and tier != tiers.ROOT_SMOKE else tier
        item.user_properties.append(("tier", counted))
        if (others and item.get_closest_marker("root")) or not tiers.runs(
            tier, item.nodeid, wanted=WANTED, seed=SEED
        ):
            left_out.append(item)
    if left_out:
        out = set(left_out)
        items[:] = [item for item in items if item not in out]
        config.hook.pytest_deselected(items=left_out)


@pytest.fixture(scope="session")
def forks() -> Iterator[warm.Forks]:
    """What forks agents for the tests of this process."""
    made = warm.Forks()
    yield made
    made.end()


@pytest.fixture(autouse=True)
def agents_are_forked(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have labs start in a quarter of the time, where nothing but the lab is of interest."""
    tier = dict(request.node.user_properties)["tier"]
    if (
        WANTED.startswith(tiers.PER_COMMIT)
        and tier != tiers.ROOT_SMOKE
        and request.node.get_closest_marker("kernel")
        and not request.node.get_closest_marker("alone")
    ):
        monkeypatch.setattr(local, "_spawn", request.getfixturevalue("forks").spawn)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note what was skipped, and why.  An expected failure counts as skipped in pytest too."""
    if report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        _skipped.append(f"{report.nodeid}: {reason}")


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """A whole module can be skipped while it is collected."""
    if report.skipped:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        _skipped.append(f"{report.nodeid}: {reason}")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """A skipped test fails the session where skipping is forbidden."""
    if NO_SKIP and _skipped and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name what was skipped where that is a failure."""
    if NO_SKIP and _skipped:
        terminalreporter.section("skipped, which is forbidden here", red=True)
        for line in _skipped:
            terminalreporter.write_line(line)
