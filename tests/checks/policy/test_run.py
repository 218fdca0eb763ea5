"""Policies run in a process of their own, and nothing that they do there hurts anyone else."""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from gategit.checks.policy.choose import PolicyChoice
from gategit.checks.policy.load import PolicySource
from gategit.checks.policy.run import start
from gategit.checks.policy.subjects import Crash, Hit, Outcome, Subject
from gategit.checks.policy.worker_process import Limits
from gategit.config import PolicySettings
from gategit.errors import ConfigError
from gategit.manifests.manifest import Manifest

MakePolicy = Callable[..., PolicySource]
MakeManifest = Callable[..., Manifest]

ROOT = Path(__file__).parents[3]

GOOD = 'yield Violation(thing.field("metadata", "name"), f"saw {thing.name}")'
"""The body of a policy that has something to say of every object."""


def outcome_of(
    sources: Sequence[PolicySource], subjects: Sequence[Subject], *, jobs: int = 1, limits: Limits | None = None
) -> Outcome:
    with start(sources, jobs=jobs, limits=limits) as runner:
        return runner.run(PolicyChoice(runner.policies(), PolicySettings(packs=())).general, subjects)


def saw(name: str, subject: int, policy: str = "good") -> Hit:
    return Hit(policy, subject, "new", ("metadata", "name"), f"saw {name}")


def test_a_policy_says_what_it_finds_and_where(make_policy: MakePolicy, make_manifest: MakeManifest) -> None:
    """A hit names the policy, the subject, the side, the path and the message."""
    subjects = [Subject(None, make_manifest("a")), Subject(None, make_manifest("b"))]

    assert Outcome((saw("a", 0), saw("b", 1))) == outcome_of([make_policy("good", GOOD)], subjects)


def test_a_policy_sees_the_kinds_it_asked_for_alone(make_policy: MakePolicy, make_manifest: MakeManifest) -> None:
    """Kinds are matched with their group: a Deployment of another group is another kind."""
    source = make_policy("good", GOOD, decorator='@policy(level="note", kinds=("apps/Deployment",))')
    subjects = [
        Subject(None, make_manifest("a", "Deployment", "apps/v1")),
        Subject(None, make_manifest("b", "Deployment", "apps.example.com/v1")),
        Subject(None, make_manifest("c", "Deployment", "v1")),
    ]

    assert (saw("a", 0),) == outcome_of([source], subjects).hits


def test_a_policy_that_compares_runs_on_changes_alone(make_policy: MakePolicy, make_manifest: MakeManifest) -> None:
    """Added, modified and removed objects are changes; an object as it stands is none."""
    source = make_policy("good", "yield Violation(thing.new or thing.old, thing.kind)", view="Change")
    old, new = make_manifest("a"), make_manifest("a", data={"k": "v"})
    subjects = [Subject(None, new), Subject(None, new, added=True), Subject(old, new), Subject(old, None)]

    assert [(hit.subject, hit.side, hit.message) for hit in outcome_of([source], subjects).hits] == [
        (1, "new", "added"),
        (2, "new", "modified"),
        (3, "old", "removed"),
    ]


