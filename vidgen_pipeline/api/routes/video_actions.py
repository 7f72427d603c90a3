"""What a person does with a video: each is one call of one service."""

from __future__ import annotations

from uuid import UUID

from fastapi import BackgroundTasks, Request, Response

from vidgen_pipeline.api.conditional import asked_version
from vidgen_pipeline.api.context import ApiContext, Bucket, Context
from vidgen_pipeline.api.guard import Again, Asking, guard, guarded_router
from vidgen_pipeline.api.models.reviews import CallInDoubt, Review, ReviewShown
from vidgen_pipeline.api.models.videos import Reschedule, VideoEdit, VideoShown
from vidgen_pipeline.api.routes.videos import shown_with_tag, start, styles_of, written_time
from vidgen_pipeline.domain.accounts import Caller, Scope
from vidgen_pipeline.domain.errors import InvalidInput
from vidgen_pipeline.domain.text import clean_script
from vidgen_pipeline.domain.video import Action, VideoStatus
from vidgen_pipeline.services import lifecycle
from vidgen_pipeline.services.export import check_space
from vidgen_pipeline.services.reviewing import review, unknown_calls
from vidgen_pipeline.services.revising import revise
from vidgen_pipeline.services.settings import defaults_of
from vidgen_pipeline.services.videos import VideoView, show_video

router = guarded_router("/videos", "videos")

_SPENDS = (409, 412)


@router.put("/{video_id:uuid}/edit", operation_id="editVideo", response_model=VideoShown)
@guard(Scope.VIDEOS_WRITE, Bucket.WRITE, conditional=True, statuses=(409,))
def edit_video(
    video_id: UUID, body: VideoEdit, context: Context, caller: Asking, request: Request, response: Response
) -> VideoShown:
    """Change what the video is to be like. A failed or cancelled one becomes a draft; a running one is only renamed."""
    changes = body.wishes()
    if not changes:
        raise InvalidInput("Nothing was said about what to change.", remedy="Name at least one field.")
    before = show_video(context.engine, caller.user_id, video_id)
    version = asked_version(request) or before.version
    if changes.keys() == {"title"} and body.title and Action.EDIT not in before.actions:
        video = lifecycle.rename(context.engine, caller.user_id, video_id, body.title, version=version)
        return shown_with_tag(video, request, response)
    for field, called in (("prompt", "The prompt"), ("script_text", "The script")):
        if changes.get(field) is not None:
            changes[field] = clean_script(changes[field], called)
    if body.prompt is not None and body.script_text is not None:
        raise InvalidInput("Both a prompt and a script_text were given.", remedy="Give one of them.")
    defaults = defaults_of(context.engine, caller.user_id)
    plan = revise(before.request, changes, defaults, styles_of(context, caller), from_afar=True)
    video = lifecycle.edit(context.engine, caller.user_id, video_id, plan, version=version)
    return shown_with_tag(video, request, response, plan.notes)


@router.put("/{video_id:uuid}/reschedule", operation_id="rescheduleVideo", response_model=VideoShown)
@guard(Scope.VIDEOS_WRITE, Bucket.WRITE, conditional=True, statuses=(409,))
def reschedule_video(
    video_id: UUID, body: Reschedule, context: Context, caller: Asking, request: Request, response: Response
) -> VideoShown:
    """Plan the video for another time."""
    before = show_video(context.engine, caller.user_id, video_id)
    version = asked_version(request)
    zone = body.time_zone or before.time_zone or defaults_of(context.engine, caller.user_id).time_zone
    scheduled = written_time(body.scheduled_at, zone, context.clock())
    video = lifecycle.reschedule(context.engine, caller.user_id, video_id, scheduled, version=version)
    return shown_with_tag(video, request, response, (scheduled.note,) if scheduled.note else ())


@router.post(
    "/{video_id:uuid}/generate-now", status_code=202, operation_id="generateVideoNow", response_model=VideoShown
)
@guard(Scope.VIDEOS_WRITE, Bucket.GENERATE, again=Again.MUST, statuses=_SPENDS)
def generate_now(
    video_id: UUID, context: Context, caller: Asking, request: Request, response: Response, later: BackgroundTasks
) -> VideoShown:
    """Have the video made now. One video of yours is made at a time."""
    check_space(context.home.artifacts)
    version = asked_version(request, required=False)
    video = lifecycle.generate_now(context.engine, caller.user_id, video_id, version=version)
    return _started(video, context, caller, request, response, later)


