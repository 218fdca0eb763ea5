"""The house: imports point downward only, there are no cycles, and what costs time to import stays behind its door."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "gategit"

# From the roof to the ground. A module may import what stands below it, and its neighbours on the same floor as long
# as no circle comes of it. A module that no line names is a mistake: every new room gets its floor here.
FLOORS: tuple[frozenset[str], ...] = (
    frozenset({"gategit.__main__"}),
    frozenset({"gategit.cli", "gategit.init_repository"}),
    frozenset(
        {
            "gategit.dry_run_modes",
            "gategit.declared_tree",
            "gategit.dry_running",
            "gategit.gate",
            "gategit.gate_coverage",
            "gategit.gate_diff",
            "gategit.gate_drift",
            "gategit.gate_rehearsal",
            "gategit.gate_render",
            "gategit.gate_sandbox",
            "gategit.judging",
            "gategit.known_schemas",
            "gategit.policing",
            "gategit.preview",
            "gategit.object_changes",
            "gategit.rendered_judging",
            "gategit.rendered_objects",
            "gategit.rendered_tree",
            "gategit.render_cache",
            "gategit.rendering",
            "gategit.schema_store",
            "gategit.side",
            "gategit.supplied_definitions",
            "gategit.trusted",
            "gategit.waiving",
        }
    ),
    frozenset({"gategit.rules"}),
    frozenset(
        {
            "gategit.effect",
            "gategit.gate_changes",
            "gategit.judge",
            "gategit.links",
            "gategit.risk",
            "gategit.verdict",
        }
    ),
    frozenset({"gategit.render"}),
    frozenset({"gategit.checks"}),
    frozenset({"gategit.change", "gategit.report"}),
    # gategit's own files are decoded as manifests are.
    frozenset(
        {
            "gategit.config",
            "gategit.config_changes",
            "gategit.config_format",
            "gategit.inline_waivers",
            "gategit.repository",
            "gategit.settings",
            "gategit.waiver_edit",
            "gategit.waivers",
            "gategit.waivers_format",
        }
    ),
    frozenset({"gategit.manifests"}),
    frozenset(
        {
            "gategit.bundled",
            "gategit.cache",
            "gategit.ci_event",
            "gategit.cluster",
            "gategit.code_owners",
            "gategit.disk",
            "gategit.fingerprints",
            "gategit.git_trees",
            "gategit.globs",
            "gategit.nearest",
            "gategit.parallel",
            "gategit.process",
            "gategit.request",
            "gategit.sandbox",
            "gategit.tree",
            "gategit.user_cache",
        }
    ),
    frozenset({"gategit.model", "gategit.errors", "gategit"}),
)

HEAVY = (
    "typer",
    "click",
    "git",
    "jsonschema",
    "jsonschema_rs",
    "sarif_om",
    "ruamel",
    "kubernetes_validate",
    "aiohttp",
)


def _name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def _floor(module: str) -> int | None:
    """The floor of a module, counted from the ground; the longest name that fits decides."""
    parts = module.split(".")
    for length in range(len(parts), 0, -1):
        prefix = ".".join(parts[:length])
        for height, rooms in enumerate(reversed(FLOORS)):
            if prefix in rooms and (prefix != "gategit" or module == "gategit"):
                return height
    return None


def _imports(path: Path, *, late: bool = True) -> set[str]:
    """The modules of gategit that a file imports; imports for annotations alone are not counted.

    ``late`` says whether imports inside of functions are.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped: set[ast.AST] = set()
    for node in ast.walk(tree):
        if not late and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            skipped.update(ast.walk(node))
        if isinstance(node, ast.If) and ast.unparse(node.test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}:
            skipped.update(child for statement in node.body for child in ast.walk(statement))
    found: set[str] = set()
    for node in ast.walk(tree):
        if node in skipped:
            continue
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide where they point"
            base = node.module or ""
            found.update(f"{base}.{alias.name}" if f"{base}.{alias.name}" in MODULES else base for alias in node.names)
    return {name for name in found if name == "gategit" or name.startswith("gategit.")}


def test_every_module_has_a_floor() -> None:
    """A new module is given its place in the house."""
    assert [module for module in MODULES if _floor(module) is None] == []


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_downward(module: str) -> None:
    """No module imports, early or late, what stands above it."""
    own = _floor(module)
    assert own is not None
    upward = [name for name in sorted(_imports(MODULES[module])) if (_floor(name) or 0) > own]
    assert upward == []


def test_no_circle_of_imports() -> None:
    """No module needs itself to be imported: what a slow path imports late (`careful` for `decode`) may look back."""
    graph = {
        module: {name for name in _imports(path, late=False) if name in MODULES} for module, path in MODULES.items()
    }
    state: dict[str, int] = {}
    circles: list[str] = []

    def visit(module: str, trail: tuple[str, ...]) -> None:
        state[module] = 1
        for name in sorted(graph[module]):
            if state.get(name) == 1:
                circles.append(" > ".join([*trail[trail.index(name) :], name]))
            elif name not in state:
                visit(name, (*trail, name))
        state[module] = 2

    for module in graph:
        if module not in state:
            visit(module, (module,))
    assert circles == []


@pytest.mark.parametrize("policy", sorted((ROOT / "policies").rglob("*.py")), ids=lambda path: path.stem)
def test_policies_use_the_api_alone(policy: Path) -> None:
    """A built-in policy has no more in its hands than a user's own."""
    assert _imports(policy) <= {"gategit.checks.policy.api"}


@pytest.mark.parametrize("module", ["gategit.gate", "gategit.report", "gategit.config", "gategit.checks.policy.api"])
def test_heavy_libraries_wait_behind_their_door(module: str) -> None:
    """Importing a room loads no library that a small run may not need: start-up time counts."""
    code = f"import sys, {module}; print(*(name for name in {HEAVY!r} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
