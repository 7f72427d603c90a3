"""The files of a finished video: whole or in parts, under a name that a browser may keep."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request
from starlette.datastructures import Headers
from starlette.responses import FileResponse, Response
from starlette.types import Message, Receive, Scope, Send

from vidgen_pipeline.api.conditional import REVALIDATED, refuse_unchanged
from vidgen_pipeline.api.context import ApiContext, Bucket, Context
from vidgen_pipeline.api.errors import NotReady, RangeNotSatisfiable
from vidgen_pipeline.api.guard import Asking, guard, guarded_router
from vidgen_pipeline.api.models.links import VideoFile
from vidgen_pipeline.api.problems import problem_of
from vidgen_pipeline.domain.accounts import Scope as Right
from vidgen_pipeline.domain.artifact import Artifact
from vidgen_pipeline.domain.finished import FinishedVideo
from vidgen_pipeline.services.export import file_name
from vidgen_pipeline.services.videos import VideoView, show_video

router = guarded_router("/videos", "files")

_PLACES = {
    VideoFile.CONTENT: ("video", ".mp4"),
    VideoFile.THUMBNAIL: ("thumbnail", ".jpg"),
    VideoFile.SRT: ("srt", ".srt"),
    VideoFile.VTT: ("vtt", ".vtt"),
    VideoFile.ASS: ("ass", ".ass"),
    VideoFile.ATTRIBUTION: ("attribution", ".attribution.txt"),
}
"""Where each is among what came out, and how its name ends."""

Download = Annotated[bool, Query(description="To be kept as a file instead of shown.")]


class SubtitleKind(StrEnum):
    """A form of subtitles."""

    SRT = "srt"
    VTT = "vtt"
    ASS = "ass"


def file_responses(media_type: str, description: str) -> dict[int | str, dict[str, object]]:
    """What the description of a route says of a file, and of a part of it."""
    content = {media_type: {"schema": {"type": "string", "format": "binary"}}}
    return {
        200: {"description": description, "content": content},
        206: {"description": "The part that was asked for.", "content": content},
    }


@router.get(
    "/{video_id:uuid}/content",
    operation_id="getVideoContent",
    response_class=FileResponse,
    responses=file_responses("video/mp4", "The finished video."),
)
@guard(Right.VIDEOS_READ, Bucket.READ, statuses=(304, 409, 416))
def get_content(
    video_id: UUID, context: Context, caller: Asking, request: Request, download: Download = False
) -> Response:
    """The finished video as MP4."""
    return _own_file(video_id, context, caller, request, VideoFile.CONTENT, download=download)


@router.get(
    "/{video_id:uuid}/thumbnail",
    operation_id="getVideoThumbnail",
    response_class=FileResponse,
    responses=file_responses("image/jpeg", "A picture of it."),
)
@guard(Right.VIDEOS_READ, Bucket.READ, statuses=(304, 409, 416))
def get_thumbnail(
    video_id: UUID, context: Context, caller: Asking, request: Request, download: Download = False
) -> Response:
    """A picture of the finished video."""
    return _own_file(video_id, context, caller, request, VideoFile.THUMBNAIL, download=download)


@router.get(
    "/{video_id:uuid}/subtitles.{kind}",
    operation_id="getVideoSubtitles",
    response_class=FileResponse,
    responses=file_responses("text/plain", "Its subtitles."),
)
@guard(Right.VIDEOS_READ, Bucket.READ, statuses=(304, 409, 416))
def get_subtitles(
    video_id: UUID,
    kind: SubtitleKind,
    context: Context,
    caller: Asking,
    request: Request,
    download: Download = False,
) -> Response:
    """The finished video's subtitles."""
    return _own_file(video_id, context, caller, request, VideoFile(f"subtitles.{kind}"), download=download)


@router.get(
    "/{video_id:uuid}/attribution",
    operation_id="getVideoAttribution",
    response_class=FileResponse,
    responses=file_responses("text/plain", "Who made what is seen and heard."),
)
@guard(Right.VIDEOS_READ, Bucket.READ, statuses=(304, 409, 416))
def get_attribution(
    video_id: UUID, context: Context, caller: Asking, request: Request, download: Download = False
) -> Response:
    """Who made what is seen and heard in it, and on what terms: to be published with it."""
    return _own_file(video_id, context, caller, request, VideoFile.ATTRIBUTION, download=download)


def _own_file(
    video_id: UUID, context: Context, caller: Asking, request: Request, file: VideoFile, *, download: bool
) -> Response:
    return answer_with_file(context, request, caller.user_id, video_id, file, download=download, headers=REVALIDATED)


def answer_with_file(
    context: ApiContext,
    request: Request,
    user_id: UUID,
    video_id: UUID,
    file: VideoFile,
    *,
    download: bool,
    headers: Mapping[str, str],
) -> Response:
    """A file of the user's video, with these headers besides its own. Raises NotFound, NotReady, NotModified."""
    video = show_video(context.engine, user_id, video_id)
    name, ending = _PLACES[file]
    artifact: Artifact = getattr(finished_or_refused(video), name)
    path = context.store.path(artifact)
    etag = f'"{artifact.sha256}"'
    refuse_unchanged(request, etag, headers)
    return RangedFile(
        path,
        headers={"ETag": etag, "Content-Security-Policy": "sandbox; default-src 'none'", **headers},
        media_type=artifact.media_type,
        filename=file_name(video.title) + ending,
        content_disposition_type="attachment" if download else "inline",
    )


def finished_or_refused(video: VideoView) -> FinishedVideo:
    """What came out. Raises NotReady."""
    if video.finished is None:
        raise NotReady("The video is not finished.", remedy="Its status says where it stands.")
    return video.finished


class RangedFile(FileResponse):
    """A file whose refusals of a part are problems like all others."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refused: list[Message] = []

        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] in {400, 416}:
                refused.append(message)
            if not refused:
                await send(message)

        await super().__call__(scope, receive, send_on)
        if refused:
            error = RangeNotSatisfiable("The file has no such part.", remedy="Ask for bytes that it has, or all.")
            answer = problem_of(error, Request(scope))
            size = Headers(raw=refused[0]["headers"]).get("content-range")
            if size is not None:
                answer.headers["Content-Range"] = size
            await answer(scope, receive, send)
