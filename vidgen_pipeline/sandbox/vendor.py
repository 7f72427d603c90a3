"""The small contract a vendor's double is written against.

How to write a double, `sandbox/vendors/<provider id>.py`, in ten lines:

1. Write an error writer: a table from every `Problem` to the vendor's status and words, and a function that makes the
   vendor's own body of a `Refusal`. Faults use it too, so that no double mentions them.
2. `VENDOR = Vendor("<provider id>", key=bearer, error=_error)`: found by its name, nothing else is to be registered.
3. Write the request bodies as `Body` models and the query parameters as `Query` models: fields, types and limits as the
   vendor documents them, no more.
4. Write one handler for each route: `@VENDOR.submit("/v1/videos")`, `.poll("/v1/videos/{id}")`, `.read`, `.cancel`.
   What costs money is a submit; what asks how a job is, a poll; everything else that is free, a read.
5. In it, `body = call.json(MyBody)` reads strictly; `raise Refusal(Problem.INVALID, "…", code="…")` is for rules
   between fields; `call.moderate(body.prompt)` is the vendor's content policy.
6. Work that is answered at once: make it with `call.media`, then `call.charge(bill)`, then answer.
7. Long work: `job = call.start_job(lambda: call.media.clip(…), bill=bill, details=…)`, answer with its id, and in the
   poll `job = await call.look_at(id)` says how far it is. It is charged at once and refunded as the vendor would.
8. Answer with complete bodies, nullable keys too, from reply builders: plain functions of a job or of what was made.
9. Files: `call.publish(name, make, media_type)` is an address below the sandbox that ends like the vendor's own do.
10. What must be remembered (uploads, counters) lives in a class of yours: `call.memory(Uploads)`; a reset drops it.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from starlette.responses import Response
from starlette.routing import compile_path

from vidgen_pipeline.sandbox.keys import KeyReader
from vidgen_pipeline.sandbox.validation import Problem, Refusal

if TYPE_CHECKING:
    from vidgen_pipeline.sandbox.call import Call


class Phase(StrEnum):
    """What a route is for; faults are aimed at it."""

    SUBMIT = "submit"
    POLL = "poll"
    READ = "read"
    CANCEL = "cancel"
    DOWNLOAD = "download"


Handler = Callable[["Call"], Awaitable[Response]]
ErrorWriter = Callable[[Refusal, str], Response]
"""Makes the vendor's own answer to a refusal; the second argument is the request's id."""


@dataclass(frozen=True, kw_only=True)
class Route:
    """One of the vendor's own paths. `streamed` bodies are left for the handler to save; `public` ones need no key."""

    methods: tuple[str, ...]
    path: str
    pattern: re.Pattern[str]
    phase: Phase
    handler: Handler
    public: bool
    streamed: bool


@dataclass(frozen=True)
class Found:
    """The route of a request and what its path names."""

    route: Route
    names: Mapping[str, str]


class Vendor:
    """One vendor's double: its routes, how it reads keys and how it words errors. It holds no state.

    `check` looks at every request to a route that needs a key, after the key: headers the vendor wants, for instance.
    `headers` are added to every answer; its argument is the request's id.
    """

    def __init__(
        self,
        provider: str,
        *,
        key: KeyReader,
        error: ErrorWriter,
        check: Callable[[Call], None] | None = None,
        headers: Callable[[str], Mapping[str, str]] | None = None,
    ) -> None:
        self.provider = provider
        self.key = key
        self.error = error
        self.check = check
        self.headers = headers or (lambda _: {})
        self._routes: list[Route] = []
        self.route("/files/{name:path}", "GET", Phase.DOWNLOAD, public=True)(_published_file)

    def submit(self, path: str, method: str = "POST") -> Callable[[Handler], Handler]:
        """A route that costs money."""
        return self.route(path, method, Phase.SUBMIT)

    def poll(self, path: str, method: str = "GET") -> Callable[[Handler], Handler]:
        """A route that tells how far a job is."""
        return self.route(path, method, Phase.POLL)

    def read(self, path: str, method: str = "GET", *, streamed: bool = False) -> Callable[[Handler], Handler]:
        """A free route: key checks, lists, searches, uploads."""
        return self.route(path, method, Phase.READ, streamed=streamed)

    def cancel(self, path: str, method: str = "DELETE") -> Callable[[Handler], Handler]:
        """A route that ends a job."""
        return self.route(path, method, Phase.CANCEL)

    def download(self, path: str, method: str = "GET") -> Callable[[Handler], Handler]:
        """A route of the vendor's own that sends a result file and needs the key."""
        return self.route(path, method, Phase.DOWNLOAD)

    def route(
        self, path: str, method: str, phase: Phase, *, public: bool = False, streamed: bool = False
    ) -> Callable[[Handler], Handler]:
        """Any route. `{name}` in the path stands for one segment, `{name:path}` for the rest."""
        pattern = compile_path(path)[0]
        methods = (method, "HEAD") if method == "GET" else (method,)

        def register(handler: Handler) -> Handler:
            self._routes.append(
                Route(
                    methods=methods,
                    path=path,
                    pattern=pattern,
                    phase=phase,
                    handler=handler,
                    public=public,
                    streamed=streamed,
                )
            )
            return handler

        return register

    def refuse(self, refusal: Refusal, request_id: str) -> Response:
        """The vendor's whole answer to a refusal."""
        response = self.error(refusal, request_id)
        response.headers.update(self.headers(request_id))
        if refusal.retry_after is not None:
            response.headers["retry-after"] = f"{refusal.retry_after:g}"
        return response

    def find(self, method: str, path: str) -> Found | Refusal:
        """The route of a request, or the refusal of one the vendor does not know."""
        other_methods = False
        for route in self._routes:
            if match := route.pattern.match(path):
                if method in route.methods:
                    return Found(route, match.groupdict())
                other_methods = True
        if other_methods:
            return Refusal(Problem.INVALID, "Method Not Allowed", code="method_not_allowed", status=405)
        return Refusal(Problem.NOT_FOUND, "Not Found")


async def _published_file(call: Call) -> Response:
    return await call.published()
