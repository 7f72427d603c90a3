"""Many videos at once: what would come of them, and then all of them or none."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool

from vidgen_pipeline.api.context import ApiContext, Bucket, Context
from vidgen_pipeline.api.errors import UnsupportedMediaType
from vidgen_pipeline.api.guard import Again, Asking, guard, guarded_router
from vidgen_pipeline.api.idempotency import require_key
from vidgen_pipeline.api.models.bulk import BulkShown, Rows
from vidgen_pipeline.api.routes.videos import in_test_mode, styles_of
from vidgen_pipeline.domain.accounts import Caller, Scope
from vidgen_pipeline.services.bulk_file import FileRow, read_file
from vidgen_pipeline.services.bulk_plan import BulkOptions, plan_rows, preview_rows

router = guarded_router("/videos", "videos")

_EXAMPLE = "title,script,scheduled_at\nCats,Cats purr.,2030-05-01 09:00\n"


@router.post(
    "/bulk",
    operation_id="planVideos",
    response_model=BulkShown,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": {"$ref": "#/components/schemas/Rows"}},
                "text/csv": {"schema": {"type": "string"}, "example": _EXAMPLE},
            },
        }
    },
)
@guard(Scope.VIDEOS_WRITE, Bucket.WRITE, again=Again.MAY, statuses=(409, 415))
async def plan_many(
    request: Request,
    context: Context,
    caller: Asking,
    commit: Annotated[bool, Query(description="Plan them. Needs an Idempotency-Key.")] = False,
    only_valid: Annotated[bool, Query(description="Leave the rows with mistakes out.")] = False,
) -> BulkShown:
    """Plan many videos from CSV or JSON: without `commit` only shows what would come of each row.

    A row that was planned before is left out, so that the same file sent again plans nothing twice.
    """
    if commit:
        require_key(request)
    data = await request.body()
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return await run_in_threadpool(_plan, context, caller, _read(kind, data), commit=commit, only_valid=only_valid)


def _plan(context: ApiContext, caller: Caller, rows: list[FileRow], *, commit: bool, only_valid: bool) -> BulkShown:
    options = BulkOptions(
        own_styles=styles_of(context, caller), test_mode=in_test_mode(context, asked=False), from_afar=True
    )
    preview = preview_rows(context.engine, caller.user_id, rows, options)
    planned = plan_rows(context.engine, caller.user_id, preview, only_valid=only_valid) if commit else None
    return BulkShown.of(preview, planned)


def _read(kind: str, data: bytes) -> list[FileRow]:
    if kind == "text/csv":
        return read_file(data, "The text")
    if kind != "application/json":
        raise UnsupportedMediaType("The rows have to be JSON or CSV.", remedy="Say which in Content-Type.")
    try:
        return Rows.model_validate_json(data).file_rows()
    except ValidationError as error:
        mistakes = error.errors(include_url=False, include_input=False, include_context=False)
        raise RequestValidationError([{**mistake, "loc": ("body", *mistake["loc"])} for mistake in mistakes]) from None
