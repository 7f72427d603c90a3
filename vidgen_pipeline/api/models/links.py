"""Links to a video's files that need no login."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import ConfigDict, Field

from vidgen_pipeline.api.models.base import Given, Shown, Strict, Yes, examples
from vidgen_pipeline.api.models.videos import VIDEO_ID


class VideoFile(StrEnum):
    """A file of a finished video."""

    CONTENT = "content"
    THUMBNAIL = "thumbnail"
    SRT = "subtitles.srt"
    VTT = "subtitles.vtt"
    ASS = "subtitles.ass"
    ATTRIBUTION = "attribution"


class LinkGiven(Given):
    """Which file to link to."""

    model_config = ConfigDict(**Strict, json_schema_extra=examples({"file": "content", "download": False}))

    file: VideoFile
    download: Yes = Field(default=False, description="To be kept as a file instead of shown.")


class LinkShown(Shown):
    """A link, and until when it is good."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra=examples(
            {
                "url": f"http://127.0.0.1:8000/api/v1/videos/{VIDEO_ID}/links/content?signature=pLbq4kZl",
                "expires_at": "2026-11-24T12:15:00Z",
            }
        ),
    )

    url: str
    expires_at: datetime
