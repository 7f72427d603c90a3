"""What Dagster loads in the tests of the whole engine: the real definitions, in the surroundings of these tests."""

from __future__ import annotations

from vidgen_pipeline.definitions import definitions
from vidgen_pipeline.orchestration.sensors import stuck_videos
from vidgen_pipeline_tests.faults.surroundings import furnish

STUCK_SECONDS = 10

furnish()
stuck_videos._min_interval = STUCK_SECONDS  # of five minutes; all others look as often as in life

__all__ = ["definitions"]
