"""The worker process: it loads policies, judges objects, and hands back what they say.

It runs as ``python -I -S`` with an empty environment in an empty folder, and can import the standard library and this
package (``gategit.checks.policy``) alone. Frames on its standard input and output are a length of four bytes and as
many bytes: marshal towards the worker, because it is the fastest and the parent is trusted, JSON back, because what
the worker says is not. The start of this module counts in every run of the gate: it imports little.
"""

from __future__ import annotations

import gc
import json
import marshal
import os
import signal
import sys
from collections.abc import Iterable
from importlib.machinery import SourceFileLoader

from gategit.checks.policy import api
from gategit.checks.policy.api import declare

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType, FrameType, TracebackType
    from typing import Any, NoReturn

    Subject = tuple[str, Any, Any, bool, str, str, tuple[str, ...]]

MOST_VIOLATIONS = 200  # of one policy for one object; more is a policy that does not end
_TRACEBACK_LINES = 5
_WORKLOADS = frozenset(api.WORKLOADS)


class _TimeLimitError(BaseException):
    """The policy used up its time. Not an Exception, so that a policy's own ``except Exception`` lets it through."""


class _Stopped(Exception):  # noqa: N818  a reason to end, not an error of the worker
    """What the policy did is not allowed; the text says what."""


class _NoOutput:
    """Stands for standard output: whoever writes is told that a policy must not."""

    encoding = "utf-8"

    def __init__(self) -> None:
        self.used = False

    def write(self, _text: str) -> NoReturn:
        self.used = True
        raise _Stopped("it wrote to standard output; a policy says what it has to say with Violation")

    def flush(self) -> None:
        """Nothing is kept back."""


class _Channel:
    """The frames from and to the parent."""

    def __init__(self, source: int, sink: int) -> None:
        self._source = source
        self._sink = sink

    def read(self) -> Any:
        """The next frame's value; None where the parent has closed the pipe."""
        head = self._read_bytes(4)
        return None if head is None else marshal.loads(self._read_bytes(int.from_bytes(head, "big")) or b"N")  # noqa: S302  the parent is trusted

    def _read_bytes(self, size: int) -> bytes | None:
        content = bytearray()
        while len(content) < size:
            part = os.read(self._source, min(size - len(content), 1 << 20))
            if not part:
                return None
            content += part
        return bytes(content)

    def write(self, value: object) -> None:
        """Send a value."""
        content = json.dumps(value, separators=(",", ":")).encode("utf-8", "surrogatepass")
        view = memoryview(len(content).to_bytes(4, "big") + content)
        while view:
            view = view[os.write(self._sink, view) :]


def main() -> None:  # noqa: C901  the whole conversation at a glance
    """Serve until the parent closes the pipe."""
    gc.disable()  # loading makes nothing but what stays
    channel, output = _take_over_descriptors()
    setup = channel.read()
    if setup is None:
        return
    policies: list[declare.Definition] = []
    network: str | None = None
    for index, file in enumerate(setup["policies"]):
        if file[2] is not None and network is None:
            # The built-in policies, which come first, are gategit's own code; from here on it is someone else's.
            network = _shut_in(setup["limits"], foreign=True)
        policy = _load(index, file, setup["limits"]["seconds"], channel)
        if policy is None:
            return  # the parent has been told why, and runs nothing
        policies.append(policy)
    if network is None:
        network = _shut_in(setup["limits"], foreign=False)
    channel.write({"ready": network})
    gc.collect()
    gc.freeze()  # the garbage of a batch is collected after it
    inventories = _Inventories(b"")
    batch = _Batch([], _Scene({}, inventories))
    while (message := channel.read()) is not None:
        what, value = message
        if what == "inventory":
            inventories = _Inventories(value)
        elif what == "scene":
            batch = _Batch([], _Scene(value, inventories))
        elif what == "objects":
            scene = batch.scene
            del batch, value, message
            gc.collect(1)  # what has lived longer, such as the inventory, is not looked at again
            batch = _Batch(channel.read() or [], scene)
        else:
            for index, parameters, seal in value:
                answer = batch.judge(index, policies[index], parameters, setup["limits"]["seconds"], output)
                channel.write({**answer, "seal": seal})


