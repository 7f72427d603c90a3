"""One module for each resource. In the order of `ROUTERS`: a fixed path before one with an id in its place."""

from __future__ import annotations

from starlette.routing import Route

from vidgen_pipeline.api.routes import (
    accounts,
    admin,
    bulk,
    events,
    first_password,
    health,
    integrations,
    links,
    logs,
    looks,
    notices,
    plans,
    scripts,
    settings,
    styles,
    video_actions,
    video_files,
    videos,
)

ROUTERS = (
    health.router,
    first_password.router,
    bulk.router,
    videos.router,
    video_actions.router,
    scripts.router,
    video_files.router,
    links.router,
    events.of_videos,
    events.of_users,
    logs.of_videos,
    settings.router,
    styles.router,
    looks.router,
    integrations.router,
    plans.budgets,
    plans.recurring,
    notices.notifications,
    notices.webhooks,
    accounts.sessions,
    accounts.passwords,
    accounts.tokens,
    logs.of_admins,
    admin.router,
)


def methods_at(path: str) -> list[str]:
    """What can be done at this path; nothing where there is none."""
    routes = [route for router in ROUTERS for route in router.routes if isinstance(route, Route)]
    first = next((route.path for route in routes if route.path_regex.fullmatch(path)), None)
    return sorted({method for route in routes if route.path == first for method in route.methods or ()})
