"""What a policy does to get out, to use everything up, or to speak for others: it ends with the policy.

Each policy here is hostile. The others, before and after it, judge every object all the same, and what the hostile one
did is a crash with its name, or harmless.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gategit.checks.policy.choose import PolicyChoice
from gategit.checks.policy.load import PolicySource, builtin_sources
from gategit.checks.policy.run import start
from gategit.checks.policy.subjects import Crash, Hit, Outcome, Subject
from gategit.checks.policy.worker_process import Limits
from gategit.config import PolicySettings
from gategit.errors import ConfigError
from gategit.manifests.manifest import Manifest
from gategit.model import Level

MakePolicy = Callable[..., PolicySource]
MakeManifest = Callable[..., Manifest]

GOOD = 'yield Violation(thing.field("metadata", "name"), f"saw {thing.name}")'
ENDS = "; a policy judges the objects that it is given, and nothing else"
NO_ANSWER = "it made the worker process answer something that is not an answer"
QUICK = Limits(seconds=0.5, memory=1 << 30, cpu=60)


def judge(
    make_policy: MakePolicy,
    make_manifest: MakeManifest,
    body: str,
    *,
    limits: Limits = QUICK,
    objects: int = 3,
    **parts: str,
) -> Outcome:
    """Run the hostile policy between two others."""
    sources = [make_policy("before", GOOD), make_policy("hostile", body, **parts), make_policy("behind", GOOD)]
    subjects = [Subject(None, make_manifest(str(number))) for number in range(objects)]
    with start(sources, limits=limits) as runner:
        choice = PolicyChoice(runner.policies(), PolicySettings(packs=()))
        return runner.run(choice.general, subjects)


def others_kept(outcome: Outcome, objects: int = 3) -> bool:
    """Whether the other two policies have judged every object."""
    wanted = [
        Hit(policy, number, "new", ("metadata", "name"), f"saw {number}")
        for number in range(objects)
        for policy in ("before", "behind")
    ]
    return [hit for hit in outcome.hits if hit.policy != "hostile"] == wanted


def crashes(outcome: Outcome) -> list[str]:
    assert {crash.policy for crash in outcome.crashes} <= {"hostile"}
    return [crash.message for crash in outcome.crashes]


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("open('/etc/passwd')", "read a file"),
        ("open(b'/etc/passwd')", "read a file"),
        ("open('../../../../../../etc/passwd')", "read a file"),
        ("import os\nos.open('/', os.O_RDONLY)", "read a file"),
        ("import io\nio.open_code('/etc/passwd')", "read a file"),
        ("import os\nopen(os.path.dirname(os.__file__) + '-elsewhere/x')", "read a file"),
        (
            "class Path(str):\n    def startswith(self, *_): return True\nopen(Path('/etc/passwd'))",
            "read a file",
        ),
        ("import os\nos.path.normpath = lambda path: os.__file__\nopen('/etc/passwd')", "read a file"),
        ("import builtins\nbuiltins.type = lambda _: str\nopen('/etc/passwd')", "read a file"),
        ("import os\nos.listdir('/')", "list a folder"),
        ("import os\nlist(os.scandir('/etc'))", "list a folder"),
        ("import os\nos.remove('/etc/passwd')", "open a file"),
        ("import os\nos.mkdir('x')", "open a file"),
        ("import os\nos.rename('/etc/passwd', '/tmp/x')", "open a file"),
        ("import os\nos.symlink('/etc/passwd', 'x')", "open a file"),
        ("import os\nos.chdir('/')", "open a file"),
        ("import os\nos.kill(os.getppid(), 9)", "send a signal"),
        ("import os\nos.killpg(0, 15)", "send a signal"),
        ("import signal, threading\nsignal.pthread_kill(threading.get_ident(), 9)", "send a signal"),
        ("import signal, os\nos.pidfd_open(os.getppid())", "start a thread"),
        ("import _thread\n_thread.start_new(print, ())", "start a thread"),
        ("import ctypes", "load a library"),
        ("import _ctypes", "load a library"),
        ("import _posixsubprocess", "start a process"),
        ("import pty\npty.fork()", "start a process"),
        ("import resource\nresource.setrlimit(resource.RLIMIT_CPU, (1, 1))", "change its limits"),
        ("import sys\ndel sys.modules['posix']\nimport posix", "get a module anew"),
        ("import _socket\n_socket.socket()", "use the network"),
    ],
)
def test_every_way_out_is_refused(make_policy: MakePolicy, make_manifest: MakeManifest, body: str, what: str) -> None:
    """Files, folders, signals, libraries, processes, threads, limits: what is refused is said."""
    outcome = judge(make_policy, make_manifest, body)
    assert crashes(outcome) == [f"it tried to {what}{ENDS}"]
    assert others_kept(outcome)


def test_the_guard_cannot_be_found_and_changed(make_policy: MakePolicy, make_manifest: MakeManifest) -> None:
    """Whatever the collector knows of, no function's code or defaults that make up the guard can be replaced."""
    body = """
        import gc
        found = [one for one in gc.get_objects() if getattr(one, "__name__", "") == "guard"]
        import _thread
        for cell in _thread.start_new_thread.__closure__ or ():
            found.append(cell.cell_contents)
        for one in found:
            if hasattr(one, "__code__"):
                one.__code__ = (lambda *_: None).__code__
        open("/etc/passwd")
    """
    outcome = judge(make_policy, make_manifest, body, head="import gc")
    assert len(crashes(outcome)) == 1
    assert crashes(outcome)[0] in (f"it tried to read a file{ENDS}", f"it tried to change a function{ENDS}")
    assert others_kept(outcome)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("x = 'a' * (1 << 31)", "it used more memory than it may"),
        ("x = 1 << (1 << 35)", "it used more memory than it may"),
        ("x = []\nwhile True:\n    x.append(bytearray(1 << 26))", "it used more memory than it may"),
        ("x = []\nx.append(x)\nrepr(eval('(' * 5000))", "MemoryError"),
        ("def again(n):\n    return again(n + 1)\nagain(0)", "RecursionError: maximum recursion depth exceeded"),
        (
            "class Deep:\n    def __repr__(self):\n        return repr(self)\nrepr(Deep())",
            "RecursionError: maximum recursion depth exceeded",
        ),
        ("int('9' * 5000)", "ValueError: Exceeds the limit (4300 digits) for integer string conversion"),
    ],
)
def test_memory_and_depth_are_limited(
    make_policy: MakePolicy, make_manifest: MakeManifest, body: str, message: str
) -> None:
    """What is too large ends the policy for that object, and nothing else."""
    outcome = judge(make_policy, make_manifest, body, limits=Limits(seconds=10, memory=512 << 20, cpu=60))
    [crash] = crashes(outcome)
    assert crash.startswith((message, "SyntaxError: too many nested parentheses", "it used more memory than it may"))
    assert others_kept(outcome)