def _take_over_descriptors() -> tuple[_Channel, _NoOutput]:
    """Move the pipes to descriptors of their own, so that nothing that a policy prints can get in between."""
    channel = _Channel(os.dup(0), os.dup(1))
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)  # open for reading only: writing to it is an error of whoever does
    os.close(nothing)
    output = _NoOutput()
    for name in ("stdout", "__stdout__"):
        setattr(sys, name, output)  # it has all that print() needs
    return channel, output


def _shut_in(limits: dict[str, Any], *, foreign: bool) -> str:
    """Give up what a policy does not need.

    Args:
        limits: what the policies may use up.
        foreign: whether some of them are not gategit's own; for those that are, a slower wall is left out.

    Returns:
        "" where the kernel keeps the network out of reach, else why it does not.
    """
    sys.dont_write_bytecode = True
    _become_nobody()
    network = _leave_network()
    if foreign:
        _leave_files()
    _limit(limits)
    _raise_guard()
    return network


def _limit(limits: dict[str, Any]) -> None:
    """Have the kernel hold this process to its limits, for good."""
    try:
        import resource  # noqa: PLC0415  not everywhere
    except ImportError:  # not on Windows
        return
    for name, value in (
        ("RLIMIT_AS", limits["memory"]),
        ("RLIMIT_CPU", limits["cpu"]),
        ("RLIMIT_NOFILE", 32),
        ("RLIMIT_FSIZE", 0),
        ("RLIMIT_CORE", 0),
        ("RLIMIT_NPROC", 0),
    ):
        number = getattr(resource, name, None)
        if number is None:
            continue
        try:
            hard = resource.getrlimit(number)[1]
            value = value if hard == resource.RLIM_INFINITY else min(value, hard)  # noqa: PLW2901  never above the hard limit
            resource.setrlimit(number, (value, value))
        except (OSError, ValueError):  # macOS refuses some of them
            continue


def _raise_guard() -> None:  # noqa: C901  the hook is most of it
    """Add an audit hook (PEP 578) that refuses what no policy needs, whatever the system lets a process do.

    It keeps honest policies honest, and says in plain words what they must not do. The walls are the empty
    environment, the user, the namespaces and the limits. The hook holds nothing that a policy could reach and change:
    its words are constants, and its helpers are the defaults of its parameters, which it guards itself.
    """
    # What an import reads, and the time zones that zoneinfo reads. (pathlib costs more than all of this process.)
    folders = [os.path.dirname(module.__file__) for module in (os, api) if module.__file__]  # noqa: PTH120
    places = tuple(map(os.path.normpath, (*folders, *filter(None, sys.path), "/usr/share/zoneinfo")))
    writes = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

    def guard(  # noqa: C901, PLR0912, PLR0913, PLR0917  constants and bound helpers alone: a table could be changed
        event: str,
        arguments: tuple[Any, ...],
        readable: tuple[str, ...] = places,
        below: tuple[str, ...] = tuple(f"{place}{os.sep}" for place in places),
        writing: int = writes,
        normal: Callable[[str], str] = os.path.normpath,
        kind_of: type[type] = type,
        text: type[str] = str,
        number: type[int] = int,
        stopped: type[Exception] = _Stopped,
        # pathlib asks for the module of the other system, which there is not.
        system: frozenset[str] = frozenset((os.name, "_signal", "_thread")),
    ) -> None:
        what = ""
        if event == "open":
            path, _, flags = arguments
            if kind_of(flags) is number and flags & writing:
                what = "write a file"
            elif kind_of(path) is not text or not (normal(path) in readable or normal(path).startswith(below)):
                what = "read a file"
        elif event in {"os.listdir", "os.scandir"}:
            path = arguments[0]
            if path is None or path == ".":  # the folder that it was given, which is empty
                return
            if kind_of(path) is not text or not (normal(path) in readable or normal(path).startswith(below)):
                what = "list a folder"
        elif event == "import":
            if arguments[0] in {"ctypes", "_ctypes"}:
                what = "load a library"
            elif arguments[0] in {"_posixsubprocess", "subprocess"}:
                what = "start a process"
            elif arguments[0] in system:
                what = "get a module anew"
        elif event == "object.__setattr__":
            if arguments[1] in {"__code__", "__defaults__"} and kind_of(arguments[0]) is kind_of(guard):
                what = "change a function" if arguments[0] is guard else ""
        elif event.startswith("ctypes."):
            what = "load a library"
        elif event.startswith("socket."):
            what = "use the network"
        elif event.startswith(("os.fork", "os.exec", "os.posix", "os.spawn", "os.system", "subprocess.", "pty.")):
            what = "start a process"
        elif event.startswith(("os.kill", "signal.")):
            what = "send a signal"
        elif event.startswith("resource."):
            what = "change its limits"
        elif event.startswith("_thread.start"):
            what = "start a thread"
        elif event.startswith(("os.", "shutil.", "tempfile.", "sqlite3.connect", "fcntl.", "mmap.")):
            what = "open a file"
        if what:
            raise stopped(f"it tried to {what}; a policy judges the objects that it is given, and nothing else")

    def refuse(*_: object, **__: object) -> NoReturn:
        raise _Stopped("it tried to start a thread; a policy judges the objects that it is given, and nothing else")

    # What has no audit event: the start of a thread before Python 3.12, and signals by way of a descriptor.
    for module in ("_thread", "posix", "os", "_signal", "signal"):
        for name in ("start_new_thread", "start_new", "pidfd_open", "pidfd_send_signal"):
            if hasattr(sys.modules.get(module), name):
                setattr(sys.modules[module], name, refuse)
    for module in ("ctypes", "_ctypes"):
        sys.modules.pop(module, None)  # from here on the guard sees who asks for them
    sys.addaudithook(guard)


