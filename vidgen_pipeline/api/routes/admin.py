"""The users and the pause, for admins. Who gets in as what is changed by people who logged in, never by a token."""

from __future__ import annotations

from uuid import UUID

from vidgen_pipeline.api.context import Bucket, Context
from vidgen_pipeline.api.guard import Asking, guard, guarded_router
from vidgen_pipeline.api.models.admin import (
    LinkShown,
    PauseGiven,
    PauseShown,
    RoleGiven,
    UserGiven,
    UserList,
    UserShown,
)
from vidgen_pipeline.domain.accounts import Scope
from vidgen_pipeline.services import accounts as service
from vidgen_pipeline.services import budgets

router = guarded_router("/admin", "admin")


@router.get("/pause", operation_id="getPause", response_model=PauseShown)
@guard(Scope.LOGS_ADMIN, Bucket.READ)
def get_pause(context: Context, caller: Asking) -> PauseShown:
    """Whether all is paused, and why."""
    return PauseShown.of(budgets.show_pause(context.engine))


@router.put("/pause", operation_id="putPause", response_model=PauseShown)
@guard(Scope.LOGS_ADMIN, Bucket.WRITE)
def put_pause(body: PauseGiven, context: Context, caller: Asking) -> PauseShown:
    """Start nothing new and pay for nothing until this is taken back; what is held up says the reason."""
    if body.paused:
        budgets.pause(context.engine, body.reason)
    else:
        budgets.resume(context.engine)
    return PauseShown.of(budgets.show_pause(context.engine))


@router.get("/users", operation_id="listUsers", response_model=UserList)
@guard(Scope.LOGS_ADMIN, Bucket.READ)
def list_users(context: Context, caller: Asking) -> UserList:
    """All users."""
    return UserList(data=[UserShown.of(view) for view in service.list_users(context.engine)])


@router.post("/users", status_code=201, operation_id="createUser", response_model=LinkShown)
@guard(Scope.LOGS_ADMIN, Bucket.WRITE, by_person=True, statuses=(409,))
def create_user(body: UserGiven, context: Context, caller: Asking) -> LinkShown:
    """Add a user. The link with which they set their password, within 24 hours, is shown this once."""
    now = context.clock()
    return LinkShown.of(service.create_user(context.engine, body.name, email=body.email, role=body.role, now=now))


@router.get("/users/{user_id}", operation_id="getUser", response_model=UserShown)
@guard(Scope.LOGS_ADMIN, Bucket.READ)
def get_user(user_id: UUID, context: Context, caller: Asking) -> UserShown:
    """One user."""
    return UserShown.of(service.show_user(context.engine, user_id))


@router.put("/users/{user_id}/role", operation_id="putRole", response_model=UserShown)
@guard(Scope.LOGS_ADMIN, Bucket.WRITE, by_person=True, statuses=(409,))
def put_role(user_id: UUID, body: RoleGiven, context: Context, caller: Asking) -> UserShown:
    """Make a user an admin, or no longer; their logins end. The last admin stays one."""
    return UserShown.of(service.set_role(context.engine, user_id, body.role))


@router.post("/users/{user_id}/disable", operation_id="disableUser", response_model=UserShown)
@guard(Scope.LOGS_ADMIN, Bucket.WRITE, by_person=True, statuses=(409,))
def disable_user(user_id: UUID, context: Context, caller: Asking) -> UserShown:
    """Let a user in no more; their videos stay. The last admin and the command line's user can't be kept out."""
    return UserShown.of(service.set_disabled(context.engine, user_id, disabled=True, now=context.clock()))


@router.post("/users/{user_id}/enable", operation_id="enableUser", response_model=UserShown)
@guard(Scope.LOGS_ADMIN, Bucket.WRITE, by_person=True)
def enable_user(user_id: UUID, context: Context, caller: Asking) -> UserShown:
    """Let a user in again."""
    return UserShown.of(service.set_disabled(context.engine, user_id, disabled=False))


@router.post("/users/{user_id}/link", status_code=201, operation_id="createPasswordLink", response_model=LinkShown)
@guard(Scope.LOGS_ADMIN, Bucket.WRITE, by_person=True)
def create_link(user_id: UUID, context: Context, caller: Asking) -> LinkShown:
    """A new link for a user who forgot their password; the present one stays until it is used."""
    return LinkShown.of(service.password_link(context.engine, user_id, now=context.clock()))
