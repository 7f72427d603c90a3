"""The IO manager is the pipeline's memory: an op's output is a row of `generation_steps`.

So a run that resumes from a failure, a retry on another machine and our own skipping of unchanged steps all read the
same thing. Large bytes are never here: an output names them as artifacts.
"""

from typing import cast
from uuid import UUID

from dagster import (
    ConfigurableIOManager,
    DagsterExecutionInterruptedError,
    InputContext,
    OutputContext,
    ResourceDependency,
)
from pydantic import BaseModel

from vidgen_pipeline.database.patience import outlast_blocking
from vidgen_pipeline.domain.errors import Cancelled
from vidgen_pipeline.domain.video import Step
from vidgen_pipeline.orchestration.resources import PipelineResource


class GenerationStepIOManager(ConfigurableIOManager):
    """Keeps each step's output in its video's row."""

    pipeline: ResourceDependency[PipelineResource]

    def handle_output(self, context: OutputContext, obj: BaseModel) -> None:
        try:
            outlast_blocking(
                self.pipeline.generation.store_output,
                UUID(context.partition_key),
                context.run_id,
                Step(context.step_key),
                obj,
            )
        except Cancelled as error:
            raise DagsterExecutionInterruptedError(str(error)) from None

    def load_input(self, context: InputContext) -> BaseModel:
        upstream = context.upstream_output
        if upstream is None:
            raise ValueError("an input of a step is always the output of another")
        generation, video_id, step = self.pipeline.generation, UUID(context.partition_key), Step(upstream.step_key)
        if step is Step.SCRIPT:
            return outlast_blocking(generation.load_script, video_id)
        model = cast("type[BaseModel]", context.dagster_type.typing_type)
        return outlast_blocking(generation.load_output, video_id, step, model)
