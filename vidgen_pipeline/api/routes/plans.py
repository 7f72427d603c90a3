"""Budgets, and plans that recur."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Response

from vidgen_pipeline.api.context import Bucket, Context
from vidgen_pipeline.api.guard import Asking, guard, guarded_router
from vidgen_pipeline.api.models.plans import (
    BudgetGiven,
    BudgetList,
    BudgetShown,
    RecurringGiven,
    RecurringList,
    RecurringShown,
    RecurringSwitch,
)
from vidgen_pipeline.api.routes.videos import in_test_mode, styles_of
from vidgen_pipeline.domain.accounts import Scope
from vidgen_pipeline.domain.budget import BudgetPeriod
from vidgen_pipeline.domain.errors import InvalidInput, NotFound
from vidgen_pipeline.domain.recurrence import cron_for
from vidgen_pipeline.services import recurring as service
from vidgen_pipeline.services.budgets import list_budgets, remove_budget, set_budget
from vidgen_pipeline.services.planning import Wishes
from vidgen_pipeline.services.settings import defaults_of

budgets = guarded_router("/budgets", "budgets")
recurring = guarded_router("/recurring-plans", "recurring plans")

PlanName = Annotated[str, Path(min_length=1, max_length=100)]


@budgets.get("", operation_id="listBudgets", response_model=BudgetList)
@guard(Scope.SETTINGS, Bucket.READ)
def read_budgets(context: Context, caller: Asking) -> BudgetList:
    """The limits that your videos are under, with what they hold today."""
    return BudgetList(data=[BudgetShown.of(view) for view in list_budgets(context.engine, caller.user_id)])


@budgets.put("/{period}", operation_id="putBudget", response_model=BudgetList)
@guard(Scope.SETTINGS, Bucket.WRITE)
def put_budget(period: BudgetPeriod, body: BudgetGiven, context: Context, caller: Asking) -> BudgetList:
    """Set your own limit for each video, day or month."""
    set_budget(context.engine, caller.user_id, period, body.limit_usd, warn_percent=body.warn_percent)
    return BudgetList(data=[BudgetShown.of(view) for view in list_budgets(context.engine, caller.user_id)])


@budgets.delete("/{period}", operation_id="deleteBudget", response_model=BudgetList)
@guard(Scope.SETTINGS, Bucket.WRITE)
def delete_budget(period: BudgetPeriod, context: Context, caller: Asking) -> BudgetList:
    """Lift your own limit."""
    if not remove_budget(context.engine, caller.user_id, period):
        raise NotFound("You have no such limit.")
    return BudgetList(data=[BudgetShown.of(view) for view in list_budgets(context.engine, caller.user_id)])


@recurring.get("", operation_id="listRecurringPlans", response_model=RecurringList)
@guard(Scope.VIDEOS_READ, Bucket.READ)
def list_plans(context: Context, caller: Asking) -> RecurringList:
    """Your plans that make videos again and again, newest first."""
    found = service.list_recurring_plans(context.engine, caller.user_id)
    return RecurringList(data=[RecurringShown.of(view) for view in found])


@recurring.post("", status_code=201, operation_id="createRecurringPlan", response_model=RecurringShown)
@guard(Scope.VIDEOS_WRITE, Bucket.WRITE, statuses=(409,))
def create_plan(body: RecurringGiven, context: Context, caller: Asking) -> RecurringShown:
    """Add a plan. At each of its times a video is planned, a day ahead."""
    wishes = body.video.wishes()
    if wishes.get("prompt") is not None or wishes.get("script_text") is not None:
        raise InvalidInput("A plan writes a new script each time.", remedy="Say in prompt_template what about.")
    if (body.cron is None) == (body.every is None):
        raise InvalidInput("Either cron says when, or every and at do.", remedy="Give one of them.")
    defaults = defaults_of(context.engine, caller.user_id)
    view = service.add_recurring_plan(
        context.engine,
        caller.user_id,
        service.Recurrence(
            name=body.name,
            cron=body.cron or cron_for(body.every or "", body.at or "09:00"),
            time_zone=body.time_zone or defaults.time_zone,
            prompt_template=body.prompt_template,
            topics=tuple(body.topics),
            repeat_topics=body.repeat_topics,
        ),
        Wishes(
            **{**wishes, "providers": body.video.providers or {}},
            test_mode=in_test_mode(context, asked=body.test_mode),
        ),
        defaults,
        now=context.clock(),
        own_styles=styles_of(context, caller),
    )
    return RecurringShown.of(view)


@recurring.put("/{name}", operation_id="switchRecurringPlan", response_model=RecurringShown)
@guard(Scope.VIDEOS_WRITE, Bucket.WRITE, statuses=(409,))
def switch_plan(name: PlanName, body: RecurringSwitch, context: Context, caller: Asking) -> RecurringShown:
    """Stop a plan for a while, or go on with it from its next time."""
    view = service.switch_recurring_plan(context.engine, caller.user_id, name, on=body.enabled, now=context.clock())
    return RecurringShown.of(view)


@recurring.delete("/{name}", status_code=204, operation_id="deleteRecurringPlan", response_class=Response)
@guard(Scope.VIDEOS_WRITE, Bucket.WRITE)
def delete_plan(name: PlanName, context: Context, caller: Asking) -> None:
    """End a plan. Videos that it has planned stay."""
    service.remove_recurring_plan(context.engine, caller.user_id, name, now=context.clock())
