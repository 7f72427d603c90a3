"""Looks: which there are."""

from __future__ import annotations

from vidgen_pipeline.api.context import Bucket, Context
from vidgen_pipeline.api.guard import Asking, guard, guarded_router
from vidgen_pipeline.api.models.looks import LookList, LookShown
from vidgen_pipeline.api.routes.videos import styles_of
from vidgen_pipeline.domain.accounts import Scope
from vidgen_pipeline.services import looks as service

router = guarded_router("/looks", "looks")


@router.get("", operation_id="listLooks", response_model=LookList)
@guard(Scope.SETTINGS, Bucket.READ)
def list_looks(context: Context, caller: Asking) -> LookList:
    """The looks that your settings and videos can name, and what each decides."""
    views = service.list_looks(context.home.looks, styles_of(context, caller))
    return LookList(data=[LookShown.of(view) for view in views])
