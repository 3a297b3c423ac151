"""``conform COMMAND``: what is done with recorded runs.

A command is a module with ``arguments(parser)`` and ``main(options) -> int``, and the first line of its docstring is
its help. Exit status: 0 good, 1 not good, 2 asked for something impossible, 3 no answer; 130 interrupted.
"""

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

from reports.errors import Invalid, Undecided
from reports.record import RecordError

COMMANDS = {
    "show": "show",
    "merge": "merge",
    "durations": "durations",
    "page": "html",
    "history": "history",
    "matrix": "matrix",
    "compare": "compared",
    "upgrade": "upgrade",
    "gate": "gate",
    "baseline": "baseline",
    "ci": "ci",
}
"""Command -> its module."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status. What goes wrong is one sentence on stderr."""
    parser = argparse.ArgumentParser("conform", description=(__doc__ or "").partition("\n")[0])
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for name, place in COMMANDS.items():
        module = importlib.import_module(f"reports.{place}")
        summary = (module.__doc__ or "").partition("\n")[0]
        command = commands.add_parser(name, help=summary, description=summary)
        module.arguments(command)
        command.set_defaults(main=module.main)
    options = parser.parse_args(arguments)
    try:
        status: int = options.main(options)
    except Invalid as error:
        return _say(error, 2)
    except (Undecided, RecordError) as error:
        return _say(error, 3)
    except BrokenPipeError:  # the reader, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        return _say(f"{error.filename or 'a file'}: {error.strerror}", 3)
    except KeyboardInterrupt:
        return _say("interrupted", 130)
    return status


def _say(sentence: object, status: int) -> int:
    print(f"conform: {sentence}", file=sys.stderr)
    return status
