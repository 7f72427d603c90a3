"""The control desk: what a test or a person reads about the sandbox and tells it, as JSON.

Below `/_control`:

- `GET /ledger?provider=&account=`: every charge, and the total of what was not given back;
- `GET /requests?provider=&phase=&account=`: every request, with its key masked, and what became of it;
- `POST /faults {provider, kind, phase, times, after, …}` orders a fault (see `faults.py`); `GET /faults` lists them;
- `POST /clock {now, advance_seconds}` moves the time, so that addresses, models and tokens run out;
- `POST /jobs {pending_polls, speed}`: how fast jobs advance;
- `POST /reset` forgets everything.
"""

from __future__ import annotations

from typing import TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from vidgen_pipeline.sandbox.faults import FaultOrder
from vidgen_pipeline.sandbox.ledger import total_usd
from vidgen_pipeline.sandbox.state import Sandbox

Model = TypeVar("Model", bound=BaseModel)


class ClockOrder(BaseModel):
    """Moves the sandbox's time: to `now`, then on by `advance_seconds`."""

    model_config = ConfigDict(extra="forbid")

    now: AwareDatetime | None = None
    advance_seconds: float = 0


class JobsOrder(BaseModel):
    """How jobs advance: after how many unfinished answers; how many times faster than real (0: not by time)."""

    model_config = ConfigDict(extra="forbid")

    pending_polls: int | None = Field(default=None, ge=0, le=1000)
    speed: float | None = Field(default=None, ge=0)


class ControlDesk:
    """The routes below `/_control`."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self.routes = [
            Route("/ledger", self._ledger),
            Route("/requests", self._requests),
            Route("/faults", self._faults, methods=["GET"]),
            Route("/faults", self._order_fault, methods=["POST"]),
            Route("/clock", self._clock, methods=["POST"]),
            Route("/jobs", self._jobs, methods=["POST"]),
            Route("/reset", self._reset, methods=["POST"]),
        ]

    async def _ledger(self, request: Request) -> JSONResponse:
        query = request.query_params
        charges = self._sandbox.ledger.rows(query.get("provider", ""), query.get("account", ""))
        shown = [charge.shown() for charge in charges]
        return JSONResponse({"charges": shown, "total_usd": str(total_usd(charges))})

    async def _requests(self, request: Request) -> JSONResponse:
        query = request.query_params
        wanted = [query.get(name, "") for name in ("provider", "phase", "account")]
        return JSONResponse({"requests": [visit.shown() for visit in self._sandbox.visits.rows(*wanted)]})

    async def _faults(self, _: Request) -> JSONResponse:
        return JSONResponse({"faults": self._sandbox.faults.shown()})

    async def _order_fault(self, request: Request) -> JSONResponse:
        self._sandbox.faults.order(await _read(request, FaultOrder))
        return JSONResponse({"faults": self._sandbox.faults.shown()}, 201)

    async def _clock(self, request: Request) -> JSONResponse:
        order, clock = await _read(request, ClockOrder), self._sandbox.clock
        if order.now is not None:
            clock.set(order.now)
        clock.advance(order.advance_seconds)
        return JSONResponse({"now": clock.now().isoformat()})

    async def _jobs(self, request: Request) -> JSONResponse:
        order, jobs = await _read(request, JobsOrder), self._sandbox.jobs
        jobs.pending_polls = jobs.pending_polls if order.pending_polls is None else order.pending_polls
        jobs.speed = jobs.speed if order.speed is None else order.speed
        return JSONResponse({"pending_polls": jobs.pending_polls, "speed": jobs.speed})

    async def _reset(self, _: Request) -> JSONResponse:
        await self._sandbox.reset()
        return JSONResponse({"reset": True})


async def _read(request: Request, model: type[Model]) -> Model:
    """The body as this model. Raises HTTPException that says what is wrong with it."""
    try:
        return model.model_validate_json(await request.body())
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise HTTPException(422, f"{place}: {first['msg']}" if place else str(first["msg"])) from None
