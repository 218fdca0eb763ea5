"""What a policy file imports, and the only thing of gategit that it can: the decorator, the views, the helpers.

The package is loaded in the worker process on every run, so it imports next to nothing and does no work that no policy
has asked for. The views never raise on data of an unexpected shape (that is the schema check's business): a field that
is not there, or not of the wanted type, is absent.
"""

from gategit.checks.policy.api.amounts import duration, quantity
from gategit.checks.policy.api.changes import Change, Changes
from gategit.checks.policy.api.cron import Cron, CronError, parse_cron
from gategit.checks.policy.api.declare import ParameterError, PolicyDefinitionError, Violation, Violations, policy
from gategit.checks.policy.api.fields import Field, is_filled_in_later
from gategit.checks.policy.api.gitops import (
    APPLICATIONS,
    application_sources,
    application_spec,
    chart_versions,
    generators,
    sync_option_problem,
)
from gategit.checks.policy.api.globs import matches
from gategit.checks.policy.api.images import Image, parse_image
from gategit.checks.policy.api.inventory import Inventory
from gategit.checks.policy.api.kinds import CLUSTER_SCOPED_KINDS, LONG_RUNNING, POD_CONTROLLERS, SCALABLE, WORKLOADS
from gategit.checks.policy.api.labels import selects, unmet
from gategit.checks.policy.api.objects import Container, Manifest, Workload
from gategit.checks.policy.api.rbac import ROLE_BINDINGS, ROLES, Grant, grants
from gategit.checks.policy.api.references import needed_names
from gategit.checks.policy.api.surroundings import PullRequest, Target
from gategit.checks.policy.api.versions import Version, is_open_range, parse_version

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gategit.checks.policy.api.credentials import (
        credential_in_text,
        is_placeholder,
        long_strings,
        named_credential,
        strings_below,
        token_in,
    )
else:

    def __getattr__(name):  # noqa: ANN001, ANN202  only where no type checker looks
        """Import the table of credentials when a policy asks for it: it is large, and few do."""
        if name not in __all__:
            raise AttributeError(f"module {__name__} has no attribute {name}")
        from gategit.checks.policy.api import credentials  # noqa: PLC0415  that is the point

        return getattr(credentials, name)


__all__ = [
    "APPLICATIONS",
    "CLUSTER_SCOPED_KINDS",
    "LONG_RUNNING",
    "POD_CONTROLLERS",
    "ROLES",
    "ROLE_BINDINGS",
    "SCALABLE",
    "WORKLOADS",
    "Change",
    "Changes",
    "Container",
    "Cron",
    "CronError",
    "Field",
    "Grant",
    "Image",
    "Inventory",
    "Manifest",
    "ParameterError",
    "PolicyDefinitionError",
    "PullRequest",
    "Target",
    "Version",
    "Violation",
    "Violations",
    "Workload",
    "application_sources",
    "application_spec",
    "chart_versions",
    "credential_in_text",
    "duration",
    "generators",
    "grants",
    "is_filled_in_later",
    "is_open_range",
    "is_placeholder",
    "long_strings",
    "matches",
    "named_credential",
    "needed_names",
    "parse_cron",
    "parse_image",
    "parse_version",
    "policy",
    "quantity",
    "selects",
    "strings_below",
    "sync_option_problem",
    "token_in",
    "unmet",
]
