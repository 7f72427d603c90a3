"""How a queued video becomes a Dagster run, and how the run knows what it was started for."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from uuid import UUID

from sqlalchemy.exc import OperationalError

from vidgen_pipeline.database.engine import open_engine
from vidgen_pipeline.orchestration.webserver import Webserver
from vidgen_pipeline.runtime.home import Home
from vidgen_pipeline.runtime.postgres.databases import databases
from vidgen_pipeline.runtime.server import running_address
from vidgen_pipeline.services.scheduling import Launch, claim_queued, give_back

LAUNCH_TAG = "vidgen/launch"
USER_TAG = "user_id"

logger = logging.getLogger(__name__)


def launch_tags(user_id: UUID, launch: int) -> dict[str, str]:
    """Tags of a run that answers the video's being queued for the `launch`-th time."""
    return {USER_TAG: str(user_id), LAUNCH_TAG: str(launch)}


def launch_of(tags: Mapping[str, str]) -> int | None:
    """The launch a run answers; None for one that a person started, or started again from another run."""
    if "dagster/parent_run_id" in tags:  # its tags are copies of the other run's
        return None
    return int(tags[LAUNCH_TAG]) if tags.get(LAUNCH_TAG, "").isdigit() else None


def launch_now(home: Home, video_id: UUID, user_id: UUID, launch: int) -> bool:
    """Start the run of a video that was just queued, if `vidgen up` runs here and it is the video's turn.

    `launch` is the video's `launches` after it was queued. The caller's transaction has been committed. True when the
    run is on its way. False when the `due_videos` sensor will start it: nothing runs here now, generation is paused,
    another video of the user's is being made, all places are taken, or the sensor was quicker. Never starts a launch
    twice, and raises nothing for an engine that does not answer.
    """
    address = running_address(home)
    if address is None:
        return False
    launch_wanted = Launch(video_id, user_id, launch)
    with databases(home) as addresses:
        engine = open_engine(addresses.vidgen_url, pooled=False)
        try:
            if not claim_queued(engine, launch_wanted):
                return False
            started = Webserver(address).launch(video_id, launch_tags(user_id, launch))
            if not started:
                give_back(engine, launch_wanted)
        except OperationalError:
            logger.exception("The video %s could not be started at once.", video_id)
            return False
    return started