def test_a_policy_that_looks_at_one_object_never_sees_a_removed_one(
    make_policy: MakePolicy, make_manifest: MakeManifest
) -> None:
    """What the change removes is gone: only policies that compare look at it."""
    assert Outcome() == outcome_of([make_policy("good", GOOD)], [Subject(make_manifest("a"), None)])


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ('raise KeyError("spec")', "KeyError: 'spec'"),
        ("return 1 / 0\nyield", "ZeroDivisionError: division by zero"),
        ("thing.nothing()", "AttributeError: 'Manifest' object has no attribute 'nothing'"),
        ('yield "text"', "it yielded str; it must yield Violation"),
        ("while True:\n    yield Violation(thing, 'x')", "it reported more than 200 violations of one object"),
        ('print("x")', "it wrote to standard output; a policy says what it has to say with Violation"),
        ('import sys\nsys.stdout.write("x")',
         "it wrote to standard output; a policy says what it has to say with Violation"),
        ('import os\nos.write(1, b"x")', "OSError: [Errno 9] Bad file descriptor"),
        ("x = [0] * (1 << 31)", "it used more memory than it may"),
        ("def again():\n    return again()\nagain()", "RecursionError: maximum recursion depth exceeded"),
        ("class E(Exception):\n    def __str__(self):\n        raise ValueError\nraise E", "E"),
    ],
)  # fmt: skip
def test_a_crash_names_the_policy_and_keeps_everything_else(
    make_policy: MakePolicy, make_manifest: MakeManifest, body: str, message: str
) -> None:
    """What happens on one object is said with its place; the other objects and policies are judged all the same."""
    on_b = "if thing.name == 'b':\n" + "\n".join(f"    {line}" for line in body.splitlines())
    sources = [make_policy("bad", f"{on_b}\nyield Violation(thing, 'fine')"), make_policy("good", GOOD)]
    subjects = [Subject(None, make_manifest(name)) for name in "abc"]

    outcome = outcome_of(sources, subjects)

    assert [(crash.policy, crash.subject, crash.count) for crash in outcome.crashes] == [("bad", 1, 1)]
    assert outcome.crashes[0].message.startswith(message)
    assert [hit.subject for hit in outcome.hits if hit.policy == "bad" and hit.message == "fine"] == [0, 2]
    assert [saw("a", 0), saw("b", 1), saw("c", 2)] == [hit for hit in outcome.hits if hit.policy == "good"]


def test_a_crash_shows_the_last_calls(make_policy: MakePolicy, make_manifest: MakeManifest) -> None:
    """The traceback's tail names the policy's file, lines and functions, and nothing of the worker's own."""
    source = make_policy("bad", "helper()", head="def helper():\n    raise ValueError('no')")

    (crash,) = outcome_of([source], [Subject(None, make_manifest())]).crashes

    assert crash.traceback == "gate/bad.py:32 in bad\ngate/bad.py:4 in helper"


def test_the_same_crash_on_many_objects_is_one(make_policy: MakePolicy, make_manifest: MakeManifest) -> None:
    """It names the first object and counts the others."""
    subjects = [Subject(None, make_manifest(str(number))) for number in range(600)]

    (crash,) = outcome_of([make_policy("bad", "raise ValueError('no')")], subjects).crashes

    assert (crash.policy, crash.message, crash.subject, crash.count) == ("bad", "ValueError: no", 0, 600)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("import os\nos._exit(0)", "it ended the worker process (exit code 0)"),
        ("import faulthandler\nfaulthandler._sigabrt()", "it ended the worker process (killed by signal 6)"),
        ("import os\nfor n in range(3, 30):\n    try:\n        os.close(n)\n    except OSError:\n        pass",
         "it ended the worker process (exit code 1)"),
        (("import os\nfor n in range(3, 30):\n    try:\n        os.write(n, b'\\x00\\x00\\x00\\x02[]')\n"
         "    except OSError:\n        pass"),
         "it made the worker process answer something that is not an answer"),
        (("import os\nfor n in range(3, 30):\n    try:\n        os.write(n, b'not a frame at all')\n"
         "    except OSError:\n        pass"),
         "it made the worker process answer something that is not an answer"),
    ],
)  # fmt: skip
def test_a_policy_that_takes_its_worker_down_is_left_out(
    make_policy: MakePolicy, make_manifest: MakeManifest, body: str, message: str
) -> None:
    """A new worker goes on without it: every other policy judges every object, in this batch and the next."""
    sources = [make_policy("before", GOOD), make_policy("killer", body), make_policy("good", GOOD)]
    subjects = [Subject(None, make_manifest(str(number))) for number in range(300)]

    outcome = outcome_of(sources, subjects)

    assert (Crash("killer", message, "", 0, 250),) == outcome.crashes
    for policy in ("before", "good"):
        assert [saw(str(n), n, policy) for n in range(300)] == [h for h in outcome.hits if h.policy == policy]


