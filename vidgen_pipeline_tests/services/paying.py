"""What tests of paid calls share: a video being made, a vendor of jobs, and crashes at any point."""

from __future__ import annotations

import contextlib
import itertools
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

from sqlalchemy import Engine, text

from vidgen_pipeline.domain.errors import ContentRejected, InvalidInput
from vidgen_pipeline.domain.money import Cost
from vidgen_pipeline.domain.video import Step, VideoRequest
from vidgen_pipeline.providers.door import Door
from vidgen_pipeline.providers.jobs import Job
from vidgen_pipeline.providers.network.downloading import Downloaded
from vidgen_pipeline.providers.network.failures import Judge
from vidgen_pipeline.providers.network.network import Network
from vidgen_pipeline.providers.network.records import WorkContext
from vidgen_pipeline.providers.paid import PaidCall
from vidgen_pipeline.providers.wire import BEARER, Credentials, Phase, WireReply, WireRequest
from vidgen_pipeline.services.generation import Attempt, Generation
from vidgen_pipeline.services.provider_calls import ProviderCalls
from vidgen_pipeline.services.videos import plan_video
from vidgen_pipeline.storage.artifacts import ArtifactStore
from vidgen_pipeline_tests.providers.canary import CANARY
from vidgen_pipeline_tests.providers.vendor_double import FakeTime, Kept, Seen, Visit

MP4 = b"\x00\x00\x00\x20ftypisom" + b"picture" * 1000
PRICE = Cost(amount="0.42", usage={"seconds": 5})

_runs = itertools.count()


class Crash(BaseException):
    """The process is gone: nothing that follows is run."""


