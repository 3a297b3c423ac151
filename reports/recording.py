"""The pytest plugin that writes a run's record, on the controller, and says the verdict at the end.

Every line is written when its test reports, also under xdist; a worker that dies or hangs leaves one row for the test
it was in. At the end the record is compressed, and what was planned is compared with what was recorded: exit status 0
alone proves nothing. Where there is no more room, the run ends with status 3, and what was written stays readable.
"""

import datetime
import time
from collections.abc import Generator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import pytest

from conformance.case import KINDS
from conformance.catalogue import AREAS, area
from conformance.divergence import divergences
from conformance.frameworks import chosen
from conformance.plan import Absent, Test, by_device
from fixtures.conform import whole
from fixtures.options import OPTIONS
from fixtures.shards import shard
from reports import ci, html, storage
from reports.described import described
from reports.errors import Undecided
from reports.fingerprint import fingerprint, suite
from reports.record import (
    FORMAT,
    DivergenceInfo,
    Figure,
    Footer,
    FrameworkLine,
    Header,
    Line,
    Observation,
    Planned,
    Run,
    Spent,
    Start,
    Timing,
    Writer,
    decode,
    read,
)
from reports.terminal import summary
from reports.verdict import Verdict, verdict


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput") or config.option.collectonly:
        return
    given = config.getoption("run_dir")
    directory = Path(given) if given else None
    if directory is not None:
        _check(directory)
    config.pluginmanager.register(Recorder(config, directory), "conformance-recorder")


