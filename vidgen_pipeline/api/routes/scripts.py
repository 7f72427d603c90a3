"""A video's script and its scenes."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Path, Request, Response

from vidgen_pipeline.api.conditional import asked_version
from vidgen_pipeline.api.context import Bucket, Context
from vidgen_pipeline.api.guard import Asking, guard, guarded_router
from vidgen_pipeline.api.models.scripts import SceneEdit, SceneList, ScriptShown
from vidgen_pipeline.api.models.videos import VideoShown
from vidgen_pipeline.api.routes.videos import shown_with_tag, styles_of
from vidgen_pipeline.domain.accounts import Scope
from vidgen_pipeline.services.scripts import edit_scene, script_of

router = guarded_router("/videos", "videos")


@router.get("/{video_id:uuid}/script", operation_id="getVideoScript", response_model=ScriptShown)
@guard(Scope.VIDEOS_READ, Bucket.READ, statuses=(409,))
def get_script(video_id: UUID, context: Context, caller: Asking) -> ScriptShown:
    """What is said in the video. One that is written by a provider is there once it is written (409 before)."""
    return ScriptShown.of(script_of(context.engine, caller.user_id, video_id))


@router.get("/{video_id:uuid}/scenes", operation_id="listVideoScenes", response_model=SceneList)
@guard(Scope.VIDEOS_READ, Bucket.READ, statuses=(409,))
def list_scenes(video_id: UUID, context: Context, caller: Asking) -> SceneList:
    """The script's scenes."""
    return SceneList.of(script_of(context.engine, caller.user_id, video_id))


@router.put("/{video_id:uuid}/scenes/{number}", operation_id="editVideoScene", response_model=VideoShown)
@guard(Scope.VIDEOS_WRITE, Bucket.WRITE, conditional=True, statuses=(409,))
def put_scene(
    video_id: UUID,
    number: Annotated[int, Path(ge=1, le=10_000)],
    body: SceneEdit,
    context: Context,
    caller: Asking,
    request: Request,
    response: Response,
) -> VideoShown:
    """Say one scene otherwise. What depends on it is made anew at the next generation; the script is not."""
    video = edit_scene(
        context.engine,
        caller.user_id,
        video_id,
        number,
        body.text,
        version=asked_version(request),
        own_styles=styles_of(context, caller),
        from_afar=True,
    )
    return shown_with_tag(video, request, response)
