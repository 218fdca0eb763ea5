"""The fingerprint that GitHub gives to a line of a file, so that an alert stays the same when the line moves.

GitHub's upload action fills in ``partialFingerprints.primaryLocationLineHash`` where a SARIF file lacks it; its API
does not. So the gate computes the same value: for each line, a polynomial hash (base 37, modulo 2**64) of the 100
UTF-16 code units that start at the line's first character, spaces and tabs left out, every line break taken as LF,
the end of the file as the unit 65535 and nothing after it as zeros; then a colon and how many lines so far had the
same hash. (github/codeql-action, ``src/fingerprints.ts``.)
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import accumulate

_BLOCK = 100
_BASE = 37
_MASK = 2**64 - 1
_END_OF_FILE = 0xFFFF
_BASE_TO_BLOCK = pow(_BASE, _BLOCK, 2**64)
_IGNORED = re.compile(r"[ \t]+")
_LINE_FEED = 0x0A


def line_hashes(text: str) -> list[str]:
    r"""Hash every line of a file's whole text.

    Args:
        text: the file's content, decoded as UTF-8, invalid bytes replaced by U+FFFD. Lines end with LF, CRLF or CR.

    Returns:
        The hash of line 1, 2, and so on; the text after the last line break is a line, even an empty one.
    """
    # The order matters: in "\r \n" the line feed does not belong to the carriage return.
    squeezed = _IGNORED.sub("", re.sub("\r\n?", "\n", text))
    units = memoryview(squeezed.encode("utf-16-le", "surrogatepass")).cast("H").tolist()
    units.append(_END_OF_FILE)
    starts = [0, *(index + 1 for index, unit in enumerate(units) if unit == _LINE_FEED)]
    units += [0] * _BLOCK
    prefix = list(accumulate(units, lambda total, unit: (total * _BASE + unit) & _MASK, initial=0))
    seen: Counter[int] = Counter()
    hashes = []
    for start in starts:
        value = (prefix[start + _BLOCK] - prefix[start] * _BASE_TO_BLOCK) & _MASK
        seen[value] += 1
        hashes.append(f"{value:x}:{seen[value]}")
    return hashes
