"""The formats that the API server checks, as patterns. Unknown formats say nothing, as there."""

from __future__ import annotations

from typing import Any, Final

from gategit.checks.schema.node import means

_IPV4: Final = r"(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])\.){3}(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_HEX: Final = "[0-9a-fA-F]"

_DATE_TIME: Final = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[Tt\s][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?"
    r"(?:[Zz]|[+-][0-9]{2}:?[0-9]{2})?)?$"
)
BASE64: Final = (
    r"^[\r\n]*(?:(?:[A-Za-z0-9+/][\r\n]*){4})*"
    r"(?:(?:[A-Za-z0-9+/][\r\n]*){2}=[\r\n]*=[\r\n]*|(?:[A-Za-z0-9+/][\r\n]*){3}=[\r\n]*)?$"
)
"""Base64 as Go decodes it: line ends do not count."""
_CIDR: Final = rf"^(?:{_IPV4}/(?:3[0-2]|[12]?[0-9])|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*/(?:12[0-8]|1[01][0-9]|[1-9]?[0-9]))$"
_DURATION: Final = (
    r"^[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)\s*[A-Za-z\x{b5}\x{3bc}]+"
    r"(?:[\s,]*(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)\s*[A-Za-z\x{b5}\x{3bc}]+)*$|^0$"
)

_FORMATS: Final[dict[str, tuple[str, str]]] = {
    "date": (r"^[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])$", "a date such as 2026-01-31"),
    "date-time": (_DATE_TIME, "a date and time such as 2026-01-31T12:00:00Z"),
    "byte": (BASE64, "base64 text"),
    "uuid": (rf"^{_HEX}{{8}}-?{_HEX}{{4}}-?{_HEX}{{4}}-?{_HEX}{{4}}-?{_HEX}{{12}}$", "a UUID"),
    "ipv4": (rf"^{_IPV4}$", "an IPv4 address"),
    "ipv6": (rf"^[0-9a-fA-F:]*:[0-9a-fA-F:]*(?:{_IPV4})?(?:%.+)?$", "an IPv6 address"),
    "mac": (rf"^{_HEX}{{2}}(?:[:-]{_HEX}{{2}}){{5,19}}$|^{_HEX}{{4}}(?:\.{_HEX}{{4}}){{2,9}}$", "a MAC address"),
    "cidr": (_CIDR, "an address range such as 10.0.0.0/8"),
    "duration": (_DURATION, "a duration such as 1h30m"),
}


def format_rules(name: str, types: list[str]) -> dict[str, Any]:
    """The keywords that a format stands for; it speaks of texts alone."""
    known = _FORMATS.get(name)
    if known is None or (types and "string" not in types):
        return {}
    return {"pattern": known[0], **means(known[1])}
