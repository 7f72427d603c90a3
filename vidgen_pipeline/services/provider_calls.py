"""The ledger of one step, in the database: what was paid for, what came of it, and what nobody knows."""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from vidgen_pipeline.database import provider_calls as rows
from vidgen_pipeline.database.patience import WAITS_SECONDS, outlast_for
from vidgen_pipeline.database.tables import ProviderCall
from vidgen_pipeline.domain.artifact import Artifact
from vidgen_pipeline.domain.errors import Cancelled, NotFound, VidgenError
from vidgen_pipeline.domain.money import FREE, Cost
from vidgen_pipeline.domain.video import Step
from vidgen_pipeline.providers.network.downloading import Downloaded
from vidgen_pipeline.providers.paid import CallState, Claims, PaidCall
from vidgen_pipeline.providers.wire import WireReply
from vidgen_pipeline.services.generation import Attempt
from vidgen_pipeline.services.reservations import open_todays_periods, refuse_to_pay, settle
from vidgen_pipeline.storage.artifacts import ArtifactStore

Result = TypeVar("Result")

_LOST = "The video was cancelled."


class ProviderCalls:
    """The ledger of one step of one attempt (see `providers.paid.Ledger`). Outcomes are kept in the artifact store."""

    def __init__(
        self,
        engine: Engine,
        store: ArtifactStore,
        attempt: Attempt,
        step: Step,
        scratch: Path,
        *,
        test_mode: bool = False,
        waits_seconds: Sequence[float] = WAITS_SECONDS,
    ) -> None:
        self._engine = engine
        self._store = store
        self._attempt = attempt
        self._step = step
        self._scratch = scratch
        self._test_mode = test_mode
        self._waits_seconds = waits_seconds

    async def open_call(self, *, unit: str, inputs_hash: str, provider: str, model: str, base_url: str) -> PaidCall:
        """The open or finished call for this work, or a new one. Raises Cancelled when the video is no longer ours."""
        attempt = self._attempt
        key = rows.CallKey(
            video_id=attempt.video_id,
            step=self._step,
            unit=unit,
            inputs_hash=inputs_hash,
            test_mode=self._test_mode,
        )

        def open_in(session: Session) -> PaidCall:
            if not rows.owns_video(session, attempt.video_id, attempt.number):
                raise Cancelled(_LOST)
            call = rows.take_call(session, key, attempt.number)
            if (call is None or call.status == "intent") and not self._test_mode:
                refuse_to_pay(session, attempt.user_id, attempt.video_id)
            if call is None:
                rows.add_call(
                    session,
                    key,
                    attempt.user_id,
                    attempt.number,
                    provider=provider,
                    model=model,
                    base_url=base_url,
                )
                call = rows.take_call(session, key, attempt.number)
            if call is None:
                raise Cancelled(_LOST)
            return _as_paid_call(call)

        return await self._outlast(open_in)

    async def sent(self, call: PaidCall) -> None:
        number = self._attempt.number

        def mark(session: Session) -> bool:
            return rows.owns_video(session, self._attempt.video_id, number) and rows.mark_sent(session, call.id, number)

        if not await self._outlast(mark):
            raise Cancelled(_LOST)

    async def accepted(self, call: PaidCall, job_id: str) -> None:
        await self._write_fact(lambda session: rows.mark_accepted(session, call.id, job_id))

    async def done(
        self, call: PaidCall, cost: Cost, *, reply: WireReply | None = None, file: Downloaded | None = None
    ) -> None:
        kept: Artifact | None = None
        not_kept: VidgenError | None = None
        try:
            if reply is not None:
                kept = await asyncio.to_thread(self._keep_reply, reply)
            elif file is not None:
                kept = await asyncio.to_thread(self._store.put_file, file.path)
        except VidgenError as error:  # a full disk: what it cost is written down all the same
            not_kept = error
        outcome = None if kept is None else {"artifact": kept.model_dump(mode="json")}
        await self._write_fact(
            lambda session: rows.mark_done(
                session,
                call.id,
                cost_amount=cost.amount,
                cost_currency=cost.currency,
                usage=dict(cost.usage),
                outcome=outcome,
            ),
            call,
        )
        if not_kept is not None:
            raise not_kept

    async def failed(self, call: PaidCall, error: VidgenError, cost: Cost = FREE) -> None:
        charged = cost if cost.amount else None
        await self._write_fact(
            lambda session: rows.mark_failed(
                session, call.id, self._attempt.number, code=error.code, message=str(error), charged=charged
            ),
            call,
        )

    async def unknown(self, call: PaidCall, error: VidgenError) -> None:
        await self._write_fact(
            lambda session: rows.mark_unknown(
                session, call.id, self._attempt.number, code=error.code, message=str(error)
            )
        )

    async def vanished(self, call: PaidCall, error: VidgenError) -> None:
        await self._write_fact(
            lambda session: rows.mark_vanished(
                session, call.id, self._attempt.number, code=error.code, message=str(error)
            )
        )

    async def claims(self, call: PaidCall, job_ids: Sequence[str]) -> Claims:
        def look(session: Session) -> Claims:
            taken = rows.taken_jobs(session, call.id, job_ids)
            return Claims(frozenset(taken), in_doubt=rows.others_in_doubt(session, call.id))

        return await self._outlast(look)

    async def stored_reply(self, call: PaidCall) -> WireReply:
        artifact = await self._outcome(call)
        written = await asyncio.to_thread(self._store.path(artifact).read_text, encoding="utf-8")
        kept = json.loads(written)
        return WireReply(
            status=kept["status"], headers=kept["headers"], content=base64.b64decode(kept["content_base64"])
        )

    async def stored_file(self, call: PaidCall, into: Path) -> Downloaded:
        artifact = await self._outcome(call)
        source = self._store.path(artifact)
        target = into / f"{artifact.sha256[:32]}{source.suffix}"
        await asyncio.to_thread(shutil.copyfile, source, target)
        return Downloaded(
            path=target, media_type=artifact.media_type, size_bytes=artifact.size_bytes, sha256=artifact.sha256
        )

    async def _outcome(self, call: PaidCall) -> Artifact:
        outcome = await self._outlast(lambda session: rows.find_outcome(session, call.id))
        if outcome is None:
            raise NotFound("The outcome of a paid call is no longer known.")
        return Artifact.model_validate(outcome["artifact"])

    def _keep_reply(self, reply: WireReply) -> Artifact:
        content = base64.b64encode(reply.content).decode("ascii")
        kept = {"status": reply.status, "headers": dict(reply.headers), "content_base64": content}
        return self._store.put_text(json.dumps(kept), "txt", self._scratch)

    async def _write_fact(self, write: Callable[[Session], bool], costing: PaidCall | None = None) -> None:
        """Write what is true whoever owns the video, for as long as it takes; then stop if that is not us any more.

        `costing` is the call whose cost this may change: the change is counted against the limits.
        """

        def write_in(session: Session) -> bool:
            if costing is None or self._test_mode:
                write(session)
            else:
                self._write_and_settle(session, write, costing.id)
            return rows.owns_video(session, self._attempt.video_id, self._attempt.number)

        if not await self._outlast(write_in):
            raise Cancelled(_LOST)

    def _write_and_settle(self, session: Session, write: Callable[[Session], bool], call_id: UUID) -> None:
        attempt = self._attempt
        open_todays_periods(session, attempt.user_id)
        before = rows.cost_of(session, call_id)
        write(session)
        cost = rows.cost_of(session, call_id) - before
        settle(session, attempt.user_id, attempt.video_id, attempt.number, self._step, cost)

    async def _outlast(self, work: Callable[[Session], Result]) -> Result:
        """Do the work in a transaction, for as long as it takes the database to be there."""
        return await outlast_for(self._waits_seconds, self._within, work)

    def _within(self, work: Callable[[Session], Result]) -> Result:
        with Session(self._engine) as session, session.begin():
            return work(session)


def allow_paying_again(engine: Engine, user_id: UUID, call_id: UUID) -> None:
    """A person's answer to an unknown call: it may be paid for again. Raises NotFound when it is no such call."""
    with Session(engine) as session, session.begin():
        if not rows.write_off(session, user_id, call_id):
            raise NotFound("There is no paid call of yours with this number whose outcome is unknown.")


def _as_paid_call(row: ProviderCall) -> PaidCall:
    cost = (
        FREE
        if row.cost_amount is None
        else Cost(amount=row.cost_amount, currency=row.cost_currency, usage=row.usage or {})
    )
    return PaidCall(
        id=row.id,
        state=CallState(row.status),
        provider=row.provider,
        model=row.model,
        base_url=row.base_url,
        job_id=row.job_id,
        sent_at=row.sent_at,
        cost=cost,
    )
