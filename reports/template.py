"""What the pages of reports share: their frame (``page/base.html.j2``), filters, style and scripts, and how a page is
written. A page is one file, which needs nothing else."""

import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import jinja2
from markupsafe import Markup, escape

from reports import storage

PAGE = Path(__file__).parent / "page"


def render(template: str, scripts: Sequence[str] = (), **values: object) -> str:
    """A page as text. ``scripts`` are files of ``page/`` that follow ``shared.js``."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(PAGE), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"score": score, "svg": Markup, "source": source, "prose": prose, "count": count}
    return environment.get_template(template).render(
        **values,
        style=Markup((PAGE / "page.css").read_text(encoding="utf-8")),
        script=Markup("".join((PAGE / name).read_text(encoding="utf-8") for name in ("shared.js", *scripts))),
    )


def write(text: str, path: Path) -> Path:
    """Write a page and return its path. Raises ``OSError`` if it cannot be written; a page that was there stays as it
    was until the new one is complete."""
    return storage.put(text.encode(), path)


def score(value: float | str | None) -> str:
    """A score or a limit to three digits, with an exponent where it would be long; nothing where there is none."""
    if value is None:
        return ""
    number = float(value)
    return f"{float(f'{number:.3g}'):.0f}" if 1000 <= abs(number) < 1e5 else f"{number:.3g}"


def count(value: int) -> str:
    """A number with its thousands apart."""
    return f"{value:,}".replace(",", "\u202f")


def source(address: str) -> str:
    """The site of a source, as the text of a link to it."""
    return urlsplit(address).hostname or address


def prose(text: str) -> Markup:
    """A docstring's first paragraph; its code and the titles of its books as such."""
    shown = str(escape(text.split("\n\n")[0]))
    shown = re.sub(r"`{1,2}([^`]+)`{1,2}", r"<code>\1</code>", shown)
    return Markup(re.sub(r"(?<![\w*])\*([A-Z][^*]+)\*(?![\w*])", r"<em>\1</em>", shown))
