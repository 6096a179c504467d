"""The cluster settings `feature.<name>.enabled`: what an administrator has switched off is refused before all else.

Source: reference/sql/09 §2 (57000), 01 §8 for the order. A job that goes on was allowed when it began.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from ootheca.errors import OothecaError
from ootheca.exec.statements.cluster_settings import current_setting

if TYPE_CHECKING:
    from ootheca.exec.session import Session

__all__ = ["require_feature"]

Feature = Literal["BACKUP", "RESTORE", "EXPORT", "ALTER BACKUP"]

_SETTINGS: Final[dict[Feature, str]] = {
    "BACKUP": "feature.backup.enabled",
    "RESTORE": "feature.restore.enabled",
    "EXPORT": "feature.export.enabled",
    "ALTER BACKUP": "feature.backup.enabled",
}


def require_feature(session: Session, feature: Feature) -> None:
    """Make sure that a kind of statement is allowed.

    Raises:
        OothecaError: its setting is false.
    """
    setting = _SETTINGS[feature]
    if session.resumed is None and current_setting(session, setting) == "false":
        words = f"{feature} feature" if session.profile.version == "20.2" else f"feature {feature}"
        raise OothecaError(
            f"{words} was disabled by the database administrator",
            sqlstate="57000",
            hint=f"an administrator can say: SET CLUSTER SETTING {setting} = true",
        )
