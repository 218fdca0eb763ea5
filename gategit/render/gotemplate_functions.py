"""The functions that ApplicationSets' templates call: those of sprig that are in use, and Argo CD's own.

Each does what its namesake in ``github.com/Masterminds/sprig/v3`` does with the values for which that is simple to say,
and refuses others with ``NotUnderstoodError``. Functions that look at the clock, at chance, or at the machine are
left out.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import Any, Final

from gategit.manifests.decode import decode
from gategit.render.gotemplate import (
    MAX_TEXT,
    Function,
    Missing,
    NotUnderstoodError,
    TemplateError,
    go_text,
    truth,
)

_MAX_NAME: Final = 253
_WHITE: Final = " \t\n\v\f\r\x85\xa0"


def normalize(name: str) -> str:
    """A name of letters, digits, ``-`` and ``.`` (``SanitizeName``)."""
    clean = re.sub(r"[^-a-z0-9.]", "-", name.lower())
    return clean[:_MAX_NAME].strip("-.")


def _texts(name: str, *values: Any) -> None:
    if not all(isinstance(one, str) for one in values):
        raise NotUnderstoodError(f"the function {name} of something that is no text")


def _small(length: int) -> None:
    if length > MAX_TEXT:
        raise NotUnderstoodError("more text than gategit follows")


def _of_text(name: str, call: Any) -> Function:
    """A function of texts alone."""

    def function(*values: Any) -> Any:
        _texts(name, *values)
        return call(*values)

    return function


def _string(value: Any) -> str:
    """``toString``."""
    return "<nil>" if value is None else go_text(value)


def _whole(value: Any) -> int:
    """``int64``: a number, or a text that is one; of anything else 0."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int | float):
        if abs(value) >= 1 << 53:
            raise NotUnderstoodError("a number that large")
        return int(value)
    if isinstance(value, str):
        if re.fullmatch(r"[+-]?(?:0|[1-9]\d{0,15})", value):
            return int(value)
        raise NotUnderstoodError("a number of a text that is none")
    return 0