class CrashingLedger(ProviderCalls):
    """A ledger in a process that dies before or after one of its writes."""

    def __init__(self, *args: Any, crash: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.crash = crash

    async def _die_around(self, name: str, write: Callable[[], Any]) -> Any:
        if self.crash == f"before {name}":
            raise Crash
        result = await write()
        if self.crash == f"after {name}":
            raise Crash
        return result

    async def open_call(self, **fields: Any) -> PaidCall:
        call: PaidCall = await self._die_around("open", lambda: super(CrashingLedger, self).open_call(**fields))
        return call

    async def sent(self, call: PaidCall) -> None:
        await self._die_around("sent", lambda: super(CrashingLedger, self).sent(call))

    async def accepted(self, call: PaidCall, job_id: str) -> None:
        await self._die_around("accepted", lambda: super(CrashingLedger, self).accepted(call, job_id))

    async def done(
        self, call: PaidCall, cost: Cost, *, reply: WireReply | None = None, file: Downloaded | None = None
    ) -> None:
        await self._die_around("done", lambda: super(CrashingLedger, self).done(call, cost, reply=reply, file=file))


@dataclass
class House:
    """One video of one user, claimed again by each new attempt, as a run that starts after a crash does."""

    engine: Engine
    scratch: Path
    log: Any = field(default_factory=Kept)
    time: FakeTime = field(default_factory=FakeTime)
    store: ArtifactStore = field(init=False)
    user_id: UUID = field(init=False)
    video_id: UUID = field(init=False)
    attempt: Attempt = field(init=False)

    def __post_init__(self) -> None:
        self.scratch.mkdir(exist_ok=True)
        self.store = ArtifactStore(self.scratch / "artifacts")
        with self.engine.begin() as connection:
            user = text("INSERT INTO users (name) VALUES (:name) RETURNING id")
            self.user_id = connection.execute(user, {"name": f"user-{uuid4()}"}).scalar_one()
        self.video_id = plan_video(self.engine, self.user_id, VideoRequest(language="en"), title="Foxes")
        self.next_attempt()

    def next_attempt(self) -> Attempt:
        """A new run takes the video over."""
        generation = Generation(self.engine, self.store)
        if next(_runs) and hasattr(self, "attempt"):
            generation.fail(self.attempt, Step.VOICE, InvalidInput("Crashed."))
        self.attempt = generation.enter(self.video_id, f"run-{next(_runs)}")
        return self.attempt

    def ledger(self, crash: str = "", *, test_mode: bool = False) -> CrashingLedger:
        return CrashingLedger(
            self.engine,
            self.store,
            self.attempt,
            Step.VOICE,
            self.scratch,
            test_mode=test_mode,
            waits_seconds=(0.0, 0.0, 0.0),
            crash=crash,
        )

    @contextlib.asynccontextmanager
    async def door(self, url: str, *, timeout_seconds: float = 20, own_addresses: bool = True) -> AsyncIterator[Door]:
        """A door to the vendor. What it hands out lies on loopback too, which only a sandbox's address may."""
        network = Network(log=self.log, timing=self.time.timing(), sandbox_url=url if own_addresses else None)
        async with Door(
            network,
            provider="acme",
            base_url=url,
            key_places=(BEARER,),
            credentials=Credentials({"key": CANARY}),
            judge=Judge("Acme", lambda _: None),
            context=WorkContext(user_id=self.user_id, video_id=self.video_id, step="voice"),
            timeout_seconds=timeout_seconds,
        ) as door:
            yield door

    def rows(self) -> list[dict[str, Any]]:
        with self.engine.connect() as connection:
            found = connection.execute(
                text("SELECT * FROM provider_calls WHERE video_id = :video ORDER BY created_at"),
                {"video": self.video_id},
            )
            return [dict(row._mapping) for row in found]

    def statuses(self) -> list[str]:
        return [row["status"] for row in self.rows()]


@dataclass
class JobVendor:
    """A vendor of long jobs that counts what it charges, and loses answers where it is told to."""

    running_polls: int = 2
    lose_submits: int = 0
    forget_submits: int = 0
    broke_after_submits: int | None = None
    refuse_jobs: bool = False
    expired_files: int = 0
    hidden_polls: int = 0
    jobs: dict[str, str] = field(default_factory=dict)
    submits: list[Seen] = field(default_factory=list)
    polls: int = 0
    finds: int = 0
    cancelled: list[str] = field(default_factory=list)
    on_poll: Callable[[], None] = lambda: None

    @property
    def charged(self) -> int:
        return len(self.jobs)

    async def behave(self, visit: Visit) -> None:
        seen = await visit.read()
        path = urlsplit(seen.target).path
        if seen.method == "POST":
            await self._submit(visit, seen)
        elif seen.method == "DELETE":
            self.cancelled.append(path.rpartition("/")[2])
            await _say(visit, {})
        elif path == "/jobs":
            self.finds += 1
            reference = parse_qs(urlsplit(seen.target).query)["reference"][0]
            await _say(visit, {"id": self.jobs.get(reference)})
        elif path.startswith("/jobs/"):
            await self._tell(visit)
        elif self.expired_files > 0:
            self.expired_files -= 1
            await _say(visit, {"message": "expired"}, 403)
        else:
            await visit.head(200, {"Content-Length": str(len(MP4))})
            await visit.write(MP4)

    async def _submit(self, visit: Visit, seen: Seen) -> None:
        self.submits.append(seen)
        reference = seen.json()["reference"]
        if self.broke_after_submits is not None and len(self.submits) > self.broke_after_submits:
            await _say(visit, {"message": "no credit is left"}, 402)
            return
        if self.forget_submits > 0:  # lost on its way in: nothing is made
            self.forget_submits -= 1
            return
        self.jobs.setdefault(reference, f"job-{len(self.jobs) + 1}")
        if self.lose_submits > 0:  # lost on its way back
            self.lose_submits -= 1
            return
        await _say(visit, {"id": self.jobs[reference]})

    async def _tell(self, visit: Visit) -> None:
        self.polls += 1
        self.on_poll()
        if self.polls <= self.hidden_polls:
            await _say(visit, {"message": "no such job"}, 404)
        elif self.refuse_jobs:
            await _say(visit, {"state": "failed", "why": f"a policy, and {CANARY} is no good"})
        elif self.polls <= self.running_polls:
            await _say(visit, {"state": "running"})
        else:
            await _say(visit, {"state": "done", "url": f"{visit.vendor.url}/files/fox.mp4?sig={self.polls}"})


def settle_older_calls(engine: Engine) -> None:
    """Leave nothing in doubt: what other tests lost may not be taken for what this one is looking for."""
    with engine.begin() as connection:
        connection.execute(text("UPDATE provider_calls SET status = 'written_off' WHERE status IN ('sent', 'unknown')"))


async def _say(visit: Visit, body: Any, status: int = 200) -> None:
    content = json.dumps(body).encode()
    await visit.head(status, {"Content-Type": "application/json", "Content-Length": str(len(content))})
    await visit.write(content)


def a_job(into: Path, prompt: str = "a fox", **recovery: Any) -> Job[str]:
    """A job at `JobVendor`."""

    def read_state(reply: WireReply) -> str | None:
        told = reply.json()
        if told["state"] == "failed":
            raise ContentRejected(f"Acme won't draw this: {told['why']}.")
        return str(told["url"]) if told["state"] == "done" else None

    async def fetch(door: Door, url: str) -> Downloaded:
        return await door.download(url, into, expect="video")

    return Job(
        model="draw-1",
        submit=lambda reference: WireRequest(
            method="POST", path="/jobs", json={"prompt": prompt, "reference": reference},
            phase=Phase.SUBMIT, paid=True, model="draw-1",
        ),
        read_id=lambda reply: str(reply.json()["id"]),
        ask=lambda job_id: WireRequest(method="GET", path=f"/jobs/{job_id}", phase=Phase.POLL),
        read_state=read_state,
        fetch=fetch,
        cost=lambda _: PRICE,
        **recovery,
    )  # fmt: skip


FINDABLE: dict[str, Any] = {
    "find": lambda call: WireRequest(method="GET", path="/jobs", query={"reference": call.reference}, phase=Phase.READ),
    "read_found": lambda _, reply: [number] if (number := reply.json()["id"]) else [],
}
CANCELLABLE: dict[str, Any] = {
    "cancel": lambda job_id: WireRequest(method="DELETE", path=f"/jobs/{job_id}", phase=Phase.CANCEL)
}


def a_line(words: str = "Rain.") -> WireRequest:
    """A paid request whose answer is the work."""
    return WireRequest(method="POST", path="/speak", json={"text": words}, phase=Phase.SUBMIT, paid=True, model="say-1")


def read_line(reply: WireReply) -> str:
    return str(reply.json()["spoken"])
