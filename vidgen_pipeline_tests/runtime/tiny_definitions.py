"""The smallest thing that Dagster can load: `up` needs something to serve."""

from dagster import Definitions, OpExecutionContext, in_process_executor, job, op


@op
def say_hello(context: OpExecutionContext) -> None:
    context.log.info("hello")


@job(executor_def=in_process_executor)
def tiny_job() -> None:
    say_hello()


defs = Definitions(jobs=[tiny_job])