def _become_nobody() -> None:
    """Give up being root: root could read every file, and no limit on processes counts for it."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        return
    nobody = 65534  # the overflow user id of the kernel, which owns nothing
    try:
        os.seteuid(nobody)
        can_import = os.access(os.__file__, os.R_OK, effective_ids=True) and os.access(
            api.__file__, os.R_OK, effective_ids=True
        )
        os.seteuid(0)
        if can_import:  # not so where Python itself lives in root's home
            os.setgroups([])
            os.setgid(nobody)
            os.setuid(nobody)
    except OSError:  # a container without the capability
        return


def _leave_network() -> str:
    """Move into a network namespace of our own, where there is nothing, not even loopback."""
    if not sys.platform.startswith("linux"):
        return f"{sys.platform} has no network namespaces"
    flags = 0x10000000 | 0x40000000  # CLONE_NEWUSER | CLONE_NEWNET, linux/sched.h
    unshare = getattr(os, "unshare", None)  # Python 3.12
    try:
        if unshare is not None:
            unshare(flags)
            return ""
        import ctypes  # noqa: PLC0415  slow, and needed by Python 3.11 alone

        library = ctypes.CDLL(None, use_errno=True)
        if library.unshare(flags) == 0:
            return ""
        return os.strerror(ctypes.get_errno())
    except (ImportError, AttributeError):
        return "this Python cannot ask the kernel"
    except OSError as error:
        return error.strerror or str(error)


_READ_FILE, _READ_FOLDER = 1 << 2, 1 << 3
_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache", "/usr/share/zoneinfo")


def _leave_files() -> None:
    """Have the kernel refuse every file but Python's and the system's libraries, for good (landlock(7), Linux 5.13).

    The guard refuses the same and more, but it is Python, and this is not. Where the kernel knows how, signals to
    other processes and connections are refused as well.
    """
    if not sys.platform.startswith("linux"):
        return
    import ctypes  # noqa: PLC0415  slow, and needed for policies of a repository alone
    import struct  # noqa: PLC0415  the same

    create, add, restrict = 444, 445, 446  # the same numbers on every architecture
    library = ctypes.CDLL(None, use_errno=True)
    version = library.syscall(ctypes.c_long(create), None, ctypes.c_size_t(0), ctypes.c_uint32(1))
    if version < 1:
        return
    # Every right that this version knows of: what is handled and not allowed below is refused.
    rights = (1 << 13) - 1 | sum(1 << bit for bit, since in ((13, 2), (14, 3), (15, 5)) if version >= since)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    wanted = struct.pack("=QQQ", rights, 0b11, 0b11)[:size]
    rules = library.syscall(ctypes.c_long(create), wanted, ctypes.c_size_t(size), ctypes.c_uint32(0))
    if rules < 0:
        return
    standard = os.path.dirname(os.__file__)  # noqa: PTH120  pathlib costs more than all of this process
    own = os.path.dirname(api.__file__)  # noqa: PTH120  the same
    for place in {".", *_LIBRARIES, standard, os.path.dirname(standard), own, *filter(None, sys.path)}:  # noqa: PTH120  the same
        try:
            folder = os.open(place, getattr(os, "O_PATH", 0) | os.O_CLOEXEC)
        except OSError:
            continue
        allowed = _READ_FILE | _READ_FOLDER if os.path.isdir(place) else _READ_FILE  # noqa: PTH112  the same
        library.syscall(
            ctypes.c_long(add), ctypes.c_int(rules), ctypes.c_int(1), struct.pack("=Qi", allowed, folder), 0
        )
        os.close(folder)
    library.prctl(38, ctypes.c_ulong(1), ctypes.c_ulong(0), ctypes.c_ulong(0), ctypes.c_ulong(0))  # no new privileges
    library.syscall(ctypes.c_long(restrict), ctypes.c_int(rules), ctypes.c_uint32(0))
    os.close(rules)


def _alarm(seconds: float) -> None:
    """Raise _TimeLimitError in so many seconds; 0 for never. Where there are no alarms, the parent's clock counts."""
    if hasattr(signal, "setitimer"):
        signal.signal(signal.SIGALRM, _on_alarm)  # again each time: a policy could have put its own in place
        signal.setitimer(signal.ITIMER_REAL, seconds)


