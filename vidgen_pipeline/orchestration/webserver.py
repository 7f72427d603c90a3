"""Ask the running engine's webserver to start a run, as its own pages do."""

from __future__ import annotations

import json
import logging
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any
from uuid import UUID

ANSWER_SECONDS = 20.0

JOB, LOCATION, REPOSITORY, PARTITIONS = "generate_video", "vidgen_pipeline", "__repository__", "videos"

# One request, and its parts are carried out in order. A partition that is there already is as good as a new one.
_LAUNCH = """
mutation ($repository: RepositorySelector!, $partitions: String!, $key: String!, $run: ExecutionParams!) {
  addDynamicPartition(repositorySelector: $repository, partitionsDefName: $partitions, partitionKey: $key) {
    __typename
  }
  launchRun(executionParams: $run) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on PythonError { message }
  }
}
"""

logger = logging.getLogger(__name__)


class Webserver:
    """The webserver of a running `vidgen up`, at its address such as `http://127.0.0.1:3000`."""

    def __init__(self, address: str) -> None:
        self._address = address

    def launch(self, video_id: UUID, tags: Mapping[str, str]) -> bool:
        """Queue a run for the video's partition. False when it did not answer, or refused; the log says why."""
        key = str(video_id)
        repository = {"repositoryName": REPOSITORY, "repositoryLocationName": LOCATION}
        # Launched this way, a run gets no partition by itself; both tags are what the partition's page counts by.
        tags = {**tags, "dagster/partition": key, "dagster/partition_set": f"{JOB}_partition_set"}
        run = {
            "selector": {**repository, "jobName": JOB},
            "runConfigData": {},
            "executionMetadata": {"tags": [{"key": name, "value": value} for name, value in tags.items()]},
        }
        variables = {"repository": repository, "partitions": PARTITIONS, "key": key, "run": run}
        try:
            answer = self._ask({"query": _LAUNCH, "variables": variables})
        except (OSError, urllib.error.URLError, ValueError) as error:
            logger.warning("The webserver at %s did not start the run of %s: %s", self._address, key, error)
            return False
        launched = (answer.get("data") or {}).get("launchRun") or {}
        if launched.get("__typename") == "LaunchRunSuccess":
            return True
        logger.warning("The webserver at %s refused to run %s: %s", self._address, key, answer)
        return False

    def _ask(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """Ask past any proxy of the environment: the server is on this machine."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        request = urllib.request.Request(  # noqa: S310 - the address is our own record's
            f"{self._address}/graphql",
            data=json.dumps(question).encode(),
            headers={"Content-Type": "application/json"},
        )
        with opener.open(request, timeout=ANSWER_SECONDS) as reply:
            answer = json.load(reply)
        return answer if isinstance(answer, dict) else {}