def _list(name: str, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise NotUnderstoodError(f"the function {name} of something that is no list")
    return value


def _map(name: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise NotUnderstoodError(f"the function {name} of something that is no map")
    return value


def _default(fallback: Any, *given: Any) -> Any:
    return given[0] if given and truth(given[0]) else fallback


def _coalesce(*values: Any) -> Any:
    return next((one for one in values if truth(one)), None)


def _ternary(yes: Any, no: Any, condition: Any) -> Any:
    if not isinstance(condition, bool):
        raise NotUnderstoodError("ternary of something that is neither true nor false")
    return yes if condition else no


def _trunc(length: Any, text: Any) -> str:
    _texts("trunc", text)
    if not isinstance(length, int) or not text.isascii():
        raise NotUnderstoodError("trunc of this text")
    if length < 0:
        return str(text[length:]) if len(text) + length > 0 else str(text)
    return str(text[:length])


def _replace(old: Any, new: Any, text: Any) -> str:
    _texts("replace", old, new, text)
    _small(len(text) + (text.count(old) if old else len(text) + 1) * len(new))
    return str(text.replace(old, new))


def _repeat(count: Any, text: Any) -> str:
    _texts("repeat", text)
    if not isinstance(count, int) or count < 0:
        raise NotUnderstoodError("repeat with this number")
    _small(count * len(text))
    return str(text * count)


def _indent(count: Any, text: Any) -> str:
    _texts("indent", text)
    if not isinstance(count, int) or count < 0:
        raise NotUnderstoodError("indent with this number")
    _small(len(text) + (text.count("\n") + 1) * count)
    return "\n".join(f"{' ' * count}{line}" for line in text.split("\n"))


def _split(separator: Any, text: Any) -> dict[str, str]:
    _texts("split", separator, text)
    return {f"_{index}": one for index, one in enumerate(_split_list(separator, text))}


def _split_list(separator: str, text: str) -> list[str]:
    _texts("splitList", separator, text)
    return text.split(separator) if separator else list(text)


def _split_first(separator: Any, count: Any, text: Any) -> dict[str, str]:
    _texts("splitn", separator, text)
    if not isinstance(count, int) or count < 1 or not separator:
        raise NotUnderstoodError("splitn with this number")
    return {f"_{index}": one for index, one in enumerate(text.split(separator, count - 1))}


def _join(separator: Any, value: Any) -> str:
    _texts("join", separator)
    items = [one for one in value if one is not None] if isinstance(value, list) else [value]
    return str(separator).join(_string(one) for one in items)


def _quote(mark: str) -> Function:
    def quote(*values: Any) -> str:
        parts = [_string(one) for one in values if one is not None]
        if mark == '"' and not all(part.isprintable() for part in parts):
            raise NotUnderstoodError("quote of a text with signs that cannot be printed")
        return " ".join(json.dumps(part, ensure_ascii=False) if mark == '"' else f"'{part}'" for part in parts)

    return quote


def _dig(*values: Any) -> Any:
    """``dig "a" "b" fallback map``."""
    if len(values) < 3:
        raise NotUnderstoodError("dig with so few values")
    *keys, fallback, where = values
    _texts("dig", *keys)
    for key in keys:
        if not isinstance(where, dict):
            raise TemplateError("it digs into something that is no map")
        if key not in where:
            return fallback
        where = where[key]
    return where


def _get(where: Any, key: Any) -> Any:
    return _map("get", where).get(key, "")


def _pairs(*values: Any) -> dict[str, Any]:
    keys = [_string(one) for one in values[::2]]
    items = [*values[1::2], ""] if len(values) % 2 else list(values[1::2])
    return dict(zip(keys, items, strict=True))


def _concat(*values: Any) -> list[Any]:
    lists = [_list("concat", value) for value in values]
    _small(sum(map(len, lists)) * 100)
    return [one for value in lists for one in value]


def _has(needle: Any, value: Any) -> bool:
    if value is None:
        return False
    return any(type(one) is type(needle) and one == needle for one in _list("has", value))


def _until(count: Any) -> list[int]:
    if not isinstance(count, int) or not 0 <= count <= 1000:
        raise NotUnderstoodError("until with this number")
    return list(range(count))


def _divide(a: Any, b: Any) -> int:
    left, right = _whole(a), _whole(b)
    if right == 0:
        raise TemplateError("it divides by zero")
    return int(abs(left) // abs(right)) * (1 if (left < 0) == (right < 0) else -1)


def _product(*values: Any) -> int:
    result = 1
    for one in values:
        result *= _whole(one)
    return _whole(result)


def _fail(message: Any) -> str:
    raise TemplateError(f"it fails with: {_string(message)[:200]}")


def _atoi(text: Any) -> int:
    _texts("atoi", text)
    return int(text) if re.fullmatch(r"[+-]?\d{1,15}", text) else 0


def _from_yaml(text: Any) -> Any:
    _texts("fromYaml", text)
    decoded = decode(text.encode("utf-8", "replace"), "values.yaml")
    if decoded.problems or not decoded.documents:
        raise NotUnderstoodError("fromYaml of a text that is no YAML")
    return decoded.documents[0].data


def to_yaml(value: Any) -> str:
    """Plain data as YAML, keys in order; texts stand in quotes where Argo CD would leave them out."""
    return "\n".join(_yaml_lines(value))


def _yaml_lines(value: Any) -> list[str]:
    if isinstance(value, dict) and value:
        lines: list[str] = []
        for key in sorted(value, key=str):
            inner = value[key]
            head = f"{json.dumps(str(key), ensure_ascii=False)}:"
            if isinstance(inner, dict | list) and inner:
                lines += [head, *(f"  {line}" for line in _yaml_lines(inner))]
            else:
                lines.append(f"{head} {_yaml_scalar(inner)}")
        return lines
    if isinstance(value, list) and value:
        lines = []
        for one in value:
            first, *rest = _yaml_lines(one)
            lines += [f"- {first}", *(f"  {line}" for line in rest)]
        return lines
    return [_yaml_scalar(value)]


def _yaml_scalar(value: Any) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1 << 53:
        value = int(value)
    if value is Missing.VALUE:
        value = None
    return json.dumps(value, ensure_ascii=False)


def _to_json(value: Any) -> str:
    """``toJson``; Go writes what HTML might take for its own as escapes."""
    text = json.dumps(_plain(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return re.sub("[<>&\u2028\u2029]", lambda found: f"\\u{ord(found[0]):04x}", text)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < 1 << 53:
        return int(value)
    return None if value is Missing.VALUE else value


FUNCTIONS: Final[Mapping[str, Function]] = {
    "normalize": _of_text("normalize", normalize),
    "default": _default,
    "empty": lambda value: not truth(value),
    "coalesce": _coalesce,
    "ternary": _ternary,
    "fail": _fail,
    "lower": _of_text("lower", str.lower),
    "upper": _of_text("upper", str.upper),
    "trim": _of_text("trim", lambda text: text.strip(_WHITE)),
    "trimAll": _of_text("trimAll", lambda signs, text: text.strip(signs) if signs else text),
    "trimPrefix": _of_text("trimPrefix", lambda prefix, text: text.removeprefix(prefix)),
    "trimSuffix": _of_text("trimSuffix", lambda suffix, text: text.removesuffix(suffix)),
    "trunc": _trunc,
    "replace": _replace,
    "contains": _of_text("contains", lambda needle, text: needle in text),
    "hasPrefix": _of_text("hasPrefix", lambda prefix, text: text.startswith(prefix)),
    "hasSuffix": _of_text("hasSuffix", lambda suffix, text: text.endswith(suffix)),
    "repeat": _repeat,
    "indent": _indent,
    "nindent": lambda count, text: "\n" + _indent(count, text),
    "quote": _quote('"'),
    "squote": _quote("'"),
    "nospace": _of_text("nospace", lambda text: re.sub(r"\s", "", text)),
    "toString": _string,
    "split": _split,
    "splitn": _split_first,
    "splitList": _split_list,
    "join": _join,
    "b64enc": _of_text("b64enc", lambda text: base64.b64encode(text.encode()).decode()),
    "list": lambda *values: list(values),
    "tuple": lambda *values: list(values),
    "first": lambda value: next(iter(_list("first", value)), None),
    "last": lambda value: next(reversed(_list("last", value)), None),
    "rest": lambda value: _list("rest", value)[1:],
    "initial": lambda value: _list("initial", value)[:-1],
    "reverse": lambda value: _list("reverse", value)[::-1],
    "append": lambda value, one: [*_list("append", value), one],
    "prepend": lambda value, one: [one, *_list("prepend", value)],
    "concat": _concat,
    "compact": lambda value: [one for one in _list("compact", value) if truth(one)],
    "has": _has,
    "until": _until,
    "dict": _pairs,
    "get": _get,
    "hasKey": lambda where, key: key in _map("hasKey", where),
    "dig": _dig,
    "int": _whole,
    "int64": _whole,
    "atoi": _atoi,
    "add": lambda *values: _whole(sum(map(_whole, values))),
    "add1": lambda value: _whole(value) + 1,
    "sub": lambda a, b: _whole(a) - _whole(b),
    "mul": _product,
    "div": _divide,
    "toJson": _to_json,
    "toYaml": to_yaml,
    "fromYaml": lambda text: _map("fromYaml", _from_yaml(text)),
    "fromYamlArray": lambda text: _list("fromYamlArray", _from_yaml(text)),
}
"""By name."""

_OTHERS: Final = (
    "slugify abbrev abbrevboth add1f addf adler32sum ago all any b32dec b32enc b64dec base bcrypt biggest "
    "buildCustomCert camelcase cat ceil chunk clean date dateInZone dateModify decryptAES deepCopy deepEqual "
    "derivePassword dir divf duration durationRound encryptAES ext float64 floor fromJson genCA genCAWithKey "
    "genPrivateKey genSelfSignedCert genSelfSignedCertWithKey genSignedCert genSignedCertWithKey hello htmlDate "
    "htmlDateInZone htpasswd initials isAbs kebabcase keys kindIs kindOf max maxf merge mergeOverwrite min minf "
    "mod mulf mustAppend mustChunk mustCompact mustDateModify mustDeepCopy mustFirst mustFromJson mustHas "
    "mustInitial mustLast mustMerge mustMergeOverwrite mustPrepend mustRegexFind mustRegexFindAll mustRegexMatch "
    "mustRegexReplaceAll mustRegexReplaceAllLiteral mustRegexSplit mustRest mustReverse mustSlice mustToDate "
    "mustToJson mustToPrettyJson mustToRawJson mustUniq mustWithout now omit osBase osClean osDir osExt osIsAbs "
    "pick pluck plural randAlpha randAlphaNum randAscii randBytes randInt randNumeric regexFind regexFindAll "
    "regexMatch regexQuoteMeta regexReplaceAll regexReplaceAllLiteral regexSplit round semver semverCompare seq "
    "set sha1sum sha256sum sha512sum shuffle slice snakecase sortAlpha subf substr swapcase title toDate "
    "toDecimal toPrettyJson toRawJson toStrings trimall typeIs typeIsLike typeOf uniq unixEpoch unset untilStep "
    "untitle urlJoin urlParse uuidv4 values without wrap wrapWith"
)
OTHERS: Final = frozenset(_OTHERS.split())
"""What templates may call besides, of which nobody here knows what comes."""
