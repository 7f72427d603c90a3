from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from vidgen_pipeline.database.budget_tables import BudgetPeriod as PeriodRow
from vidgen_pipeline.database.budget_tables import BudgetReservation
from vidgen_pipeline.database.notification_tables import Notification
from vidgen_pipeline.database.tables import ProviderCall
from vidgen_pipeline.domain.budget import BudgetPeriod
from vidgen_pipeline.domain.errors import InvalidInput, OverBudget, Paused
from vidgen_pipeline.domain.providers import Category
from vidgen_pipeline.domain.video import Step, VideoRequest, VideoStatus
from vidgen_pipeline.services.budgets import BudgetView, list_budgets, pause, remove_budget, resume, set_budget
from vidgen_pipeline.services.generation import Attempt, Generation
from vidgen_pipeline.services.reservations import (
    adjust_step,
    open_todays_periods,
    refuse_to_pay,
    release,
    reserve_attempt,
    settle,
)
from vidgen_pipeline.services.videos import plan_video, show_video
from vidgen_pipeline.storage.artifacts import ArtifactStore

PAID = VideoRequest(
    language="en",
    script_text="Bees dance to tell where flowers are. " * 40,
    selected_providers={Category.SCRIPT: "own_script", Category.VOICE: "elevenlabs", Category.MEDIA: "pexels"},
)


def _video(engine: Engine, user_id: UUID, request: VideoRequest = PAID) -> UUID:
    return plan_video(engine, user_id, request, title="Bees")


def _reserve(engine: Engine, user_id: UUID, video_id: UUID, amount: str, *, attempt: int = 1) -> None:
    with Session(engine) as session, session.begin():
        reserve_attempt(session, user_id, video_id, attempt, {Step.VOICE: Decimal(amount)})


def _charge(engine: Engine, user_id: UUID, video_id: UUID, amount: str, *, attempt: int = 1) -> None:
    """A paid call is written into the ledger and counted, in one transaction, as the ledger does it."""
    with Session(engine) as session, session.begin():
        open_todays_periods(session, user_id)
        session.execute(
            text(
                "INSERT INTO provider_calls (user_id, video_id, step, unit, attempt, inputs_hash, provider, model,"
                " base_url, status, cost_amount, finished_at) VALUES (:user, :video, 'voice', gen_random_uuid()::text,"
                " :attempt, '', 'elevenlabs', 'm', '', 'done', :amount, now())"
            ),
            {"user": user_id, "video": video_id, "attempt": attempt, "amount": Decimal(amount)},
        )
        settle(session, user_id, video_id, attempt, Step.VOICE, Decimal(amount))


def _month(engine: Engine, user_id: UUID) -> BudgetView:
    return next(view for view in list_budgets(engine, user_id) if view.period is BudgetPeriod.MONTH)


def test_fifty_at_once_reserve_no_more_than_there_is(engine: Engine, user_id: UUID):
    set_budget(engine, user_id, BudgetPeriod.MONTH, Decimal(10))
    set_budget(engine, None, BudgetPeriod.DAY, Decimal(25))
    videos = [_video(engine, user_id) for _ in range(50)]

    def reserve(video_id: UUID) -> bool:
        try:
            _reserve(engine, user_id, video_id, "0.98")
        except OverBudget:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(reserve, videos)) == 10
    held = {(view.period, view.for_all): view.reserved_usd for view in list_budgets(engine, user_id)}
    assert held == {(BudgetPeriod.DAY, True): Decimal("9.8"), (BudgetPeriod.MONTH, False): Decimal("9.8")}


