"""Caption styles: which there are, what they look like, and your own."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from vidgen_pipeline.api.conditional import REVALIDATED, asked_version, refuse_unchanged, tag
from vidgen_pipeline.api.context import Bucket, Context
from vidgen_pipeline.api.guard import Asking, guard, guarded_router
from vidgen_pipeline.api.models.styles import StyleGiven, StyleList, StyleShown
from vidgen_pipeline.domain.accounts import Scope
from vidgen_pipeline.domain.captions import Highlight
from vidgen_pipeline.domain.errors import InvalidInput
from vidgen_pipeline.domain.video import AspectRatio
from vidgen_pipeline.services import caption_styles as service
from vidgen_pipeline.services.language import resolve_language
from vidgen_pipeline.services.style_previews import LONGEST_TEXT, SAMPLE_TEXT, Background, StylePreviews
from vidgen_pipeline.subtitles.styles import with_highlight

router = guarded_router("/styles", "caption styles")

StyleName = Annotated[str, Path(min_length=1, max_length=50)]


@router.get("", operation_id="listStyles", response_model=StyleList)
@guard(Scope.SETTINGS, Bucket.READ)
def list_styles(context: Context, caller: Asking) -> StyleList:
    """The caption styles that your settings and videos can name."""
    found = service.list_styles(context.engine, caller.user_id, context.home.styles)
    return StyleList(data=[StyleShown.of(view) for view in found])


@router.get("/{style}", operation_id="getStyle", response_model=StyleShown)
@guard(Scope.SETTINGS, Bucket.READ, statuses=(304,))
def get_style(style: StyleName, context: Context, caller: Asking, request: Request, response: Response) -> StyleShown:
    """One caption style. Its ETag is what a change can name."""
    view = service.show_style(context.engine, caller.user_id, context.home.styles, style)
    shown = StyleShown.of(view)
    tag(request, response, view.version, shown)
    return shown


@router.put(
    "/{style}",
    operation_id="putStyle",
    response_model=StyleShown,
    responses={201: {"description": "It is new.", "model": StyleShown}},
)
@guard(Scope.SETTINGS, Bucket.WRITE, statuses=(409, 412))
def put_style(
    style: StyleName, body: StyleGiven, context: Context, caller: Asking, request: Request, response: Response
) -> StyleShown:
    """Save a style of your own, in place of yours of that name. Videos still to be made with it look as it is then."""
    version = asked_version(request, required=False)
    view, is_new = service.save_style(context.engine, caller.user_id, style, body.fields(), version=version)
    shown = StyleShown.of(view)
    response.status_code = 201 if is_new else 200
    tag(request, response, view.version, shown)
    return shown


@router.delete("/{style}", status_code=204, operation_id="deleteStyle", response_class=Response)
@guard(Scope.SETTINGS, Bucket.WRITE, statuses=(409,))
def delete_style(style: StyleName, context: Context, caller: Asking) -> None:
    """Remove a style of your own that nothing names any more."""
    service.remove_style(context.engine, caller.user_id, style)


@router.get(
    "/{style}/preview",
    operation_id="getStylePreview",
    response_class=Response,
    responses={200: {"description": "A picture of it.", "content": {"image/png": {"schema": {"type": "string"}}}}},
)
@guard(Scope.SETTINGS, Bucket.ESTIMATE, statuses=(304,))
async def get_preview(
    style: StyleName,
    context: Context,
    caller: Asking,
    request: Request,
    background: Annotated[Background, Query(description="What stands behind the words.")] = Background.DARK,
    aspect_ratio: Annotated[AspectRatio, Query(description="The video's shape.")] = AspectRatio.PORTRAIT,
    highlight: Annotated[Highlight | None, Query(description="Another way than the style's own.")] = None,
    text: Annotated[
        str | None, Query(min_length=1, max_length=LONGEST_TEXT, description="What is said; its language is seen.")
    ] = None,
) -> Response:
    """How captions in this style look: a frame as the finished video would have it, half as large."""
    view = await run_in_threadpool(service.show_style, context.engine, caller.user_id, context.home.styles, style)
    if view.style is None:
        raise view.problem or InvalidInput(f"The caption style '{view.name}' can't be used.")
    said = text or SAMPLE_TEXT
    language, _ = await run_in_threadpool(resolve_language, None, said, ())
    previews: StylePreviews = request.app.state.previews
    drawn = await previews.preview(
        with_highlight(view.style, highlight), aspect_ratio=aspect_ratio, text=said, background=background,
        language=language,
    )  # fmt: skip
    etag = f'"{drawn.stem}"'
    refuse_unchanged(request, etag)
    picture = await run_in_threadpool(drawn.read_bytes)
    return Response(picture, media_type="image/png", headers={**REVALIDATED, "ETag": etag})
