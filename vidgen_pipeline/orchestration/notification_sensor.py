"""Sends notices out of the product, every half minute."""

from __future__ import annotations

import asyncio
from pathlib import Path

from dagster import DefaultSensorStatus, SensorEvaluationContext, SkipReason, sensor

from vidgen_pipeline.orchestration.resources import PipelineResource
from vidgen_pipeline.runtime.home import Home
from vidgen_pipeline.services.notice_delivery import deliver_notices


@sensor(
    minimum_interval_seconds=30,
    default_status=DefaultSensorStatus.RUNNING,
    description="Tells people by e-mail and webhook what they want to be told; launches nothing.",
)
def notifications(context: SensorEvaluationContext, pipeline: PipelineResource) -> SkipReason:
    """Deliver what is due. The work is done within the tick, in about 20 s at most."""
    report = asyncio.run(deliver_notices(pipeline.engine, Home(Path(pipeline.home))))
    for problem in report.problems:
        context.log.warning(problem)
    return SkipReason(str(report))
