"""What commands say in one sentence, and the exit status that goes with it."""


class Invalid(Exception):
    """What was asked for makes no sense: a wrong option, an invalid policy. Exit status 2."""


class Undecided(Exception):
    """No answer could be given: a record is damaged or incomplete, an environment failed to build. Exit status 3."""
