"""Parts of Markdown for GitHub: text from a pull request that nothing there makes live, and how much of it fits."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from gategit.model import Unchecked
from gategit.report.escaping import shorten, visible, xml
from gategit.report.summary import grouped_unchecked, plural

COMMENT_LIMIT = 65_536
"""Characters in a comment on a pull request."""

_MAX_REASONS = 20
_MAX_NAMES = 10
_LIVE = re.compile(r"@|#|://|www\.|GH-\d|\b[0-9a-f]{7,64}\b|^:\w+:$", re.IGNORECASE)


def size(text: str) -> int:
    """Bytes of a text, which is what GitHub's limits are about."""
    return len(text.encode())


def first(items: Iterable[str], room: int) -> list[str]:
    """As many of the items, from the first on, as there is room for."""
    found: list[str] = []
    for item in items:
        room -= size(item)
        if room < 0:
            break
        found.append(item)
    return found


def prose(text: str) -> str:
    """Write text for an HTML block: words that GitHub would make live go into ``<code>``."""
    return "".join(_words(visible(text)))


def _words(text: str) -> Iterator[str]:
    for word in re.split(r"( +)", text):
        yield f"<code>{xml(word)}</code>" if _LIVE.search(word) else xml(word)


def unchecked_section(unchecked: Sequence[Unchecked], title: str = "Not checked", *, opened: bool = False) -> str:
    """What was not looked at, folded away; "" where there is nothing."""
    groups = grouped_unchecked(unchecked)
    if not groups:
        return ""
    text = f"<details{' open' if opened else ''}><summary>{title}: {len(unchecked):,}</summary>\n<ul>\n"
    room = 3000
    written = 0
    for reason, names in list(groups.items())[:_MAX_REASONS]:
        few = " ".join(f"<code>{xml(shorten(name, 100))}</code>" for name in names[:_MAX_NAMES])
        more = f" and {len(names) - _MAX_NAMES:,} more" if len(names) > _MAX_NAMES else ""
        item = f"<li>{len(names):,}: {prose(shorten(reason, 300))}: {few}{more}</li>\n"
        if room < size(item):
            break
        room -= size(item)
        written += 1
        text += item
    if written < len(groups):
        text += f"<li>{plural(len(groups) - written, 'more reason')} not shown</li>\n"
    return f"{text}</ul>\n</details>\n\n"
