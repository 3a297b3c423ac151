"""Where the time goes."""

import contextlib
import sys
import time
from collections import defaultdict
from collections.abc import Iterator


class Clock:
    """What a process spends its time on, from now on: each second is counted once, for what is innermost."""

    def __init__(self) -> None:
        self._spent: defaultdict[str, float] = defaultdict(float)
        self._doing = "harness"
        self._since = time.perf_counter()

    def _count(self) -> None:
        now = time.perf_counter()
        self._spent[self._doing] += now - self._since
        self._since = now

    @contextlib.contextmanager
    def spending(self, what: str) -> Iterator[None]:
        """Count the time inside for ``what``."""
        self._count()
        before, self._doing = self._doing, what
        try:
            yield
        finally:
            self._count()
            self._doing = before

    def taken(self) -> dict[str, float]:
        """Seconds by what they were spent on, since this was last asked."""
        self._count()
        spent, self._spent = self._spent, defaultdict(float)
        return dict(spent)


def peak_memory() -> int:
    """The most that this process has held in memory so far, in bytes; 0 where the system does not say."""
    if sys.platform == "win32":
        return 0
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else 1024 * most  # Linux counts kibibytes