def test_what_is_spent_comes_out_of_what_was_reserved_and_the_rest_goes_back(engine: Engine, user_id: UUID):
    set_budget(engine, user_id, BudgetPeriod.MONTH, Decimal(10))
    video_id = _video(engine, user_id)
    _reserve(engine, user_id, video_id, "4")
    _charge(engine, user_id, video_id, "1.5")
    _charge(engine, user_id, video_id, "0.25")
    seen = _month(engine, user_id)
    assert (seen.reserved_usd, seen.spent_usd, seen.left_usd) == (Decimal("2.25"), Decimal("1.75"), Decimal(6))
    with Session(engine) as session, session.begin():
        release(session, video_id)
    seen = _month(engine, user_id)
    assert (seen.reserved_usd, seen.spent_usd, seen.left_usd) == (Decimal(0), Decimal("1.75"), Decimal("8.25"))
    with Session(engine) as session:
        assert session.scalars(select(BudgetReservation.closed_at)).one() is not None


def test_a_charge_above_the_estimate_is_shown_as_overrun_and_stops_the_next_call(engine: Engine, user_id: UUID):
    set_budget(engine, user_id, BudgetPeriod.MONTH, Decimal(2))
    video_id = _video(engine, user_id)
    _reserve(engine, user_id, video_id, "0.02")
    with Session(engine) as session, session.begin():
        refuse_to_pay(session, user_id, video_id)
    _charge(engine, user_id, video_id, "3")
    seen = _month(engine, user_id)
    assert (seen.reserved_usd, seen.spent_usd, seen.overrun_usd) == (Decimal(0), Decimal(3), Decimal(1))
    with Session(engine) as session, session.begin(), pytest.raises(OverBudget, match="More was charged"):
        refuse_to_pay(session, user_id, video_id)


def test_a_new_limit_counts_what_was_spent_before_it(engine: Engine, user_id: UUID):
    video_id = _video(engine, user_id)
    _charge(engine, user_id, video_id, "7")
    set_budget(engine, user_id, BudgetPeriod.MONTH, Decimal(10))
    assert _month(engine, user_id).spent_usd == 7
    with pytest.raises(OverBudget, match=r"leaves you 3\.00 USD"):
        _reserve(engine, user_id, video_id, "3.01")
    _reserve(engine, user_id, video_id, "3")


def test_a_limit_can_be_lowered_below_what_is_spent_and_lifted(engine: Engine, user_id: UUID):
    video_id = _video(engine, user_id)
    set_budget(engine, user_id, BudgetPeriod.MONTH, Decimal(10))
    _charge(engine, user_id, video_id, "7")
    set_budget(engine, user_id, BudgetPeriod.MONTH, Decimal(5))
    seen = _month(engine, user_id)
    assert (seen.limit_usd, seen.overrun_usd, seen.left_usd) == (Decimal(5), Decimal(2), Decimal(0))
    with pytest.raises(OverBudget):
        _reserve(engine, user_id, video_id, "0.01")
    assert remove_budget(engine, user_id, BudgetPeriod.MONTH)
    assert not remove_budget(engine, user_id, BudgetPeriod.MONTH)
    _reserve(engine, user_id, video_id, "100")


def test_a_video_has_a_limit_over_all_its_attempts(engine: Engine, user_id: UUID):
    set_budget(engine, user_id, BudgetPeriod.VIDEO, Decimal(1))
    video_id, other = _video(engine, user_id), _video(engine, user_id)
    _reserve(engine, user_id, video_id, "0.9")
    _charge(engine, user_id, video_id, "0.6")
    with pytest.raises(OverBudget, match="for a video"):
        _reserve(engine, user_id, video_id, "0.5", attempt=2)
    _reserve(engine, user_id, video_id, "0.4", attempt=3)
    _reserve(engine, user_id, other, "1")


def test_a_step_that_knows_more_reserves_more_or_less(engine: Engine, user_id: UUID):
    set_budget(engine, user_id, BudgetPeriod.DAY, Decimal(5))
    video_id = _video(engine, user_id)
    _reserve(engine, user_id, video_id, "1")
    _charge(engine, user_id, video_id, "0.5")

    def adjust(step: Step, amount: str) -> Decimal:
        with Session(engine) as session, session.begin():
            adjust_step(session, user_id, video_id, 1, step, Decimal(amount))
        return list_budgets(engine, user_id)[0].reserved_usd

    assert adjust(Step.VOICE, "3") == Decimal("2.5")
    assert adjust(Step.VOICE, "0.1") == 0  # half a dollar of it is spent already
    assert adjust(Step.VIDEO_AI, "4.5") == Decimal("4.5")
    with pytest.raises(OverBudget):
        adjust(Step.VIDEO_AI, "4.6")