def _on_alarm(_number: int, _frame: FrameType | None) -> NoReturn:
    raise _TimeLimitError


def _load(
    index: int, file: tuple[str, str, bytes | None], seconds: float, channel: _Channel
) -> declare.Definition | None:
    """Load one policy file and say what is in it, or why it cannot be used."""
    stem, path, source = file
    declare.collected.clear()
    declare.loading.checks_docstrings = source is not None
    _alarm(seconds)
    try:
        code = _compiled(stem, path, source)
        exec(code, {"__name__": f"policies.{stem}", "__file__": path, "__builtins__": __builtins__})  # noqa: S102  this is what the process is for
        policy = _the_policy(stem)
    except _TimeLimitError:
        policy, message, line = None, f"did not load within {seconds:g} seconds", 0
    except api.PolicyDefinitionError as error:
        policy, message, line = None, error.message, error.line
    except SyntaxError as error:
        policy, message, line = None, f"is not valid Python: {error.msg}", error.lineno or 0
    except BaseException as error:  # noqa: BLE001  whatever it is, the parent wants to hear of it
        policy, message, line = None, f"cannot be loaded: {_sentence(error)}", _line_in(error.__traceback__, path)
    finally:
        _alarm(0)
    if policy is None:
        channel.write({"refused": index, "message": message, "line": line})
        return None
    channel.write(
        {
            "loaded": index,
            "line": policy.line,
            "level": policy.level,
            "kinds": policy.kinds,
            "security_severity": policy.security_severity,
            "sensitive": policy.sensitive,
            "within_namespace": policy.within_namespace,
            "view": policy.view,
            "doc": policy.doc,
            "inventory": policy.inventory,
            "needs_request": "PullRequest" in policy.extras,
            "parameters": [(one.name, one.type, one.default) for one in policy.parameters],
        }
    )
    return policy


def _compiled(stem: str, path: str, source: bytes | None) -> CodeType:
    """A built-in policy's code from its cached bytecode; any other's from the source that the parent has sent."""
    if source is not None:
        return compile(source, path, "exec", dont_inherit=True)
    code = SourceFileLoader(f"policies.{stem}", path).get_code(f"policies.{stem}")
    if code is None:
        raise api.PolicyDefinitionError("holds no code")
    return code