@pytest.mark.parametrize(
    "body",
    [
        "import re\nre.match('(a+)+$', 'a' * 64 + 'b')",
        "sum(range(1 << 62))",
        "pow(7, 1 << 40)",
        "import signal\nsignal.signal(signal.SIGALRM, signal.SIG_IGN)\nwhile True: pass",
        "import signal\nsignal.setitimer(signal.ITIMER_REAL, 0)\nwhile True: pass",
        "import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\nwhile True: pass",
        "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
        "import time\nwhile True:\n    try: time.sleep(60)\n    except BaseException: pass",
        (
            "class Slow:\n    def __iter__(self): return self\n    def __next__(self):\n        while True: pass\n"
            "return Slow()"
        ),
    ],
)
def test_time_is_limited_whatever_the_policy_listens_to(
    make_policy: MakePolicy, make_manifest: MakeManifest, body: str
) -> None:
    """In Python, in C code that no alarm interrupts, and with every signal switched off: the parent's clock counts."""
    outcome = judge(make_policy, make_manifest, body)
    assert crashes(outcome) in (
        ["it took more than 0.5 seconds"],
        ["it took more than 0.5 seconds and had to be killed"],
    )
    assert others_kept(outcome)


@pytest.mark.skipif(sys.platform != "linux", reason="the limit on processor time is the kernel's")
def test_processor_time_is_limited_in_all(make_policy: MakePolicy, make_manifest: MakeManifest) -> None:
    """The kernel ends a worker that has used up what it may, however the policies share it."""
    body = "while True:\n    try:\n        while True: pass\n    except BaseException: pass"
    outcome = judge(make_policy, make_manifest, body, limits=Limits(seconds=20, memory=1 << 30, cpu=1))
    assert crashes(outcome) == ["it ended the worker process (killed by signal 9)"]
    assert others_kept(outcome)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("import os\nos._exit(0)", "it ended the worker process (exit code 0)"),
        ("import faulthandler\nfaulthandler._sigsegv()", "it ended the worker process (killed by signal 11)"),
        ("import os\nos.closerange(0, 32)", "it ended the worker process"),
        (
            "import os\nfor n in range(3, 32):\n    try: os.write(n, b'\\xff' * 4096)\n    except OSError: pass",
            NO_ANSWER,
        ),
        (
            (
                "import os\nfor n in range(3, 32):\n    try:\n"
                "        while True: os.write(n, b'\\x00\\x00\\x10\\x00' * 4096)\n    except OSError: pass"
            ),
            NO_ANSWER,
        ),
    ],
)
def test_ending_flooding_and_closing_take_the_policy_out(
    make_policy: MakePolicy, make_manifest: MakeManifest, body: str, message: str
) -> None:
    """A worker that is gone or talks nonsense is replaced, and the policy is not run again."""
    outcome = judge(make_policy, make_manifest, body)
    [crash] = outcome.crashes
    assert (crash.policy, crash.count) == ("hostile", 3)
    assert crash.message.startswith(message)
    assert others_kept(outcome)


