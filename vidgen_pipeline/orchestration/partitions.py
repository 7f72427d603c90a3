"""One partition a video: its key is the video's id."""

from uuid import UUID

from dagster import DagsterInstance, DynamicPartitionsDefinition

videos = DynamicPartitionsDefinition(name="videos")


def add_partition(instance: DagsterInstance, video_id: UUID) -> str:
    """Make the video known to Dagster; returns its partition key."""
    key = str(video_id)
    instance.add_dynamic_partitions("videos", [key])
    return key