def _the_policy(stem: str) -> declare.Definition:
    """The one policy that the file has declared."""
    if not declare.collected:
        raise api.PolicyDefinitionError("declares no policy; put @policy(...) over the function that is one")
    if len(declare.collected) > 1:
        second = declare.collected[1]
        raise api.PolicyDefinitionError(f"declares a second policy, {second.name}; one file is one policy", second.line)
    (found,) = declare.collected
    if found.name != stem:
        raise api.PolicyDefinitionError(
            f"policy {found.name} must have the name of its file: call the function {stem}", found.line
        )
    return found


class _Inventories:
    """The other objects of the tree; their views are made when a policy first asks for them."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._objects: list[tuple[str, Any, str]] | None = None
        self._views: dict[str, list[api.Manifest]] = {}
        self._done: set[str] = set()
        self._of_kinds: dict[tuple[str, ...], api.Inventory] = {}

    def of(self, kinds: tuple[str, ...]) -> api.Inventory:
        """The objects of some kinds."""
        found = self._of_kinds.get(kinds)
        if found is None:
            if self._objects is None:
                self._objects = marshal.loads(self._content) if self._content else []  # noqa: S302  the parent is trusted
                self._content = b""
            for kind, data, file in self._objects:
                if kind in kinds and kind not in self._done:
                    self._views.setdefault(kind, []).append(_view(kind, data, "inventory", api.Target(), file))
            self._done |= set(kinds)
            found = self._of_kinds[kinds] = api.Inventory(view for kind in kinds for view in self._views.get(kind, ()))
        return found


class _Scene:
    """What stands around the objects of a batch."""

    def __init__(self, data: dict[str, Any], inventories: _Inventories) -> None:
        self.target = api.Target(*data["target"]) if "target" in data else api.Target()
        self.request = api.PullRequest(**data.get("request", {}))
        self._inventories = inventories

    def inventory(self, kinds: tuple[str, ...]) -> api.Inventory:
        """The objects of some kinds."""
        return self._inventories.of(kinds)


class _Batch:
    """Objects to judge, with the views of them, which all policies share."""

    def __init__(self, subjects: list[Subject], scene: _Scene) -> None:
        self._subjects = subjects
        self.scene = scene
        self._views: list[api.Manifest | None] = [None] * len(subjects)
        self._changes: dict[int, api.Change] = {}
        self._by_kind: dict[str, list[int]] = {}
        for index, subject in enumerate(subjects):
            self._by_kind.setdefault(subject[0], []).append(index)

    def _new(self, index: int) -> api.Manifest | None:
        """The object after the change."""
        view = self._views[index]
        if view is None:
            kind, _, data, _, file, _, _ = self._subjects[index]
            if data is None:
                return None
            view = self._views[index] = _view(kind, data, "new", self.scene.target, file)
        return view

    def _change(self, index: int) -> api.Change | None:
        """The object on both sides; None where it is judged as it stands."""
        kind, old, _, is_change, _, old_file, targets = self._subjects[index]
        if not is_change:
            return None
        change = self._changes.get(index)
        if change is None:
            before = None if old is None else _view(kind, old, "old", self.scene.target, old_file)
            change = self._changes[index] = api.Change(before, self._new(index), targets, index)
        return change

    def _things(self, policy: declare.Definition) -> Iterable[tuple[int, Any]]:
        """What a policy is called with, and which of the batch's objects that is."""
        by_kind = self._by_kind
        kinds = by_kind if "*" in policy.kinds else policy.kinds
        if policy.view == "Changes":
            indices = sorted(index for kind in kinds for index in by_kind.get(kind, ()))
            changes = [change for index in indices if (change := self._change(index)) is not None]
            if changes:
                yield indices[0], api.Changes(tuple(changes))
            return
        get = self._change if policy.view == "Change" else self._new
        for kind in kinds:
            for index in by_kind.get(kind, ()):
                view = get(index)
                if view is not None:
                    yield index, view

    def _call(self, policy: declare.Definition, parameters: dict[str, Any] | None) -> Callable[[Any], object]:
        """The policy's function, with what it takes besides the object."""
        extras: list[object] = [
            self.scene.inventory(policy.inventory) if extra == "Inventory" else self.scene.request
            for extra in policy.extras
        ]
        function = policy.function
        if not extras and not parameters:
            return function
        named = parameters or {}
        return lambda view: function(view, *extras, **named)

    def judge(
        self,
        number: int,
        policy: declare.Definition,
        parameters: dict[str, Any] | None,
        seconds: float,
        output: _NoOutput,
    ) -> dict[str, Any]:
        """Run one policy over every object whose kind it looks at."""
        hits: list[tuple[int, str, tuple[str | int, ...], str]] = []
        crashes: list[tuple[int, str, str]] = []
        stopped = ""
        refused: tuple[str, str] | None = None
        index = 0
        output.used = False
        _alarm(seconds)
        try:
            call = self._call(policy, parameters)
            for index, view in self._things(policy):
                try:
                    _collect(call, view, index, hits)
                except api.ParameterError as error:
                    refused = (str(error.name), str(error.problem))
                    break
                except Exception as error:  # noqa: BLE001  one object's crash keeps nothing from the others
                    crashes.append((index, _sentence(error), _tail(error.__traceback__)))
        except _TimeLimitError as error:
            stopped = f"it took more than {seconds:g} seconds"
            crashes.append((index, stopped, _tail(error.__traceback__)))
        except BaseException as error:  # noqa: BLE001  SystemExit and its like: the policy wants to end, so it ends
            stopped = _sentence(error)
            crashes.append((index, stopped, _tail(error.__traceback__)))
        finally:
            _alarm(0)
        if output.used and not crashes:
            crashes.append((index, "it wrote to standard output", ""))
        return {
            "policy": number,
            "hits": hits,
            "crashes": crashes[:1],  # the first one explains; the number says how far it goes
            "crashed": len(crashes),
            "stopped": bool(stopped),
            "refused": refused,
        }