@pytest.mark.parametrize(
    "body",
    [
        "import json\njson.dumps = lambda *_, **__: '{}'",
        "import marshal\nmarshal.loads = lambda *_: None",
        "import os\nos.write = lambda *_: 0",
        "import os\nos.read = lambda *_: b''",
        "import sys\nsys.modules.clear()",
        "import builtins\nbuiltins.len = builtins.isinstance = builtins.getattr = None",
        "import sys\nsys.setrecursionlimit(5)",
        "import sys\nsys.settrace(lambda *_: 1 / 0)",
        "import gc\ngc.enable()\ngc.set_threshold(1)",
        "import gategit.checks.policy.worker as worker\nworker._Batch.judge = None",
        "import gategit.checks.policy.worker as worker\nworker._alarm = worker._collect = None",
        "import gategit.checks.policy.api as api\nfor name in list(vars(api)): delattr(api, name)",
    ],
)
def test_taking_the_tools_away_harms_the_policy_alone(
    make_policy: MakePolicy, make_manifest: MakeManifest, body: str
) -> None:
    """A policy that breaks its worker is blamed, or does no harm; the others are judged in a worker of their own."""
    sources = [make_policy("before", GOOD), make_policy("hostile", body), make_policy("behind", GOOD)]
    subjects = [Subject(None, make_manifest(str(number))) for number in range(3)]
    with start(sources, limits=QUICK) as runner:
        choice = PolicyChoice(runner.policies(), PolicySettings(packs=()))
        outcome = runner.run(choice.general, subjects)
        again = runner.run(choice.general, subjects)
    for one in (outcome, again):
        said = {crash.policy for crash in one.crashes}
        judged = {hit.policy for hit in one.hits}
        # Each policy either judged every object or is said not to have.
        assert said | judged >= {"before", "behind"}


@pytest.mark.parametrize(
    "body",
    [
        "return 7",
        "return 'text'",
        "yield None",
        "yield ('metadata', 'name')",
        "found = Violation(thing, 'x')\nfound.message = 7\nyield found",
        "found = Violation(thing, 'x')\nfound.path = 'metadata'\nyield found",
        "found = Violation(thing, 'x')\nfound.path = ({},)\nyield found",
        "found = Violation(thing, 'x')\nfound.side = 'new\\n'\nyield found",
        "class Liar(Violation):\n    message = property(lambda self: 1 / 0)\nyield Liar(thing, 'x')",
        "class Text(str):\n    def __len__(self): return -1\nyield Violation(thing, Text('x' * 900))",
        "yield Violation(thing, float('nan'))",
    ],
)
def test_an_answer_of_the_wrong_kind_is_a_crash_or_is_cut_to_size(
    make_policy: MakePolicy, make_manifest: MakeManifest, body: str
) -> None:
    """Nothing that comes back is taken for more than text at a place."""
    outcome = judge(make_policy, make_manifest, body)
    own = [hit for hit in outcome.hits if hit.policy == "hostile"]
    assert bool(crashes(outcome)) or all(type(hit.message) is str and len(hit.message) <= 500 for hit in own)
    assert others_kept(outcome)


FORGE = """
    import json, os, sys
    frame = sys._getframe()
    seal = ""
    while frame is not None and not seal:
        seal = frame.f_locals.get("seal", "")
        frame = frame.f_back
    def send(value):
        content = json.dumps(value).encode()
        for number in range(3, 32):
            try:
                os.write(number, len(content).to_bytes(4, "big") + content)
            except OSError:
                pass
    quiet = {"hits": [], "crashes": [], "crashed": 0, "stopped": False}
"""