def _check(directory: Path) -> None:
    """Raise ``UsageError`` if a run cannot be written to ``directory``; nothing is overwritten."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        probe = directory / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise pytest.UsageError(f"--run-dir {directory}: cannot be written ({error.strerror})") from error
    if any(directory.glob("record.*")):
        raise pytest.UsageError(f"--run-dir {directory}: holds the record of another run, which is not overwritten")


class Recorder:
    """Receives reports on the controller (or in the only process)."""

    def __init__(self, config: pytest.Config, directory: Path | None) -> None:
        self.config = config
        self.directory = directory
        self.writer: Writer | None = None
        self.plannable: dict[str, Test | Absent] = {}
        self.planned: dict[str, Planned] = {}
        self.began = time.monotonic()
        self.problems: list[str] = []
        self.reported: set[str] = set()
        self.notes: list[str] = []
        self.verdict: Verdict | None = None
        self.run: Run | None = None
        self.page: Path | None = None

    # What will run

    @pytest.hookimpl(wrapper=True)
    def pytest_sessionstart(self) -> Generator[None, None, None]:
        """Where workers collect, everything that they may: they take as long to start."""
        yield
        if self.config.getoption("numprocesses", None):
            options = self.config.stash[OPTIONS]
            self.plannable = {t.id: t for name in _areas(self.config.args) for t in by_device(name, options)}

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        if not self.config.getoption("numprocesses", None):
            found = [item.callspec.params.get("conform") for item in session.items if hasattr(item, "callspec")]
            self.plannable = {t.id: t for t in found if isinstance(t, Test | Absent)}
            self._plan([item.nodeid for item in session.items])

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        if self.writer is None:  # every worker collects the same; the first one's list is the plan
            self._plan(ids)

    def _plan(self, node_ids: list[str]) -> None:
        options = self.config.stash[OPTIONS]
        tests = [self.plannable[i] for i in map(_parameter, node_ids) if i in self.plannable]
        self.planned = {t.id: t.planned(options.dtypes) for t in tests}
        part = shard(self.config)
        if not self.planned and not (part and part.tests):
            return
        now = datetime.datetime.now(datetime.UTC)
        if self.directory is None:
            self.directory = self.config.rootpath / "reports" / "runs" / now.strftime("%Y-%m-%dT%H-%M-%S.%f")[:-3]
            try:
                self.directory.mkdir(parents=True)
            except OSError as error:
                pytest.exit(f"{self.directory}: cannot be written ({error.strerror}); give --run-dir", returncode=4)
        try:
            self.writer = Writer(self.directory)
        except OSError as error:
            pytest.exit(f"{self.directory}: cannot be written ({error.strerror}).", returncode=3)
        areas = {t.area for t in self.planned.values()}
        functions: dict[str, str] = {}
        cases = tuple(described(name, case, functions) for name in AREAS if name in areas for case in area(name))
        self._write(
            Header(
                FORMAT,
                suite(),
                now.isoformat(timespec="seconds"),
                options.seed,
                {
                    "frameworks": list(options.frameworks),
                    "dtypes": list(options.dtypes),
                    "modes": list(options.modes),
                    "require": self.config.getoption("require"),
                    "selection": " ".join(self.config.invocation_params.args),
                    "mnist": self.config.getoption("mnist") is not None,
                    "tweets": self.config.getoption("tweets") is not None,
                },
                fingerprint(),
                tuple(self.planned.values()),
                cases,
                tuple(
                    DivergenceInfo(d.id, d.framework, d.reason, d.agree, d.sources, d.scope)
                    for d in divergences()
                    if d.applies() and any(map(d.of, (*chosen(), *options.frameworks)))
                ),
                {kind.name: dict(kind.limits) for kind in KINDS.values()},
                functions=functions,
                shard=part,
            )
        )

    # What happens

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        if _parameter(nodeid) in self.planned:
            self._write(Start(_parameter(nodeid)))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        test = self.planned.get(_parameter(report.nodeid))
        if self.writer is None or test is None:
            return
        text = getattr(report, "conformance", None)
        if text is not None:
            self.reported.add(test.test)
            for row in text.splitlines():
                line = decode(row)
                assert isinstance(line, Observation | Figure | FrameworkLine | Spent | Timing)
                self._write(line)
        elif report.failed and test.test not in self.reported:  # the worker never reported: it died in this test
            self.reported.add(test.test)
            message = " ".join(str(report.longrepr).split())[:300]
            self._write(whole(test, "crashed", message, test.checks))
        if report.failed and report.when == "teardown":
            self.problems.append(" ".join(str(report.longrepr).split())[:300])
        unusable = getattr(report, "unusable", "")
        if unusable:
            self.problems.append(unusable)
            pytest.exit(unusable, returncode=1)

    def _write(self, line: Line) -> None:
        if self.writer is None:
            return
        try:
            self.writer.write(line)
        except OSError as error:
            self._lost(error)

    def _lost(self, error: OSError) -> NoReturn:
        """There is no room for the record: end the run."""
        writer, self.writer = self.writer, None
        assert writer is not None
        with suppress(OSError):
            writer.close()
        kept = f"what was observed until then is kept: conform show {self.directory}"
        if not writer.path.stat().st_size:
            writer.path.unlink()
            kept = "nothing was observed"
        pytest.exit(f"{writer.path}: cannot be written ({error.strerror}); {kept}.", returncode=3)

    # What it came to

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        if self.writer is None or self.directory is None:
            return
        interrupted = exitstatus == pytest.ExitCode.INTERRUPTED
        problems = tuple(dict.fromkeys(self.problems))
        try:
            self.writer.write(Footer(_now(), round(time.monotonic() - self.began, 2), problems, interrupted))
            self.writer.close()
        except OSError as error:
            self._lost(error)
        try:
            storage.compress(self.writer.path)
        except OSError as error:
            self.notes.append(f"The record is complete, and could not be compressed ({error.strerror}).")
        self.run = run = read(self.directory)
        self.verdict = verdict(run)
        if interrupted:
            n = sum(o.covers for o in run.observations)
            self.notes.append(f"Interrupted: {n} checks are in the record; conform show {self.directory} prints them.")
        try:
            self.page = html.write(run, self.directory / "index.html")
        except (OSError, Undecided) as error:
            self.notes.append(f"The page could not be written ({error}).")
        if self.config.getoption("run_dir") is None:
            _link(self.directory.parent / "latest", self.directory)
        if session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
            session.exitstatus = pytest.ExitCode.OK if self.verdict.conformant else pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.run is None or self.verdict is None:
            return
        terminalreporter.section("conformance", sep="=")
        terminalreporter.write_line(
            summary(self.run, self.verdict, terminalreporter._tw.fullwidth, times=self.config.getoption("times"))
        )
        colour = {"green": self.verdict.conformant, "red": not self.verdict.conformant}
        terminalreporter.write_line(self.verdict.sentence, bold=True, **colour)
        for note in self.notes:
            terminalreporter.write_line(note)
        if self.page is not None:
            terminalreporter.write_line(f"Report: {self.page}")
        if said := ci.announce(self.run, self.verdict):
            terminalreporter.write_line(said)


def _areas(arguments: Sequence[str]) -> tuple[str, ...]:
    """The areas whose tests pytest is pointed at; all, unless at nothing but their files."""
    files = {Path(a.partition("::")[0]).name for a in arguments}
    of_file = {f"test_{name}.py": name for name in AREAS}
    return tuple(of_file[f] for f in of_file if f in files) if files <= set(of_file) else AREAS


def _parameter(node_id: str) -> str:
    """The test's id, between the brackets of its node id."""
    return node_id.partition("[")[2].rpartition("]")[0]


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def _link(link: Path, target: Path) -> None:
    """Point ``latest`` at a run; where links are not allowed, leave it."""
    try:
        link.unlink(missing_ok=True)
        link.symlink_to(target.name)
    except OSError:
        return
