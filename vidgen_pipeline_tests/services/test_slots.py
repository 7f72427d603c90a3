import asyncio
import signal
import subprocess
import sys
from collections.abc import Callable
from uuid import UUID

import pytest
from sqlalchemy import Engine, event, func, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from vidgen_pipeline.database.slots import try_slot
from vidgen_pipeline.database.tables import SlotWaiter, Video
from vidgen_pipeline.domain.video import VideoRequest
from vidgen_pipeline.services.generation import Attempt, Generation
from vidgen_pipeline.services.slots import Limit, account_limit, render_limit, slot
from vidgen_pipeline.services.videos import plan_video
from vidgen_pipeline.storage.artifacts import ArtifactStore

ONE = Limit(name="renders", what="a place to render", places=1)


@pytest.fixture
def attempt(engine: Engine, user_id: UUID, store: ArtifactStore) -> Attempt:
    video_id = plan_video(engine, user_id, VideoRequest(language="en"), title="Bees")
    return Generation(engine, store).enter(video_id, "run-1")


def _waiting_for(engine: Engine) -> str | None:
    with Session(engine) as session:
        return session.scalars(select(Video.waiting_for)).one()


async def _until(it_is_so: Callable[[], bool]) -> None:
    """Other tasks, and other processes, are waited for by looking at what they do to the database."""
    while not it_is_so():  # noqa: ASYNC110
        await asyncio.sleep(0.02)


def _in_line(engine: Engine) -> int:
    with Session(engine) as session:
        return session.scalars(select(func.count()).select_from(SlotWaiter)).one()


def test_places_are_given_in_the_order_in_which_they_were_asked_for(engine: Engine, attempt: Attempt):
    order: list[int] = []

    async def work(number: int, done: asyncio.Event) -> None:
        async with slot(engine, ONE, video_id=attempt.video_id, attempt=attempt.number):
            order.append(number)
            await done.wait()

    async def scenario() -> None:
        first = asyncio.Event()
        go = asyncio.Event()
        go.set()
        tasks = [asyncio.create_task(work(0, first))]
        await _until(lambda: bool(order))
        for number in (1, 2, 3):
            tasks.append(asyncio.create_task(work(number, go)))
            await _until(lambda number=number: _in_line(engine) == number)
        await _until(lambda: "2 before" in str(_waiting_for(engine)))
        assert order == [0]
        first.set()
        await asyncio.gather(*tasks)

    asyncio.run(asyncio.wait_for(scenario(), 60))
    assert order == [0, 1, 2, 3]
    assert _waiting_for(engine) is None
    with Session(engine) as session:
        assert session.scalars(select(SlotWaiter)).all() == []


def test_who_is_cancelled_while_waiting_leaves_the_line(engine: Engine, attempt: Attempt):
    async def scenario() -> None:
        async with slot(engine, ONE, video_id=attempt.video_id, attempt=attempt.number):

            async def wait() -> None:
                async with slot(engine, ONE, video_id=attempt.video_id, attempt=attempt.number):
                    raise AssertionError("there was no place")

            waiting = asyncio.create_task(wait())
            await _until(lambda: _in_line(engine) == 1)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            await _until(lambda: _in_line(engine) == 0)

    asyncio.run(asyncio.wait_for(scenario(), 60))


def test_a_killed_process_gives_its_place_back(engine: Engine, database_url: str):
    program = (
        "import sys, time; from vidgen_pipeline.database.engine import open_engine;"
        "from vidgen_pipeline.database.slots import try_slot;"
        "held = try_slot(open_engine(sys.argv[1]), 'renders', 1); print(held is not None, flush=True); time.sleep(600)"
    )
    holder = subprocess.Popen([sys.executable, "-c", program, database_url], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "True\n"
        assert try_slot(engine, "renders", 1) is None
        other = try_slot(engine, "runway:account", 1)
        assert other is not None
        other.give_back()
    finally:
        holder.send_signal(signal.SIGKILL)
        holder.communicate()

    def freed() -> bool:
        held = try_slot(engine, "renders", 1)
        if held is not None:
            held.give_back()
        return held is not None

    asyncio.run(asyncio.wait_for(_until(freed), 30))


def test_the_operator_says_how_many(engine: Engine, user_id: UUID):
    assert render_limit(engine).places == 2
    assert account_limit(engine, "runway", "abc", 3).places == 3
    with engine.begin() as connection:
        connection.execute(text("UPDATE pipeline_settings SET renders_at_once = 1, provider_slots = '{\"runway\": 1}'"))
    assert render_limit(engine).places == 1
    assert account_limit(engine, "runway", "abc", 3) == Limit(
        name="runway:abc", what="a place on the runway account", places=1
    )


def test_a_place_whose_connection_was_cut_is_given_back_all_the_same(engine: Engine, attempt: Attempt):
    async def scenario() -> None:
        for _ in range(2):
            async with slot(engine, ONE, video_id=attempt.video_id, attempt=attempt.number):
                cut = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
                with engine.connect() as connection:
                    assert connection.scalar(text(cut))

    asyncio.run(asyncio.wait_for(scenario(), 60))


def test_the_line_is_left_although_the_database_is_away_for_a_moment(engine: Engine, attempt: Attempt):
    failures = 1

    def away(_: object, statement: str, *__: object) -> None:
        nonlocal failures
        if failures and statement.startswith("DELETE FROM slot_waiters"):
            failures -= 1
            raise OperationalError(statement, {}, Exception("the database is away"))

    async def scenario() -> None:
        held = await asyncio.to_thread(try_slot, engine, ONE.name, ONE.places)
        assert held is not None

        async def wait() -> str:
            async with slot(engine, ONE, video_id=attempt.video_id, attempt=attempt.number):
                return "had it"

        waiting = asyncio.create_task(wait())
        await _until(lambda: _in_line(engine) == 1)
        event.listen(engine, "do_execute", away)
        held.give_back()
        assert await waiting == "had it"
        assert _in_line(engine) == 0

    asyncio.run(asyncio.wait_for(scenario(), 60))
    assert failures == 0