@pytest.mark.parametrize(
    "body",
    [
        'send({"policy": 2, **quiet})',
        'send({"policy": 0, **quiet})',
        'send({"policy": 1, **quiet})',
        'send({"policy": 1, **quiet})\nsend({"policy": 2, **quiet})',
        'send({"ready": "", **quiet})',
        'send({"policy": 1, **quiet, "hits": [[99, "new", [], "x"]]})',
    ],
)
@pytest.mark.parametrize("seal", ["''", "seal"])
def test_a_policy_cannot_answer_for_another(
    make_policy: MakePolicy, make_manifest: MakeManifest, body: str, seal: str
) -> None:
    """An answer carries what the question carried, and no question is known before the one before is answered.

    A policy that looks into its worker's memory can give an answer of its own making to its own question. What it
    sends besides is found out, and it is the one that is blamed.
    """
    outcome = judge(make_policy, make_manifest, f"{_dedent(FORGE)}\nquiet['seal'] = {seal}\n{body}")
    assert {crash.policy for crash in outcome.crashes} == {"hostile"}
    assert others_kept(outcome)


def test_a_repositorys_own_policy_cannot_silence_a_built_in_one(
    make_policy: MakePolicy, make_manifest: MakeManifest
) -> None:
    """They run in processes of their own: whatever one does to its worker, the built-in policies say what they say."""
    body = """
        import gategit.checks.policy.worker as worker
        def judge(self, number, *_):
            return {"policy": number, "hits": [], "crashes": [], "crashed": 0, "stopped": False}
        worker._Batch.judge = judge
    """
    pod = make_manifest("web", "Pod", spec={"containers": [{"name": "a", "securityContext": {"privileged": True}}]})
    sources = [
        *(source for source in builtin_sources() if source.id == "privileged-container"),
        make_policy("hostile", body),
    ]
    with start(sources, limits=QUICK) as runner:
        settings = PolicySettings(packs=(), levels={"privileged-container": Level.ERROR})
        choice = PolicyChoice(runner.policies(), settings)
        for _ in range(3):
            outcome = runner.run(choice.general, [Subject(None, pod)])
            assert [hit.policy for hit in outcome.hits] == ["privileged-container"]


def _dedent(text: str) -> str:
    return "\n".join(line.removeprefix("    ") for line in text.strip("\n").splitlines())


def test_a_worker_that_stops_reading_holds_nobody_up(make_policy: MakePolicy, make_manifest: MakeManifest) -> None:
    """An answer is given early and the process then sleeps: the next batch is not waited for, for ever."""
    body = _dedent(FORGE) + (
        '\nsend({"policy": 1, **quiet})\nimport time\n'
        "while True:\n    try: time.sleep(60)\n    except BaseException: pass"
    )
    outcome = judge(make_policy, make_manifest, body, objects=900)
    assert outcome.crashes
    judged = {policy: sum(hit.policy == policy for hit in outcome.hits) for policy in ("before", "behind")}
    said = {crash.policy for crash in outcome.crashes}
    assert all(count == 900 or policy in said for policy, count in judged.items())


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the kernel says what a process may here")
def test_the_kernel_holds_the_worker_to_its_limits(make_policy: MakePolicy, make_manifest: MakeManifest) -> None:
    """Processes, files, file sizes and core dumps are limited for good, and root is given up where that can be done."""
    body = """
        import resource
        for name in ("NPROC", "FSIZE", "CORE"):
            yield Violation(thing, name + str(resource.getrlimit(getattr(resource, "RLIMIT_" + name))))
        yield Violation(thing, str(resource.getrlimit(resource.RLIMIT_NOFILE)[1] <= 32))
    """
    outcome = judge(make_policy, make_manifest, body, objects=1)
    assert [hit.message for hit in outcome.hits if hit.policy == "hostile"] == [
        "NPROC(0, 0)",
        "FSIZE(0, 0)",
        "CORE(0, 0)",
        "True",
    ]


