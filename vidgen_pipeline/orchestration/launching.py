"""How a queued video becomes a Dagster run, and how the run knows what it was started for."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

LAUNCH_TAG = "vidgen/launch"
USER_TAG = "user_id"


def launch_tags(user_id: UUID, launch: int) -> dict[str, str]:
    """Tags of a run that answers the video's being queued for the `launch`-th time."""
    return {USER_TAG: str(user_id), LAUNCH_TAG: str(launch)}


def launch_of(tags: Mapping[str, str]) -> int | None:
    """The launch a run answers; None for one that a person started, or started again from another run."""
    if "dagster/parent_run_id" in tags:  # its tags are copies of the other run's
        return None
    return int(tags[LAUNCH_TAG]) if tags.get(LAUNCH_TAG, "").isdigit() else None
