"""What Dagster loads: the job, the asset with its checks, the resources. The environment is read only here."""

import warnings

from dagster import BetaWarning, Definitions, EnvVar

from vidgen_pipeline.orchestration.asset import video_asset, video_checks
from vidgen_pipeline.orchestration.graph import generate_video
from vidgen_pipeline.orchestration.housekeeping import (
    engine_cleanup,
    housekeeping_schedules,
    log_retention,
    pricing_review,
    storage_cleanup,
    usage_rollups,
)
from vidgen_pipeline.orchestration.io_manager import GenerationStepIOManager
from vidgen_pipeline.orchestration.notification_sensor import notifications
from vidgen_pipeline.orchestration.recurring_sensor import recurring_plans
from vidgen_pipeline.orchestration.resources import PipelineResource, TablesResource
from vidgen_pipeline.orchestration.sensors import sensors
from vidgen_pipeline.providers.factory import default_providers

# Dagster's own, about itself, whenever it copies a sensor: nobody here names owners.
warnings.filterwarnings("ignore", message="Parameter `owners` of initializer `SensorDefinition", category=BetaWarning)

pipeline = PipelineResource(
    database_url=EnvVar("VIDGEN_DATABASE_URL"), home=EnvVar("VIDGEN_HOME"), sandbox_url=EnvVar("VIDGEN_SANDBOX_URL")
)

definitions = Definitions(
    assets=[video_asset],
    asset_checks=video_checks,
    jobs=[generate_video, log_retention, storage_cleanup, engine_cleanup, pricing_review],
    schedules=housekeeping_schedules,
    sensors=[*sensors, recurring_plans, notifications, usage_rollups],
    resources={
        "pipeline": pipeline,
        "tables": TablesResource(database_url=EnvVar("VIDGEN_DATABASE_URL"), home=EnvVar("VIDGEN_HOME")),
        "generation_steps": GenerationStepIOManager(pipeline=pipeline),
        **default_providers(),
    },
)
