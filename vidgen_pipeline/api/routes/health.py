"""Whether the process lives, and whether it can work. Neither tells anything but that."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import JSONResponse

from vidgen_pipeline.api.context import Context
from vidgen_pipeline.services.readiness import readiness

router = APIRouter(include_in_schema=False)


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """Whether the process answers."""
    return {"status": "ok"}


@router.get("/readyz")
def readyz(context: Context) -> JSONResponse:
    """Whether the database, its tables and the folder for videos are as they have to be; 503 where they are not."""
    checks = readiness(context.engine, context.home)
    ready = all(checks.values())
    return JSONResponse({"ready": ready, "checks": checks}, status_code=200 if ready else 503)
