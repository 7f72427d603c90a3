"""What a double's handler is given: the request, read strictly, and everything a vendor does in answer to one."""

from __future__ import annotations

import re
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from vidgen_pipeline.sandbox.faults import FaultKind
from vidgen_pipeline.sandbox.files import LIFE_SECONDS
from vidgen_pipeline.sandbox.forms import Form, Upload, read_form
from vidgen_pipeline.sandbox.jobs import REFUNDED, Job, JobState
from vidgen_pipeline.sandbox.keys import Account, Standing
from vidgen_pipeline.sandbox.ledger import Bill, Charge
from vidgen_pipeline.sandbox.media import Media
from vidgen_pipeline.sandbox.validation import Detail, Model, Problem, Refusal, read_fields, read_json
from vidgen_pipeline.sandbox.visits import Visit

if TYPE_CHECKING:
    from vidgen_pipeline.sandbox.state import Sandbox

T = TypeVar("T")

REFUSED_WORD = "sandbox-refuse"
"""A text with this word in it is against every vendor's policy here."""

_REFUSED = re.compile(re.escape(REFUSED_WORD), re.IGNORECASE)


class Call:
    """One request to a double. `names` are what its path names, `account` is who asks."""

    def __init__(
        self,
        sandbox: Sandbox,
        visit: Visit,
        request: Request,
        names: Mapping[str, str],
        account: Account,
        content: bytes = b"",
    ) -> None:
        self.names = names
        self.account = account
        self.content = content
        self.headers: Headers = request.headers
        self.request_id = visit.request_id
        self.provider = visit.provider
        self.origin = f"{request.url.scheme}://{request.headers.get('host', 'localhost')}"
        self._sandbox = sandbox
        self._visit = visit
        self._request = request
        self._form: Form | None = None

    def json(self, model: type[Model]) -> Model:
        """The JSON body. Raises Refusal where it is not exactly as the model says."""
        return read_json(model, self.content)

    def query(self, model: type[Model]) -> Model:
        """The query parameters, a repeated one as a list. Raises Refusal."""
        query = self._request.query_params
        return read_fields(model, {name: _one_or_all(query.getlist(name)) for name in query}, "query")

    def form(self, model: type[Model]) -> Model:
        """The text fields of a multipart form. Raises Refusal."""
        return read_fields(model, self._read_form().fields, "body")

    def upload(self, name: str) -> Upload:
        """A file of a multipart form. Raises Refusal when it is not there."""
        upload = self._read_form().files.get(name)
        if upload is None:
            detail = Detail(("body", name), "Field required", "missing")
            raise Refusal(Problem.INVALID, f"{name}: Field required", field=name, details=(detail,))
        return upload

    async def save_body(self, suffix: str = "") -> Path:
        """The body of a streamed route, written to a file of its own."""
        path = self._sandbox.uploads / f"{uuid.uuid4().hex}{suffix}"
        with path.open("wb") as file:
            async for part in self._request.stream():
                file.write(part)
        return path

    def now(self) -> datetime:
        """The sandbox's time, UTC."""
        return self._sandbox.clock.now()

    def moderate(self, *texts: str) -> None:
        """The vendor's content policy. Raises Refusal for what is against it."""
        if self.against_policy(*texts):
            raise Refusal(Problem.MODERATION)

    def against_policy(self, *texts: str) -> bool:
        """Whether the vendor refuses these texts; for vendors that say so in an answer of their own."""
        return self._visit.ordained is FaultKind.MODERATION or any(_REFUSED.search(text) for text in texts)

    @asynccontextmanager
    async def place(self, name: str, limit: int, *, code: str = "") -> AsyncIterator[int]:
        """One of the `limit` places that the account has for such requests at a time; gives how many are taken now.

        Raises Refusal when all are, with `code` as the vendor's own word for it.
        """
        taken = self.memory(_Places)
        if taken[name] >= limit:
            raise Refusal(Problem.RATE_LIMITED, code=code)
        taken[name] += 1
        try:
            yield taken[name]
        finally:
            taken[name] -= 1

    def charge(self, bill: Bill, *, job: str = "", reference: str = "") -> Charge:
        """Take the money for work. `reference` is the client's own, where it sent one. Raises Refusal when broke."""
        if self.account.standing is Standing.BROKE:
            raise Refusal(Problem.OUT_OF_CREDIT)
        return self._sandbox.ledger.charge(
            self.provider, self.account.id, bill, time=self.now(), job=job, reference=reference
        )

    def charges(self) -> list[Charge]:
        """What this account was charged here so far."""
        return self._sandbox.ledger.rows(self.provider, self.account.id)

    def start_job(
        self,
        work: Callable[[], Awaitable[Path]],
        *,
        bill: Bill | None = None,
        job_id: str = "",
        reference: str = "",
        details: Mapping[str, Any] | None = None,
        typical_seconds: float = 60.0,
        refunded: frozenset[JobState] = REFUNDED,
    ) -> Job:
        """Take on long work, which makes a file. `job_id` is of the vendor's own look; a UUID if left out.

        `bill` is charged at once and given back when the job ends in one of the states `refunded`. Raises Refusal when
        the account is broke.
        """
        job_id = job_id or str(uuid.uuid4())
        charge = self.charge(bill, job=job_id, reference=reference) if bill else None
        return self._sandbox.jobs.start(
            work,
            provider=self.provider,
            account=self.account.id,
            job_id=job_id,
            reference=reference,
            details=details,
            typical_seconds=typical_seconds,
            charge=charge,
            refunded=refunded,
            ordained=self._visit.ordained,
        )

    async def look_at(self, job_id: str) -> Job:
        """A job of this account, one poll further. Raises Refusal when there is none."""
        return await self._sandbox.jobs.look_at(self.job(job_id), self._visit.ordained)

    def job(self, job_id: str) -> Job:
        """A job of this account as it stands. Raises Refusal when there is none."""
        job = self._sandbox.jobs.find(self.provider, self.account.id, job_id)
        if job is None:
            raise Refusal(Problem.NOT_FOUND)
        return job

    def jobs(self) -> list[Job]:
        """This account's jobs, newest first, as they stand."""
        return self._sandbox.jobs.listed(self.provider, self.account.id)

    def end_job(self, job: Job, state: JobState = JobState.CANCELLED) -> None:
        """End a job that has not ended."""
        self._sandbox.jobs.end(job, state)

    def forget_job(self, job: Job) -> None:
        """Delete a job: from now on it is unknown."""
        self._sandbox.jobs.forget(job)

    @property
    def media(self) -> Media:
        """What makes speech, pictures, clips and films, marked with the provider's id."""
        return self._sandbox.media.labelled(self.provider)

    def publish(
        self, name: str, make: Callable[[], Awaitable[Path]], media_type: str, *, life_seconds: float = LIFE_SECONDS
    ) -> str:
        """The address of a file that is made when it is first fetched; `ready(path)` is for one that is there.

        It needs no key and runs out after `life_seconds` of the sandbox's time. `name` is unique for its content.
        """
        return self.origin + self._sandbox.files.offer(self.provider, name, make, media_type, life_seconds)

    async def file_at(self, url: str) -> Path:
        """The file at an address that the client names. Raises Refusal when nothing can be fetched there."""
        return await self._sandbox.assets.bring(url, self.origin)

    def url(self, path: str) -> str:
        """The absolute address of one of the vendor's own paths, as it stands in links."""
        return f"{self.origin}/{self.provider}{path}"

    def memory(self, kind: type[T]) -> T:
        """This account's own object of a class of the double's, made when first asked for, dropped at a reset."""
        return self._sandbox.memory(self.provider, self.account.id, kind)

    @staticmethod
    def send_file(path: Path, media_type: str) -> Response:
        """A file as the answer itself, for downloads that need the key."""
        return FileResponse(path, media_type=media_type)

    async def published(self) -> Response:
        """The published file that this request is for."""
        query = self._request.query_params
        return await self._sandbox.files.answer(
            self.provider,
            self.names["name"],
            query.get("expires", ""),
            query.get("sig", ""),
            expired=self._visit.ordained is FaultKind.EXPIRED_URL,
        )

    def _read_form(self) -> Form:
        if self._form is None:
            self._form = read_form(self.content, self.headers.get("content-type", ""))
        return self._form


class _Places(Counter[str]):
    """Places that are taken by requests being worked on, by name."""


def _one_or_all(values: list[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else values
