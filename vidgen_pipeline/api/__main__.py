"""The program that serves the API, as `vidgen up` starts it; or (`--openapi`) only says what it is like."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from pathlib import Path

import structlog
import uvicorn
from prometheus_client import start_http_server

from vidgen_pipeline.api.app import create_app
from vidgen_pipeline.api.context import ApiContext
from vidgen_pipeline.database.engine import open_engine
from vidgen_pipeline.runtime.home import Home
from vidgen_pipeline.runtime.postgres.databases import databases
from vidgen_pipeline.storage.artifacts import ArtifactStore

PROXIES_VARIABLE = "VIDGEN_TRUSTED_PROXIES"
"""Addresses, with commas between them, of proxies whose word about the client's address and scheme is taken."""


def main() -> None:
    """Serve until stopped."""
    parser = argparse.ArgumentParser(prog="python -m vidgen_pipeline.api")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--metrics-port", type=int, default=0, help="On this machine only; 0: nowhere.")
    parser.add_argument("--openapi", action="store_true", help="Print the OpenAPI document instead.")
    options = parser.parse_args()
    if options.openapi:
        sys.stdout.write(openapi_text())
        return
    log_as_json()
    home = Home.from_environment()
    with databases(home) as addresses:
        engine = open_engine(addresses.vidgen_url)
        context = ApiContext(engine=engine, store=ArtifactStore(home.artifacts), home=home)
        if options.metrics_port:
            start_http_server(options.metrics_port, addr="127.0.0.1", registry=context.metrics)
        try:
            serve(context, options.host, options.port)
        finally:
            engine.dispose()


def serve(context: ApiContext, host: str, port: int) -> None:
    """Serve this on that port. Uvicorn's own access log is off: it would write queries."""
    proxies = os.environ.get(PROXIES_VARIABLE, "").strip()
    uvicorn.run(
        create_app(context),
        host=host,
        port=port,
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=proxies or None,
        timeout_graceful_shutdown=5,
    )


def openapi_text() -> str:
    """The OpenAPI document, as docs/openapi.json has it. Needs no database."""
    nowhere = Home(Path("/nonexistent"))
    engine = open_engine("postgresql://nowhere/none", pooled=False)
    context = ApiContext(engine=engine, store=ArtifactStore(nowhere.artifacts), home=nowhere)
    return json.dumps(create_app(context).openapi(), indent=2, ensure_ascii=False) + "\n"


def log_as_json() -> None:
    """One JSON object a line, to standard output, for our own log and others'."""
    logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(message)s")
    for name in ("httpx", "httpcore", "uvicorn.access"):
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(default=str),
        ],
        logger_factory=structlog.WriteLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )


if __name__ == "__main__":
    main()