def test_a_policy_that_does_not_end_is_stopped(make_policy: MakePolicy, make_manifest: MakeManifest) -> None:
    """Its time is up for the whole run; the others' results are there."""
    body = "if thing.name == '1':\n    while True:\n        pass\nyield Violation(thing, 'fine')"
    sources = [make_policy("endless", body), make_policy("good", GOOD)]
    subjects = [Subject(None, make_manifest(str(number))) for number in range(300)]

    outcome = outcome_of(sources, subjects, limits=Limits(seconds=0.3))

    assert [(c.policy, c.message, c.subject) for c in outcome.crashes] == [
        ("endless", "it took more than 0.3 seconds", 1)
    ]
    assert "in endless" in outcome.crashes[0].traceback
    assert [hit.subject for hit in outcome.hits if hit.policy == "endless"] == [0]
    assert sum(hit.policy == "good" for hit in outcome.hits) == 300


def test_a_policy_that_catches_its_time_limit_is_killed(make_policy: MakePolicy, make_manifest: MakeManifest) -> None:
    """What does not listen to the alarm ends with the process."""
    body = "while True:\n    try:\n        while True:\n            pass\n    except BaseException:\n        pass"
    sources = [make_policy("deaf", body), make_policy("good", GOOD)]

    outcome = outcome_of(sources, [Subject(None, make_manifest("a"))], limits=Limits(seconds=0.2))

    assert (Crash("deaf", "it took more than 0.2 seconds and had to be killed", "", 0, 1),) == outcome.crashes
    assert (saw("a", 0),) == outcome.hits


def test_a_place_that_cannot_be_one_is_a_crash(make_policy: MakePolicy, make_manifest: MakeManifest) -> None:
    """Paths are checked: keys and indices of sane length, on a side that there is."""
    lies = {
        "negative": "found = Violation(thing, 'x')\nfound.path = (-1,)\nyield found",
        "float_step": "found = Violation(thing, 'x')\nfound.path = (1.5,)\nyield found",
        "true_step": "found = Violation(thing, 'x')\nfound.path = (True,)\nyield found",
        "long_step": "found = Violation(thing, 'x')\nfound.path = ('k' * 2000,)\nyield found",
        "half_character": "found = Violation(thing, 'x')\nfound.path = (chr(0xd800),)\nyield found",
        "deep": "found = Violation(thing, 'x')\nfound.path = ('k',) * 300\nyield found",
        "wrong_side": "found = Violation(thing, 'x')\nfound.side = 'left'\nyield found",
        "no_text": "found = Violation(thing, 'x')\nfound.message = None\nyield found",
    }
    sources = [make_policy(name, body) for name, body in lies.items()]

    outcome = outcome_of([*sources, make_policy("good", GOOD)], [Subject(None, make_manifest("a"))])

    assert {name.replace("_", "-"): "it answered with a place or a message that cannot be one" for name in lies} == {
        crash.policy: crash.message for crash in outcome.crashes
    }
    assert (saw("a", 0),) == outcome.hits


def test_a_message_is_one_line_of_sane_length_without_control_characters(
    make_policy: MakePolicy, make_manifest: MakeManifest
) -> None:
    """Nothing that a message holds can move a cursor, end a line, or turn text around."""
    body = "yield Violation(thing, 'a\\n::error::b\\x1b[2J\\u202ec' + 'd' * 900)"

    (hit,) = outcome_of([make_policy("bad", body)], [Subject(None, make_manifest())]).hits

    assert hit.message == "a ::error::b\ufffd[2J\ufffdc" + "d" * (499 - 18) + "…"