def _view(kind: str, data: dict[str, Any], side: str, target: api.Target, file: str) -> api.Manifest:
    return (api.Workload if kind in _WORKLOADS else api.Manifest)(data, side, target, file)


def _collect(
    function: Callable[[Any], object],
    view: api.Manifest | api.Change | api.Changes,
    index: int,
    hits: list[tuple[int, str, tuple[str | int, ...], str]],
) -> None:
    found = function(view)
    if found is None:
        return
    if not isinstance(found, Iterable):
        raise _Stopped(f"it returned {type(found).__name__}; it must yield Violation")
    for count, violation in enumerate(found):
        if not isinstance(violation, api.Violation):
            raise _Stopped(f"it yielded {type(violation).__name__}; it must yield Violation")
        if count >= MOST_VIOLATIONS:
            raise _Stopped(f"it reported more than {MOST_VIOLATIONS} violations of one object")
        if violation.side == "inventory":
            raise _Stopped("it reported a violation of an object of the inventory, not of the one that it judges")
        if violation.of is None and isinstance(view, api.Changes):
            raise _Stopped("it did not say which of all the changes a violation is of: Violation(…, of=change)")
        of = index if violation.of is None else violation.of.index
        hits.append((of, violation.side, violation.path, violation.message))


def _sentence(error: BaseException) -> str:
    """What an exception says, with its type where that is not ours."""
    try:
        text = str(error)
    except Exception:  # noqa: BLE001  an exception that cannot even say what it is
        text = ""
    if isinstance(error, _Stopped):
        return text
    if isinstance(error, MemoryError):
        return "it used more memory than it may"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _tail(trace: TracebackType | None) -> str:
    """The last calls before an exception, without reading any source file."""
    lines: list[str] = []
    while trace is not None:
        code = trace.tb_frame.f_code
        if code.co_filename != __file__:
            lines.append(f"{code.co_filename}:{trace.tb_lineno} in {code.co_name}")
            del lines[:-_TRACEBACK_LINES]
        trace = trace.tb_next
    return "\n".join(lines)


def _line_in(trace: TracebackType | None, path: str) -> int:
    """The last line of a file that a traceback goes through, 0 where it does not."""
    line = 0
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == path:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