def test_the_kernel_refuses_files_and_signals_where_the_guard_is_gone(tmp_path: Path) -> None:
    """What is behind the guard: without it, the kernel keeps files, connections and other processes out of reach."""
    secret = tmp_path / "secret"
    secret.write_text("hunter2", encoding="utf-8")
    tmp_path.chmod(0o755)
    code = f"""
import os, socket, sys
from gategit.checks.policy import worker
worker._leave_files()
import ctypes, zlib, sqlite3, decimal, zoneinfo
zoneinfo.ZoneInfo("Europe/Berlin")
for attempt in (
    lambda: open({str(secret)!r}).read(),
    lambda: os.listdir("/"),
    lambda: open("/proc/self/environ").read(),
    lambda: open({str(tmp_path / "new")!r}, "w"),
    lambda: os.remove({str(secret)!r}),
    lambda: os.execv("/bin/true", ["true"]),
):
    try:
        attempt()
        print("done")
    except PermissionError:
        print("refused")
print(ctypes.CDLL(None).syscall(444, None, ctypes.c_size_t(0), 1) >= 6)
try:
    os.kill(os.getppid(), 0)
    print("signalled")
except PermissionError:
    print("refused")
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parents[3], capture_output=True, text=True, check=True
    )
    lines = done.stdout.split()
    if not lines[:6].count("refused"):
        pytest.skip("this kernel has no Landlock")
    assert lines[:6] == ["refused"] * 6
    assert lines[6:] in (["True", "refused"], ["False", "signalled"])
    assert secret.read_text(encoding="utf-8") == "hunter2"


def test_a_policy_named_like_a_module_shadows_nothing(make_policy: MakePolicy, make_manifest: MakeManifest) -> None:
    """Its name is an id and no more: imports find the standard library."""
    sources = [make_policy(name, GOOD, head="import json, re") for name in ("json", "re", "marshal")]
    with start(sources, limits=QUICK) as runner:
        choice = PolicyChoice(runner.policies(), PolicySettings(packs=()))
        outcome = runner.run(choice.general, [Subject(None, make_manifest("a"))])
    assert sorted(hit.policy for hit in outcome.hits) == ["json", "marshal", "re"]
    assert outcome.crashes == ()


@pytest.mark.parametrize(
    ("head", "message"),
    [
        ("open('/etc/passwd')", "cannot be loaded: it tried to read a file" + ENDS),
        ("import os\nos.remove('/etc/passwd')", "cannot be loaded: it tried to open a file" + ENDS),
        ("x = 'a' * (1 << 40)", "cannot be loaded: it used more memory than it may"),
        ("import ctypes", "cannot be loaded: it tried to load a library" + ENDS),
    ],
)
def test_the_walls_are_up_before_a_policy_is_loaded(make_policy: MakePolicy, head: str, message: str) -> None:
    """The top of a policy file is code as well."""
    with pytest.raises(ConfigError) as caught, start([make_policy("hostile", GOOD, head=head)]) as runner:
        runner.policies()
    assert caught.value.message == message


def test_no_worker_outlives_the_gate() -> None:
    """A gate that is killed takes its workers along: they read the end of their input."""
    code = (
        "import os, signal\nfrom gategit.checks.policy.load import builtin_sources\n"
        "from gategit.checks.policy.run import start\n"
        "runner = start(builtin_sources()[:1])\nrunner.policies()\n"
        "print(runner.worker()._process.pid, flush=True)\nos.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    worker = int(done.stdout)
    for _ in range(1000):
        try:
            os.kill(worker, 0)
        except ProcessLookupError:
            return
        if Path(f"/proc/{worker}/stat").exists() and ") Z " in Path(f"/proc/{worker}/stat").read_text("utf-8"):
            return
        os.sched_yield()
        subprocess.run(["sleep", "0.01"], check=True)  # noqa: S607  long enough for the kernel to tell it
    raise AssertionError("the worker is still there")


def test_crash_is_a_value(make_policy: MakePolicy, make_manifest: MakeManifest) -> None:
    """The crash of a policy names it, says what happened on how many objects, and shows its last calls."""
    outcome = judge(make_policy, make_manifest, "import os\nos.kill(1, 9)")
    [crash] = outcome.crashes
    assert crash == Crash("hostile", f"it tried to send a signal{ENDS}", crash.traceback, 0, 3)
    assert crash.traceback.startswith("gate/hostile.py:")


def test_the_standard_library_can_be_imported(make_policy: MakePolicy, make_manifest: MakeManifest) -> None:
    """What only computes is a policy's to use, also where it looks for what another system has."""
    modules = ("pathlib", "datetime", "ipaddress", "fnmatch", "json", "hashlib", "base64", "urllib.parse", "decimal")
    body = "\n".join([*(f"import {name}" for name in modules), "yield Violation(thing, pathlib.PurePath('a').name)"])

    with start([make_policy("reader", body)]) as runner:
        outcome = runner.run(
            PolicyChoice(runner.policies(), PolicySettings(packs=())).general, [Subject(None, make_manifest())]
        )
    assert outcome.crashes == ()
    assert [hit.message for hit in outcome.hits] == ["a"]