def test_the_owner_is_told_once_at_each_share(engine: Engine, user_id: UUID):
    set_budget(engine, user_id, BudgetPeriod.MONTH, Decimal(10), warn_percent=80)
    video_id = _video(engine, user_id)
    for amount in ("7", "1", "1", "1", "1"):
        _charge(engine, user_id, video_id, amount)
    with Session(engine) as session:
        told = session.scalars(select(Notification.title).order_by(Notification.created_at)).all()
    assert told == ["80 % of a budget is spent", "100 % of a budget is spent"]


def test_the_database_itself_refuses_to_promise_more_than_the_limit(engine: Engine, user_id: UUID):
    set_budget(engine, user_id, BudgetPeriod.MONTH, Decimal(10))
    list_budgets(engine, user_id)
    with pytest.raises(IntegrityError, match="budget_periods_within_limit"), Session(engine) as session:
        session.execute(PeriodRow.__table__.update().values(reserved_usd=Decimal("10.01")))


def test_a_video_that_may_cost_too_much_is_not_begun(engine: Engine, user_id: UUID, store: ArtifactStore):
    set_budget(engine, user_id, BudgetPeriod.MONTH, Decimal("0.01"))
    video_id = _video(engine, user_id)
    with pytest.raises(OverBudget, match=r"vidgen budget set month AMOUNT"):
        Generation(engine, store).enter(video_id, "run-1")
    seen = show_video(engine, user_id, video_id)
    assert (seen.status, seen.error_code, seen.attempt) == (VideoStatus.FAILED, "over_budget", 0)
    assert _month(engine, user_id).reserved_usd == 0
    set_budget(engine, user_id, BudgetPeriod.MONTH, Decimal(10))
    attempt = Generation(engine, store).enter(video_id, "run-2")
    assert _month(engine, user_id).reserved_usd > 0
    Generation(engine, store).fail(attempt, Step.SCRIPT, InvalidInput("No."))
    assert _month(engine, user_id).reserved_usd == 0


def test_nothing_is_begun_and_nothing_paid_while_paused(engine: Engine, user_id: UUID, store: ArtifactStore):
    video_id = _video(engine, user_id)
    pause(engine, "the invoice is odd")
    with pytest.raises(Paused, match="the invoice is odd"):
        Generation(engine, store).enter(video_id, "run-1")
    with Session(engine) as session, session.begin(), pytest.raises(Paused):
        refuse_to_pay(session, user_id, video_id)
    assert show_video(engine, user_id, video_id).status is VideoStatus.DRAFT
    assert resume(engine)
    assert not resume(engine)
    assert isinstance(Generation(engine, store).enter(video_id, "run-2"), Attempt)


def test_test_mode_reserves_nothing(engine: Engine, user_id: UUID, store: ArtifactStore):
    set_budget(engine, user_id, BudgetPeriod.MONTH, Decimal(0))
    video_id = _video(engine, user_id, PAID.model_copy(update={"test_mode": True}))
    Generation(engine, store).enter(video_id, "run-1")
    with Session(engine) as session:
        assert session.scalars(select(BudgetReservation)).all() == []
        assert session.scalars(select(ProviderCall)).all() == []


@pytest.mark.parametrize("amount", ["-1", "NaN", "Infinity", "1000000"])
def test_what_is_no_limit_is_refused(engine: Engine, user_id: UUID, amount: str):
    with pytest.raises(InvalidInput):
        set_budget(engine, user_id, BudgetPeriod.DAY, Decimal(amount))
    assert list_budgets(engine, user_id) == []