def test_the_worker_has_nothing_to_steal(
    make_policy: MakePolicy, make_manifest: MakeManifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its environment is empty, its folder is empty, and none of the gate's open files is there."""
    monkeypatch.setenv("GITHUB_TOKEN", "secret")
    body = """
        import os, sys
        yield Violation(thing, repr(sorted(set(os.environ) - {"LC_CTYPE"})))
        yield Violation(thing, repr(os.listdir()))
        yield Violation(thing, repr([p for p in sys.path if "site-packages" in p or p == ""]))
        yield Violation(thing, repr(sys.argv[2:]))
    """

    assert [hit.message for hit in outcome_of([make_policy("nosy", body)], [Subject(None, make_manifest())]).hits] == [
        "[]"
    ] * 4


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("open('x', 'w')", "write a file"),
        ("import os\nos.open('x', os.O_CREAT | os.O_WRONLY)", "write a file"),
        ("open('/proc/self/environ')", "read a file"),
        ("import os\nopen(os.__file__ + '/../../../../../../../etc/passwd')", "read a file"),
        ("import sqlite3\nsqlite3.connect('x')", "open a file"),
        ("import os\nos.fork()", "start a process"),
        ("import os\nos.system('true')", "start a process"),
        ("import os\nos.execv('/bin/true', ['true'])", "start a process"),
        ("import os\nos.posix_spawn('/bin/true', ['true'], {})", "start a process"),
        ("import subprocess\nsubprocess.run(['true'])", "start a process"),
        ("import threading\nthreading.Thread(target=print).start()", "start a thread"),
        ("import socket\nsocket.socket()", "use the network"),
        ("import socket\nsocket.getaddrinfo('localhost', 80)", "use the network"),
        ("import ctypes\nctypes.CDLL('libc.so.6')", "load a library"),
    ],
)
def test_a_policy_that_does_more_than_judge_is_refused(
    make_policy: MakePolicy, make_manifest: MakeManifest, body: str, what: str
) -> None:
    """Files, processes, threads, the network and libraries are out of bounds, and the finding says so."""
    outcome = outcome_of([make_policy("bold", body), make_policy("good", GOOD)], [Subject(None, make_manifest("a"))])

    message = f"it tried to {what}; a policy judges the objects that it is given, and nothing else"
    assert [("bold", message)] == [(crash.policy, crash.message) for crash in outcome.crashes]
    assert outcome.hits == (saw("a", 0),)


def test_a_policy_can_use_what_the_standard_library_computes(
    make_policy: MakePolicy, make_manifest: MakeManifest
) -> None:
    """Imports work after the walls are up, also late ones and ones of compiled modules."""
    body = """
        import datetime, decimal, fractions, ipaddress, json, math, re, statistics, urllib.parse, zlib, hashlib, base64
        yield Violation(thing, str(ipaddress.ip_address("::1")) + hashlib.sha256(b"").hexdigest()[:4])
    """
    outcome = outcome_of([make_policy("clever", body)], [Subject(None, make_manifest())])

    assert ([hit.message for hit in outcome.hits], outcome.crashes) == (["::1e3b0"], ())


def test_the_kernel_keeps_the_network_out_of_reach_or_the_outcome_says_why() -> None:
    """In a network namespace of its own there is not even loopback; where there is none to be had, it is said."""
    program = """
import socket, sys
from gategit.checks.policy.worker import _leave_network
why = _leave_network()
try:
    socket.create_connection(("127.0.0.1", int(sys.argv[1])), 1)
    print("connected", bool(why))
except OSError:
    print("no network", bool(why))
"""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        done = subprocess.run(
            [sys.executable, "-c", program, port], cwd=ROOT, capture_output=True, text=True, check=True
        )

    assert done.stdout in ("no network False\n", "connected True\n")


def test_a_policy_can_import_the_standard_library_and_the_api_alone(make_policy: MakePolicy) -> None:
    """Neither the rest of gategit nor anything that is installed beside it is there."""
    for module in ("gategit.errors", "ruamel.yaml", "yaml"):
        source = make_policy("greedy", GOOD, head=f"import {module}")
        with pytest.raises(ConfigError) as caught, start([source]) as runner:
            runner.policies()

        name = "gategit.errors" if module.startswith("gategit") else module.partition(".")[0]
        assert f"gate/greedy.py:3: cannot be loaded: ModuleNotFoundError: No module named '{name}'" == str(caught.value)


