"""What Dagster loads: the job, the asset with its checks, the resources. The environment is read only here."""

from dagster import Definitions, EnvVar

from vidgen_pipeline.orchestration.asset import video_asset, video_checks
from vidgen_pipeline.orchestration.graph import generate_video
from vidgen_pipeline.orchestration.io_manager import GenerationStepIOManager
from vidgen_pipeline.orchestration.resources import PipelineResource
from vidgen_pipeline.providers.factory import default_providers

pipeline = PipelineResource(
    database_url=EnvVar("VIDGEN_DATABASE_URL"), home=EnvVar("VIDGEN_HOME"), sandbox_url=EnvVar("VIDGEN_SANDBOX_URL")
)

definitions = Definitions(
    assets=[video_asset],
    asset_checks=video_checks,
    jobs=[generate_video],
    resources={
        "pipeline": pipeline,
        "generation_steps": GenerationStepIOManager(pipeline=pipeline),
        **default_providers(),
    },
)
