"""What all six ops share: claim, leave out unchanged work, show progress, stop when asked, fail with a sentence."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Concatenate, Generic, NoReturn, ParamSpec, TypeVar
from uuid import UUID

from dagster import DagsterExecutionInterruptedError, DagsterRunStatus, Failure, OpExecutionContext
from pydantic import BaseModel, ValidationError
from sqlalchemy import Engine

from vidgen_pipeline.database.patience import AWAY, outlast
from vidgen_pipeline.domain.errors import Cancelled, InvalidInput, NotFound, VidgenError
from vidgen_pipeline.domain.money import FREE, Cost
from vidgen_pipeline.domain.providers import Category
from vidgen_pipeline.domain.video import Step, VideoRequest
from vidgen_pipeline.orchestration.launching import launch_of
from vidgen_pipeline.orchestration.resources import PipelineResource
from vidgen_pipeline.providers.base import BaseProvider, MediaProvider
from vidgen_pipeline.providers.factory import ProviderFactory
from vidgen_pipeline.providers.media.answer_cache import FolderCache
from vidgen_pipeline.providers.media.stock import StockProvider
from vidgen_pipeline.providers.network.records import WorkContext
from vidgen_pipeline.providers.remote import RemoteProvider, Work
from vidgen_pipeline.services.credentials import credentials_for
from vidgen_pipeline.services.generation import Attempt, EarlierResult
from vidgen_pipeline.services.inputs import inputs_hash
from vidgen_pipeline.services.provider_calls import ProviderCalls
from vidgen_pipeline.services.slots import account_limit, render_limit, slot
from vidgen_pipeline.storage.artifacts import ArtifactStore

LOOK_EVERY_SECONDS = 0.5
BEAT_EVERY_SECONDS = 2.5

Output = TypeVar("Output", bound=BaseModel)
Adapter = TypeVar("Adapter", bound=BaseProvider)
Returned = TypeVar("Returned")
Arguments = ParamSpec("Arguments")


@dataclass(frozen=True, kw_only=True)
class StepResult(Generic[Output]):
    """What a step made, who made it, what it cost, and what the UI should show of it."""

    output: Output
    provider: str | None = None
    model: str | None = None
    cost: Cost = FREE
    metadata: Mapping[str, Any] = field(default_factory=dict)


class Bench:
    """Where a step's work is done: a scratch folder, the store, and a way to say how far it is."""

    def __init__(self, scratch: Path, store: ArtifactStore) -> None:
        self.scratch = scratch
        self.store = store
        self.share = 0.0

    def progress(self, share: float) -> None:
        """Note the share of the work that is done. It never goes back."""
        self.share = max(self.share, min(share, 1.0))