def test_the_checkout_cannot_shadow_a_module(
    make_policy: MakePolicy, make_manifest: MakeManifest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A json.py or sitecustomize.py in the working folder, or on PYTHONPATH, is never imported."""
    for name in ("json", "re", "sitecustomize", "usercustomize", "gategit"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('taken over')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    outcome = outcome_of([make_policy("good", GOOD, head="import json, re")], [Subject(None, make_manifest("a"))])

    assert Outcome((saw("a", 0),)) == outcome


@pytest.mark.parametrize(
    ("head", "message"),
    [
        ("raise ValueError('no')", "cannot be loaded: ValueError: no"),
        ("raise SystemExit", "cannot be loaded: SystemExit"),
        ("import os\nos._exit(3)", "cannot be loaded: it ended the worker process (exit code 3)"),
        ("while True: pass", "did not load within 0.3 seconds"),
        ("def (", "is not valid Python: invalid syntax"),
    ],
)
def test_a_policy_that_cannot_be_loaded_is_a_config_error(make_policy: MakePolicy, head: str, message: str) -> None:
    """Which file it is and what is wrong with it is said; no policy runs then."""
    with (
        pytest.raises(ConfigError) as caught,
        start([make_policy("good", GOOD), make_policy("bad", GOOD, head=head)], limits=Limits(seconds=0.3)) as runner,
    ):
        runner.policies()

    assert ("gate/bad.py", message) == (caught.value.file, caught.value.message)


def test_many_objects_are_shared_among_workers(make_policy: MakePolicy, make_manifest: MakeManifest) -> None:
    """The answer does not depend on how many workers there are."""
    sources = [make_policy("first", GOOD), make_policy("second", GOOD)]
    subjects = [Subject(None, make_manifest(str(number))) for number in range(2000)]

    one, three = outcome_of(sources, subjects, jobs=1), outcome_of(sources, subjects, jobs=3)

    assert one == three
    assert len(one.hits) == 4000


def test_subjects_may_still_be_in_the_making(make_policy: MakePolicy, make_manifest: MakeManifest) -> None:
    """They are taken one by one: the workers judge while the caller decodes. An error of the caller's ends the run."""
    with start([make_policy("good", GOOD)]) as runner:
        policies = PolicyChoice(runner.policies(), PolicySettings(packs=())).general
        made = (Subject(None, make_manifest(str(number))) for number in range(700))
        assert len(runner.run(policies, made).hits) == 700

        def failing() -> Sequence[Subject]:
            raise OSError("the disk is gone")

        with pytest.raises(OSError, match="the disk is gone"):
            runner.run(policies, (subject for _ in range(1) for subject in failing()))
        assert (saw("a", 0),) == runner.run(policies, [Subject(None, make_manifest("a"))]).hits


def test_nothing_is_left_behind(make_policy: MakePolicy, make_manifest: MakeManifest, tmp_path: Path) -> None:
    """No process, no thread, no folder outlives the runner, whatever the policies did."""
    threads = threading.active_count()
    tempfile.tempdir = str(tmp_path)
    try:
        outcome_of([make_policy("killer", "import os\nos._exit(1)")], [Subject(None, make_manifest("a"))])
    finally:
        tempfile.tempdir = None

    assert ([], threads) == (list(tmp_path.iterdir()), threading.active_count())


def test_odd_data_goes_there_and_back(make_policy: MakePolicy, make_manifest: MakeManifest) -> None:
    """Keys of any type, huge numbers, non-ASCII text and deep nesting arrive as they are."""
    deep: list[object] = []
    for _ in range(90):
        deep = [deep]
    manifest = make_manifest(
        "ä", data={1: 2, None: True, "big": 10**40, "float": 1e300, "deep": deep, "text": "\u2028"}
    )
    body = 'yield Violation(thing, repr([thing.name, thing.get("data", 1), thing.get("data", "big") == 10**40]))'

    assert [hit.message for hit in outcome_of([make_policy("odd", body)], [Subject(None, manifest)]).hits] == [
        "['ä', 2, True]"
    ]


def test_an_early_start_waits_for_nothing(make_policy: MakePolicy) -> None:
    """Starting returns while the policy is still being loaded."""
    source = make_policy("slow", GOOD, head="import time\ntime.sleep(0.5)")
    before = time.monotonic()
    with start([source]) as runner:
        started = time.monotonic()
        runner.policies()

        assert started - before < time.monotonic() - started
