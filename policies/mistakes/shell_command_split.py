"""Built-in policy: shell-command-split."""

from __future__ import annotations

from gategit.checks.policy.api import WORKLOADS, Container, Field, Violation, Violations, Workload, policy

_SHELLS = frozenset({"sh", "bash", "ash", "dash", "zsh"})
_FLAGS = frozenset({"-c", "-ec", "-ce", "-exc", "-xec", "-lc", "-euc", "-euxc", "-xc"})
_ALONE = frozenset(
    {"echo", "sleep", "cat", "ls", "rm", "cp", "mv", "mkdir", "chown", "chmod", "touch", "ln", "wget"}
) | {
    "curl",
    "python",
    "python3",
    "node",
    "java",
    "npm",
    "test",
    "kill",
    "nc",
    "until",
}


@policy(level="warning", kinds=WORKLOADS)
def shell_command_split(workload: Workload) -> Violations:
    """What follows a shell's -c is the whole script, in one text.

    What it asks:
        Where a container's command is a shell with `-c`, the next entry is the script. It is flagged where the script
        is only the name of a program that does little without arguments (`sleep`, `cp`, `python`, …), and more entries
        follow it.

    Why:
        A shell reads one entry as the script. The entries behind it become `$0`, `$1` and so on: `["sh", "-c", "rm",
        "-rf", "/cache"]` runs `rm` without arguments. Often that succeeds, and nothing was done.

    How to fix:
        Put the script into one text, `["sh", "-c", "rm -rf /cache"]`, or leave the shell out.

    Fails:
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: shop}
        spec:
          containers:
            - name: web
              command:
                - sh
                - -c
                - cp  # <-
                - /etc/defaults
                - /config

    Passes:
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: shop}
        spec:
          containers:
            - name: web
              command:
                - sh
                - -c
                - cp /etc/defaults /config
            - name: other
              command:
                - sh
                - -c
                - exec "$0" "$@"
                - web

    References:
        https://pubs.opengroup.org/onlinepubs/9699919799/utilities/sh.html
        https://kubernetes.io/docs/tasks/inject-data-application/define-command-argument-container/
    """
    for container in workload.containers:
        command = container.get("command")
        if not isinstance(command, list) or not command or not isinstance(command[0], str):
            continue
        if command[0].rpartition("/")[2] not in _SHELLS:
            continue
        words = [*container.items("command"), *container.items("args")]
        yield from _script(container, words)


def _script(container: Container, words: list[Field]) -> Violations:
    for index, word in enumerate(words[1:-2], 1):
        if word.text() in _FLAGS:
            script = words[index + 1]
            if script.text() in _ALONE:
                problem = f"the shell of {container} runs {script.text()} alone: what follows is no part of the script"
                yield Violation(script, problem)
            return
