"""What may be asked of Kling, field by field."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from vidgen_pipeline.sandbox.validation import Body, Query


class Watermark(Body):
    """Whether a mark is drawn in."""

    enabled: bool


class Options(Body):
    """What goes beside the work."""

    callback_url: str | None = None
    external_task_id: str = ""
    watermark_info: Watermark | None = None


class Settings(Body):
    """How the clip is made."""

    duration: int = Field(default=5, ge=3, le=15)
    resolution: Literal["720p", "1080p", "4k"] = "720p"
    aspect_ratio: Literal["16:9", "9:16", "1:1"] | None = None
    audio: Literal["off", "native"] | None = None
    multi_shot: bool | None = None


class TextBody(Body):
    """A clip from words."""

    prompt: str = Field(min_length=1, max_length=3072)
    settings: Settings = Settings()
    options: Options = Options()


class Content(Body):
    """Words or a picture."""

    type: Literal["prompt", "first_frame", "last_frame"]
    text: str = Field(default="", max_length=3072)
    url: str = ""


class ImageBody(Body):
    """A clip from a picture and words."""

    contents: list[Content] = Field(min_length=1)
    settings: Settings = Settings()
    options: Options = Options()


class LegacyBody(Body):
    """A clip by the older interface."""

    model_name: str = "kling-v2-6"
    prompt: str = Field(min_length=1, max_length=2500)
    negative_prompt: str = Field(default="", max_length=2500)
    duration: str = "5"
    mode: Literal["std", "pro"] = "std"
    sound: Literal["on", "off"] | None = None
    cfg_scale: float | None = Field(default=None, ge=0, le=1)
    callback_url: str | None = None
    external_task_id: str = ""


class LegacyTextBody(LegacyBody):
    """The same from words."""

    aspect_ratio: Literal["16:9", "9:16", "1:1"] = "16:9"


class LegacyImageBody(LegacyBody):
    """The same from a picture."""

    image: str
    image_tail: str | None = None


class TasksQuery(Query):
    """Which tasks."""

    task_ids: str = ""
    external_task_ids: str = ""


class ListBody(Body):
    """Tasks of a time."""

    start_time: int
    end_time: int
    cursor: str | None = None
    limit: int = Field(default=100, ge=1, le=500)
    filters: list[dict[str, Any]] | None = None


class PageQuery(Query):
    """Which page of the older list."""

    pageNum: int = Field(default=1, ge=1, le=1000)  # noqa: N815 - the vendor's spelling
    pageSize: int = Field(default=30, ge=1, le=500)  # noqa: N815 - the vendor's spelling


class CostsQuery(Query):
    """A time to account for, in ms."""

    start_time: int
    end_time: int
    resource_pack_name: str = ""