class StepRun:
    """One step of one attempt."""

    def __init__(self, context: OpExecutionContext, step: Step, pipeline: PipelineResource, attempt: Attempt) -> None:
        self._context = context
        self._step = step
        self._pipeline = pipeline
        self._generation = pipeline.generation
        self.attempt = attempt

    @property
    def request(self) -> VideoRequest:
        return self.attempt.request

    @property
    def store(self) -> ArtifactStore:
        return self._pipeline.store

    @property
    def engine(self) -> Engine:
        return self._pipeline.engine

    @property
    def styles(self) -> Path:
        """The folder of this machine's own caption styles."""
        return self._pipeline.styles

    @property
    def looks(self) -> Path:
        """The folder of this machine's own looks."""
        return self._pipeline.looks

    @property
    def cache(self) -> Path:
        """The folder of what can be made again at the cost of time."""
        return self._pipeline.cache

    def provider(self, kind: type[Adapter], name: str | None = None) -> Adapter:
        """The provider the request names for this kind of work, or the one called `name`, as the operator set it up."""
        resources = self._context.resources._asdict()
        configured = {key: value for key, value in resources.items() if isinstance(value, BaseProvider)}
        with self.telling():
            chosen = name or self.request.selected_providers[kind.category]
            provider = ProviderFactory(configured).get_provider(chosen, kind)
            provider.fingerprint()  # a setting that can't be, such as a model nobody knows, is told here
            return provider

    def remembering(self, provider: MediaProvider) -> MediaProvider:
        """A stock site that keeps its answers for a day, as the sites ask; the doubles' answers are not worth it."""
        if isinstance(provider, StockProvider) and not self._pipeline.network.test_mode:
            return provider.with_cache(FolderCache(self._pipeline.cache / provider.provider_name))
        return provider

    @contextlib.asynccontextmanager
    async def connected(self, provider: Adapter, bench: Bench, work: Work | None = None) -> AsyncIterator[Adapter]:
        """The provider, ready to work: one across the network with its door open, the owner's key and the ledger.

        `work` is what there is to do, as far as it is known now: what that may cost is reserved first.
        """
        if not isinstance(provider, RemoteProvider):
            yield provider
            return
        network, attempt = self._pipeline.network, self.attempt
        if self.request.test_mode and not network.test_mode:
            raise InvalidInput(
                "This video is planned in test mode, and no sandbox is running for it.",
                remedy="Start one with vidgen sandbox, and set VIDGEN_SANDBOX_URL.",
            )
        if work is not None and not network.test_mode:
            await self._in_thread(self._generation.reserve_for, self._step, provider.estimate(work).amount)
        ledger = ProviderCalls(self.engine, self.store, attempt, self._step, bench.scratch, test_mode=network.test_mode)
        context = WorkContext(
            user_id=attempt.user_id, video_id=attempt.video_id, step=self._step, attempt=attempt.number
        )
        credentials = await outlast(
            credentials_for,
            self.engine,
            self._pipeline.folders,
            attempt.user_id,
            provider.facts,
            test_mode=network.test_mode,
        )
        places = await self._account_places(provider, credentials.account)
        async with provider.connected(
            credentials, network=network, context=context, ledger=ledger, places=places
        ) as ready:
            yield ready

    async def _account_places(
        self, provider: RemoteProvider, account: str
    ) -> Callable[[], contextlib.AbstractAsyncContextManager[None]]:
        """Places on the vendor's account, which all generations at once share."""
        limit = await outlast(account_limit, self.engine, provider.provider_name, account, provider.concurrency)
        return lambda: slot(self.engine, limit, video_id=self.attempt.video_id, attempt=self.attempt.number)

    @contextlib.asynccontextmanager
    async def rendering(self) -> AsyncIterator[None]:
        """One of the places to render on this machine."""
        limit = await outlast(render_limit, self.engine)
        async with slot(self.engine, limit, video_id=self.attempt.video_id, attempt=self.attempt.number):
            yield

    async def made_before(self, model: type[Output]) -> Output | None:
        """What the step made for this video when it was last finished, whatever from. To be asked before `run`."""
        try:
            return await outlast(self._generation.load_output, self.attempt.video_id, self._step, model)
        except (NotFound, ValidationError):  # not finished, or by another version of the product
            return None

    async def run(
        self,
        model: type[Output],
        inputs: Mapping[str, Any],
        work: Callable[[Bench], Awaitable[StepResult[Output]]],
    ) -> Output:
        """Do the work, unless the same inputs gave a result before. Ends the video in every way it can end badly."""
        digest = inputs_hash(self._step, inputs, test_mode=self._pipeline.network.test_mode)
        with self.telling(), _stop_signals():
            earlier = await self._in_thread(self._generation.earlier_result, self._step, digest, model)
            await self._in_thread(self._generation.begin_step, self._step, digest)
            result = self._reused(earlier) if earlier else await self._worked(work)
            await self._in_thread(
                self._generation.describe_step,
                self._step,
                provider=result.provider,
                model=result.model,
                cost=result.cost,
                reused=earlier is not None,
            )
        self._context.add_output_metadata(result.metadata)
        return result.output

    @staticmethod
    def _reused(earlier: EarlierResult[Output]) -> StepResult[Output]:
        return StepResult(
            output=earlier.output, provider=earlier.provider, model=earlier.model, metadata={"reused": True}
        )

    async def _worked(self, work: Callable[[Bench], Awaitable[StepResult[Output]]]) -> StepResult[Output]:
        """Do the work, showing signs of life and stopping it when the owner or the machine asks."""
        with self._pipeline.scratch(f"{self.attempt.video_id}-{self._step}") as scratch:
            bench = Bench(scratch, self.store)
            task = asyncio.ensure_future(work(bench))
            try:
                await self._beat(task, bench)
                result = await task
            finally:
                task.cancel()
                # The work's own clean-up is over, and its child processes are gone, before its folder goes.
                await asyncio.wait({task})
        metadata = {"reused": False, "cost_usd": float(result.cost.amount), **result.metadata}
        if self._pipeline.network.test_mode:  # what a double charges is no spend
            metadata = {**metadata, "cost_usd": 0.0, "test_mode": True}
            result = replace(result, cost=FREE)
        return replace(result, metadata=metadata)

    async def _beat(self, task: asyncio.Future[StepResult[Output]], bench: Bench) -> None:
        clock = asyncio.get_running_loop().time
        shown, beaten_at = 0.0, clock()
        while not task.done():
            await asyncio.wait({task}, timeout=LOOK_EVERY_SECONDS)
            moved = bench.share - shown >= 0.01
            if task.done() or not (moved or clock() - beaten_at >= BEAT_EVERY_SECONDS):
                continue
            shown, beaten_at = bench.share, clock()
            try:
                going_on = await asyncio.to_thread(
                    self._generation.show_progress, self.attempt, bench.share, moved=moved
                )
            except AWAY:  # the work goes on; what it makes is written down when the database is back
                continue
            if not going_on:
                task.cancel()

    async def _in_thread(
        self,
        write: Callable[Concatenate[Attempt, Arguments], Returned],
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Returned:
        """Read or write the video's rows without holding up the event loop."""
        return await outlast(write, self.attempt, *args, **kwargs)

    @contextlib.contextmanager
    def telling(self) -> Iterator[None]:
        """Write the video's end into its row, then let Dagster know in its own words."""
        try:
            yield
        except (Cancelled, asyncio.CancelledError, DagsterExecutionInterruptedError, KeyboardInterrupt):
            self._generation.cancel(self.attempt, self._step)
            _stop_run(self._context, "The video was cancelled.")
        except VidgenError as error:
            self._generation.fail(self.attempt, self._step, error)
            _give_up(error)
        except Exception as error:
            sentence = f"The step '{self._step}' met an error nobody foresaw ({type(error).__name__})."
            remedy = "The run's log in the Dagster UI has the details."
            self._generation.fail(self.attempt, self._step, VidgenError(sentence, remedy=remedy))
            raise


def resources_for(*categories: Category) -> set[str]:
    """Keys of the resources an op needs: the pipeline, and every provider of the given categories."""
    names = (name for category in categories for name in ProviderFactory.get_providers_for_category(category))
    return {"pipeline", *names}


async def enter_step(context: OpExecutionContext, step: Step) -> StepRun:
    """Claim the video for this run, or find that it is ours already. Ends the run at once when it can't be."""
    pipeline: PipelineResource = context.resources.pipeline
    try:
        attempt = await outlast(
            pipeline.generation.enter, UUID(context.partition_key), context.run_id, launch=launch_of(context.run.tags)
        )
    except Cancelled as error:
        _stop_run(context, str(error))
    except VidgenError as error:
        _give_up(error)
    return StepRun(context, step, pipeline, attempt)


def _stop_run(context: OpExecutionContext, reason: str) -> NoReturn:
    """End the run as cancelled. Dagster takes an interruption for a failure unless its run is being cancelled."""
    run = context.instance.get_run_by_id(context.run_id)
    if run is not None and run.status is DagsterRunStatus.STARTED:
        context.instance.report_run_canceling(run, message=reason)
    raise DagsterExecutionInterruptedError(reason) from None


def _give_up(error: VidgenError) -> NoReturn:
    metadata = {"code": error.code, "provider": error.provider or ""}
    raise Failure(description=str(error), metadata=metadata, allow_retries=False) from None


@contextlib.contextmanager
def _stop_signals() -> Iterator[None]:
    """Turn Ctrl-C and Terminate into a cancelled task, so that `finally` blocks run and child processes are ended.

    Dagster's own handler raises out of the event loop and leaves the coroutine hanging where it was.
    """
    task = asyncio.current_task()
    if task is None or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop() -> None:
        if not task.cancelling():  # a second Ctrl-C must not cut the clean-up short
            task.cancel()

    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            loop.remove_signal_handler(number)
            signal.signal(number, handler)
