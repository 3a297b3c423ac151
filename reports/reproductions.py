"""How to see one check for oneself: a stand-alone program, and the command that asks the suite again."""

from reports.comparison import Change
from reports.record import Header, Observation


def command(o: Observation, header: Header) -> str:
    """What asks again for one check (of a test, where the row speaks for all of it), wherever it runs."""
    dtypes = f" --dtypes {o.dtype}" if o.dtype != "*" else ""
    modes = f" --modes {o.mode}" if o.mode else ""
    return f'pytest conformance/test_{o.area}.py --seed {header.seed}{dtypes}{modes} -k "{o.test}"'


def program(change: Change, header: Header) -> str:
    """A stand-alone program: the record's, or one that is made of the row and of the inputs that this suite has for it.
    Empty if the row names no element and no error, or this suite does not know the check. Asks no framework.
    """
    if change.script:
        return change.script
    o = change.observation
    if o.route == "*" or o.worst is None:
        return ""
    from conformance.judge import program
    from conformance.plan import Options
    from conformance.workbench import Workbench

    try:
        return program(Workbench(Options(seed=header.seed)), o)
    except (LookupError, ValueError):  # a case, route, dtype or sample of another version of the suite
        return ""
