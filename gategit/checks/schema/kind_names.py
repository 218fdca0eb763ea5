"""Finding kinds by what people call them: the kind, its plural or a short name, with or without the group."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import Final

from gategit.nearest import nearest

_SHORT: Final = MappingProxyType(
    {
        ("", "ComponentStatus"): ("cs",),
        ("", "ConfigMap"): ("cm",),
        ("", "Endpoints"): ("ep",),
        ("", "Event"): ("ev",),
        ("", "LimitRange"): ("limits",),
        ("", "Namespace"): ("ns",),
        ("", "Node"): ("no",),
        ("", "PersistentVolume"): ("pv",),
        ("", "PersistentVolumeClaim"): ("pvc",),
        ("", "Pod"): ("po",),
        ("", "ReplicationController"): ("rc",),
        ("", "ResourceQuota"): ("quota",),
        ("", "Service"): ("svc",),
        ("", "ServiceAccount"): ("sa",),
        ("apiextensions.k8s.io", "CustomResourceDefinition"): ("crd", "crds"),
        ("apps", "DaemonSet"): ("ds",),
        ("apps", "Deployment"): ("deploy",),
        ("apps", "ReplicaSet"): ("rs",),
        ("apps", "StatefulSet"): ("sts",),
        ("autoscaling", "HorizontalPodAutoscaler"): ("hpa",),
        ("batch", "CronJob"): ("cj",),
        ("certificates.k8s.io", "CertificateSigningRequest"): ("csr",),
        ("networking.k8s.io", "Ingress"): ("ing",),
        ("networking.k8s.io", "NetworkPolicy"): ("netpol",),
        ("policy", "PodDisruptionBudget"): ("pdb",),
        ("scheduling.k8s.io", "PriorityClass"): ("pc",),
        ("storage.k8s.io", "StorageClass"): ("sc",),
    }
)
"""The short names of Kubernetes' own kinds, which its schemas do not say."""

_ES: Final = ("s", "x", "ch", "sh")
_ONE_AND_MANY: Final = ("endpoints",)
_VOWELS: Final = "aeiou"


@dataclass(frozen=True, slots=True)
class KindName:
    """How a kind is called.

    Attributes:
        group: "" for the core group.
        kind: such as ``Application``; in lower case where its schema says no more.
        plural: such as ``applications``.
        others: singular and short names.
    """

    group: str
    kind: str
    plural: str
    others: tuple[str, ...] = ()

    @property
    def words(self) -> frozenset[str]:
        """Every name of the kind without its group, in lower case."""
        return frozenset(word.lower() for word in (self.kind, self.plural, *self.others) if word)

    @property
    def full(self) -> str:
        """The name that no other kind has: ``Application.argoproj.io``."""
        return f"{self.kind}.{self.group}" if self.group else self.kind


def own_name(group: str, kind: str) -> KindName:
    """How a kind of Kubernetes is called."""
    return KindName(group, kind, plural_of(kind), _SHORT.get((group, kind), ()))


def plural_of(kind: str) -> str:
    """The plural that a kind has as a rule."""
    word = kind.lower()
    if word in _ONE_AND_MANY:
        return word
    if word.endswith("y") and word[-2:-1] not in _VOWELS:
        return f"{word[:-1]}ies"
    return f"{word}es" if word.endswith(_ES) else f"{word}s"


def matches(name: KindName, wanted: str) -> bool:
    """Whether a kind is meant by a word: a name in any case, with ``*`` for anything; ``.group`` may follow.

    As in kubectl, a version may stand between the two: ``deployments.v1.apps``.
    """
    word = wanted.lower()
    if any(fnmatchcase(own, word) for own in name.words):
        return True
    own, dot, group = word.partition(".")
    if not dot or not any(fnmatchcase(one, own) for one in name.words):
        return False
    version, dot, rest = group.partition(".")
    has_version = version[:1] == "v" and version[1:2].isdigit()
    return fnmatchcase(name.group, group) or (has_version and fnmatchcase(name.group, rest if dot else ""))


def alike(wanted: str, names: Iterable[KindName], most: int = 3) -> Sequence[str]:
    """The kinds whose names are most like a word, in full; none where nothing is like it."""
    known: dict[str, list[str]] = {}
    for name in names:
        for word in name.words:
            known.setdefault(word, []).append(name.full)
    found: dict[str, None] = {}
    left = set(known)
    word = wanted.lower().partition(".")[0]
    while len(found) < most and (best := nearest(word, left)) is not None:
        left.discard(best)
        found.update(dict.fromkeys(known[best]))
    return tuple(found)[:most]
