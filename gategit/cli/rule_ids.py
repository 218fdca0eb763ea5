"""Which rule ids a command line may name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gategit.config import CONFIG_FILE, Config, load_config
from gategit.errors import ConfigError, UsageError
from gategit.nearest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable


def complete_rule(incomplete: str) -> list[str]:
    """Rule ids for shell completion."""
    from gategit.rules import known_ids  # noqa: PLC0415  reads every policy

    return [rule for rule in sorted(known_ids()) if rule.startswith(incomplete)]


def check_rule_ids(option: str, ids: Iterable[str], config: Path | None) -> frozenset[str]:
    """Refuse an id that no rule has: it would select nothing, and a gate that looks at nothing would open.

    Args:
        option: the option that names them, for the message.
        ids: what it names.
        config: ``--config``, or None.

    Raises:
        UsageError: there is no such rule.
    """
    wanted = frozenset(ids)
    if not wanted:
        return wanted
    from gategit.rules import known_ids  # noqa: PLC0415  reads every policy: only who names a rule pays for it

    known = known_ids()
    if not wanted <= known:
        known |= own_policy_ids(config)
    for rule in sorted(wanted - known):
        raise UsageError(
            f"{option}: there is no rule {rule}{did_you_mean(rule, known)}",
            "the report names each finding's rule; gategit explain RULE says what it asks",
        )
    return wanted


def own_policy_ids(config: Path | None) -> frozenset[str]:
    """The ids of the policies in the config's folders, by their files' names; nothing is imported or run.

    A config that cannot be read has none here: the gate itself says what is wrong with it.
    """
    from gategit.init_repository import find_root  # noqa: PLC0415  the same

    root = find_root(Path.cwd())
    path = config or root / CONFIG_FILE
    try:
        settings = load_config(path.read_bytes(), str(path))
    except (OSError, ConfigError):
        settings = Config()
    files = (file for folder in settings.policies.folders for file in (root / folder).rglob("*.py"))
    return frozenset(file.stem.replace("_", "-") for file in files)
