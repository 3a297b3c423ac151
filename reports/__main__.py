"""``python -m reports RUN``: write the page of a recorded run again."""

import argparse
import sys
from pathlib import Path

from reports import html
from reports.record import RecordError, read

UNREADABLE = 3
"""Exit status where the record cannot be read or the page cannot be written."""


def main() -> int:
    parser = argparse.ArgumentParser("python -m reports", description="Write the page of a recorded run.")
    parser.add_argument("run", type=Path, metavar="RUN", help="the directory of a run, or its record")
    parser.add_argument("--output", type=Path, metavar="FILE", help="(default: index.html beside the record)")
    options = parser.parse_args()
    try:
        run = read(options.run)
        assert run.path is not None
        output = options.output or run.path.parent / "index.html"
        print(html.write(run, output))
    except RecordError as error:
        print(error, file=sys.stderr)
        return UNREADABLE
    except OSError as error:
        print(f"{output}: cannot be written ({error.strerror})", file=sys.stderr)
        return UNREADABLE
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
