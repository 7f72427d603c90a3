"""Links to a video's files for who can't log in: a page elsewhere, a phone, the receiver of a webhook.

The signature is encrypted like other secrets, and bound to the user, the video and the file. It is in the query, which
no log of ours has.
"""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request
from starlette.responses import FileResponse, Response

from vidgen_pipeline.api.context import ApiContext, Bucket, Context
from vidgen_pipeline.api.guard import Asking, guard, guarded_router
from vidgen_pipeline.api.models.links import LinkGiven, LinkShown, VideoFile
from vidgen_pipeline.api.opaque import from_letters, in_letters
from vidgen_pipeline.api.routes.video_files import answer_with_file, file_responses, finished_or_refused
from vidgen_pipeline.domain.accounts import Scope
from vidgen_pipeline.domain.errors import NotFound
from vidgen_pipeline.services.accounts import show_user
from vidgen_pipeline.services.vault import SecretUnreadable
from vidgen_pipeline.services.videos import show_video

router = guarded_router("/videos", "files")

LINK_LASTS = timedelta(minutes=15)

_USER_BYTES = 16
_HEADERS = {
    "Cache-Control": "private, no-store",
    # Another site's page may play it, and read the subtitles for that: the link is all that is needed to see them.
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Access-Control-Allow-Origin": "*",
}


@router.post("/{video_id:uuid}/links", status_code=201, operation_id="createVideoLink", response_model=LinkShown)
@guard(Scope.VIDEOS_READ, Bucket.READ, statuses=(409,))
def create_link(video_id: UUID, body: LinkGiven, context: Context, caller: Asking, request: Request) -> LinkShown:
    """Link to a file of a finished video. For 15 minutes whoever has the link sees the file, without a token or login.

    It ends sooner when the video is deleted.
    """
    finished_or_refused(show_video(context.engine, caller.user_id, video_id))
    expires_at = context.clock() + LINK_LASTS
    plain = json.dumps([expires_at.isoformat(), body.download]).encode()
    sealed = context.vault.encrypt(plain, user_id=caller.user_id, purpose=_purpose(video_id, body.file))
    url = request.url_for(open_link.__name__, video_id=video_id, file=body.file.value)
    url = url.include_query_params(signature=in_letters(caller.user_id.bytes + sealed))
    return LinkShown(url=str(url), expires_at=expires_at)


@router.get(
    "/{video_id:uuid}/links/{file}",
    operation_id="openVideoLink",
    response_class=FileResponse,
    responses=file_responses("*/*", "The file."),
)
@guard(None, Bucket.READ, from_anywhere=True, statuses=(304, 409, 416))
def open_link(
    video_id: UUID,
    file: VideoFile,
    context: Context,
    request: Request,
    signature: Annotated[str, Query(description="As it is in the link.")] = "",
) -> Response:
    """The file that a link is for. One that has expired, or was changed, is a link to nothing."""
    user_id, download = _read(context, video_id, file, signature)
    return answer_with_file(context, request, user_id, video_id, file, download=download, headers=_HEADERS)


def _read(context: ApiContext, video_id: UUID, file: VideoFile, signature: str) -> tuple[UUID, bool]:
    """Whose file it is, and whether it is to be kept.

    Raises NotFound, the same for every link that is not good, or not any more, and for a disabled user's.
    """
    with suppress(ValueError, SecretUnreadable, NotFound):
        written = from_letters(signature)
        user_id, sealed = UUID(bytes=written[:_USER_BYTES]), written[_USER_BYTES:]
        plain = context.vault.decrypt(sealed, user_id=user_id, purpose=_purpose(video_id, file))
        expires_at, download = json.loads(plain)
        if context.clock() < datetime.fromisoformat(expires_at) and not show_user(context.engine, user_id).disabled:
            return user_id, bool(download)
    raise NotFound("There is no video with this id.")


def _purpose(video_id: UUID, file: VideoFile) -> str:
    return f"link:{video_id}:{file}"