@router.post("/{video_id:uuid}/retry", status_code=202, operation_id="retryVideo", response_model=VideoShown)
@guard(Scope.VIDEOS_WRITE, Bucket.GENERATE, again=Again.MUST, statuses=_SPENDS)
def retry_video(
    video_id: UUID, context: Context, caller: Asking, request: Request, response: Response, later: BackgroundTasks
) -> VideoShown:
    """Try a failed or cancelled video again; what was finished is not done, nor paid for, again."""
    check_space(context.home.artifacts)
    version = asked_version(request, required=False)
    video = lifecycle.retry(context.engine, caller.user_id, video_id, version=version)
    return _started(video, context, caller, request, response, later)


@router.post("/{video_id:uuid}/cancel", operation_id="cancelVideo", response_model=VideoShown)
@guard(Scope.VIDEOS_WRITE, Bucket.WRITE, again=Again.MAY, statuses=_SPENDS)
def cancel_video(video_id: UUID, context: Context, caller: Asking, request: Request, response: Response) -> VideoShown:
    """Stop the video. A planned one becomes a draft; one at work is asked to stop. Asking twice changes nothing."""
    version = asked_version(request, required=False)
    video = lifecycle.cancel(context.engine, caller.user_id, video_id, version=version)
    return shown_with_tag(video, request, response)


@router.get("/{video_id:uuid}/review", operation_id="getVideoReview", response_model=ReviewShown)
@guard(Scope.VIDEOS_READ, Bucket.READ)
def get_review(video_id: UUID, context: Context, caller: Asking) -> ReviewShown:
    """The paid requests of the video that got no answer: they may be paid for twice if it pays again."""
    calls = unknown_calls(context.engine, caller.user_id, video_id)
    return ReviewShown(calls=[CallInDoubt.of(call) for call in calls])


@router.post("/{video_id:uuid}/review", status_code=202, operation_id="reviewVideo", response_model=VideoShown)
@guard(Scope.VIDEOS_WRITE, Bucket.GENERATE, again=Again.MUST, statuses=_SPENDS)
def review_video(
    video_id: UUID,
    body: Review,
    context: Context,
    caller: Asking,
    request: Request,
    response: Response,
    later: BackgroundTasks,
) -> VideoShown:
    """Let a video that waits for you go on: ask the vendor once more, pay again, or cancel it."""
    version = asked_version(request, required=False)
    video = review(context.engine, caller.user_id, video_id, body.choice, version=version)
    if video.status is VideoStatus.QUEUED:
        start(later, context, video, caller)
    return shown_with_tag(video, request, response)


@router.delete("/{video_id:uuid}", operation_id="deleteVideo", response_model=VideoShown)
@guard(Scope.VIDEOS_WRITE, Bucket.WRITE, statuses=_SPENDS)
def delete_video(video_id: UUID, context: Context, caller: Asking, request: Request, response: Response) -> VideoShown:
    """Put the video into the trash, from which it can be restored for 30 days. One under way is cancelled first."""
    version = asked_version(request, required=False)
    video = lifecycle.delete(context.engine, caller.user_id, video_id, version=version)
    return shown_with_tag(video, request, response)


@router.post("/{video_id:uuid}/restore", operation_id="restoreVideo", response_model=VideoShown)
@guard(Scope.VIDEOS_WRITE, Bucket.WRITE, again=Again.MAY, statuses=_SPENDS)
def restore_video(video_id: UUID, context: Context, caller: Asking, request: Request, response: Response) -> VideoShown:
    """Bring a deleted video back as it was; one whose time has passed comes back as a draft."""
    version = asked_version(request, required=False)
    video = lifecycle.restore(context.engine, caller.user_id, video_id, version=version)
    return shown_with_tag(video, request, response)


def _started(
    video: VideoView, context: ApiContext, caller: Caller, request: Request, response: Response, later: BackgroundTasks
) -> VideoShown:
    """Begin with it once this is answered: 202, and where to look in a while."""
    start(later, context, video, caller)
    response.headers["Retry-After"] = "5"
    response.headers["Location"] = f"/api/v1/videos/{video.id}"
    return shown_with_tag(video, request, response)
