"""``python -m reports`` is ``conform``."""

from reports.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
