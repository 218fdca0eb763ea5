"""Built-in policy: command-string."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Violation, Violations, Workload, is_filled_in_later, policy

_PLACES: tuple[tuple[str, ...], ...] = (
    ("command",),
    ("livenessProbe", "exec", "command"),
    ("readinessProbe", "exec", "command"),
    ("startupProbe", "exec", "command"),
    ("lifecycle", "preStop", "exec", "command"),
    ("lifecycle", "postStart", "exec", "command"),
)


@policy(level="warning", kinds=WORKLOADS)
def command_string(workload: Workload) -> Violations:
    r"""The first word of a container's command is a program, not a whole line.

    What it asks:
        The first entry of `command` holds no blank. The command of an `exec` probe or hook is asked for the same.
        Windows paths (`C:\Program Files\...`) and pods on Windows pass.

    Why:
        No shell takes the command apart: Kubernetes looks for a program whose name is the whole text, blanks and
        all. The container fails to start, with a message about a file that does not exist.

    How to fix:
        Write each word as an entry of its own, or let a shell read the line: `["/bin/sh", "-c", "sleep 10"]`.

    Fails:
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: shop}
        spec:
          containers:
            - name: web
              command:
                - sleep 10  # <-
              readinessProbe:
                exec:
                  command: ["cat /tmp/ready"]  # <-

    Passes:
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: shop}
        spec:
          containers:
            - name: web
              command: [sleep, "10"]
            - name: other
              command:
                - /bin/sh
                - -c
                - sleep 10

    References:
        https://kubernetes.io/docs/tasks/inject-data-application/define-command-argument-container/
    """
    for container in workload.containers:
        value = container.value
        for part, *steps in _PLACES:
            if part not in value:
                continue
            first = container.get(part, *steps, 0)
            if isinstance(first, str) and " " in first.strip() and not _is_open(first) and not workload.is_windows:
                problem = f"the command of {container} begins with one text of several words, which is no program"
                yield Violation(container.field(part, *steps, 0), problem)


def _is_open(word: str) -> bool:
    """Whether a word is filled in later, or is a path of Windows."""
    return is_filled_in_later(word) or "\\" in word
