"""What a person does with a video of theirs, and what it came to."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

import typer
from rich.console import Console

from vidgen_pipeline.cli.commands.options import VideoOptions
from vidgen_pipeline.cli.house import House, open_house
from vidgen_pipeline.cli.progress import LABELS
from vidgen_pipeline.cli.running import carry_out, ending, refuse_to_detach
from vidgen_pipeline.cli.videos import present, told_as_json, usd
from vidgen_pipeline.cli.wishes import read_changes
from vidgen_pipeline.domain.errors import InvalidInput
from vidgen_pipeline.domain.video import Action, VideoStatus
from vidgen_pipeline.services import lifecycle
from vidgen_pipeline.services.costs import estimate_cost
from vidgen_pipeline.services.export import check_space
from vidgen_pipeline.services.reviewing import ReviewChoice, UnknownCall, review, unknown_calls
from vidgen_pipeline.services.revising import revise
from vidgen_pipeline.services.schedule_times import read_time
from vidgen_pipeline.services.scripts import edit_scene
from vidgen_pipeline.services.settings import defaults_of
from vidgen_pipeline.services.videos import VideoView, resolve_video_id, show_video

WAIT_FOR_THE_END_SECONDS = 10.0
_LOOK_EVERY_SECONDS = 0.2


def make_now(written_id: str, *, detach: bool, as_json: bool) -> None:
    """Queue a video and have it made."""
    with _video(written_id) as (house, video_id):
        _queue_and_make(
            house, lambda: lifecycle.generate_now(house.engine, house.user_id, video_id), detach=detach, as_json=as_json
        )


def try_again(written_id: str, *, detach: bool, as_json: bool) -> None:
    """Queue a failed or cancelled video again and have it made."""
    with _video(written_id) as (house, video_id):
        _queue_and_make(
            house, lambda: lifecycle.retry(house.engine, house.user_id, video_id), detach=detach, as_json=as_json
        )


def cancel_one(written_id: str, *, as_json: bool) -> None:
    """Cancel a video, and wait a little for one at work to stop."""
    with _video(written_id) as (house, video_id):
        was = show_video(house.engine, house.user_id, video_id)
        video = lifecycle.cancel(house.engine, house.user_id, video_id)
        if video.status is VideoStatus.PROCESSING:
            typer.echo("Asked to stop; it stops within 3 s.", err=True)
            video = _wait_for_the_end(house, video_id)
        if as_json:
            present(house, video, as_json=True)
            return
    if video.status is VideoStatus.PROCESSING:
        typer.echo(f"It has not stopped yet; see what becomes of it: vidgen show {str(video_id)[:8]}")
    elif video.status is VideoStatus.DRAFT:
        typer.echo(f"It was planned for {was.scheduled}; now it is a draft." if was.scheduled else "It is a draft now.")
    else:
        how = "Cancelled." if video.status is VideoStatus.CANCELLED else f"It is {video.status}; it was too late."
        typer.echo(f"{how} Spent: {usd(video.cost_usd)}.")


def reschedule_one(written_id: str, when: str, zone: str | None, *, as_json: bool) -> None:
    """Plan a video for another time."""
    with _video(written_id) as (house, video_id):
        present_zone = show_video(house.engine, house.user_id, video_id).time_zone
        zone = zone or present_zone or defaults_of(house.engine, house.user_id).time_zone
        scheduled = read_time(when, zone)
        video = lifecycle.reschedule(house.engine, house.user_id, video_id, scheduled)
        _tell(house, video, f"Planned for {scheduled}.", as_json=as_json)
    if scheduled.note:
        typer.echo(scheduled.note, err=True)


def edit_one(written_id: str, prompt: str | None, options: VideoOptions, *, as_json: bool) -> None:
    """Change what a video should be like; where only its name may be changed, that."""
    changes = read_changes(prompt, options)
    if not changes:
        raise InvalidInput("Nothing was said about what to change.", remedy="See vidgen edit --help.")
    with _video(written_id) as (house, video_id):
        before = show_video(house.engine, house.user_id, video_id)
        if changes.keys() == {"title"} and changes["title"] and Action.EDIT not in before.actions:
            video = lifecycle.rename(house.engine, house.user_id, video_id, changes["title"], version=before.version)
        else:
            plan = revise(before.request, changes, defaults_of(house.engine, house.user_id), house.own_styles())
            _say_notes(plan.notes)
            video = lifecycle.edit(house.engine, house.user_id, video_id, plan, version=before.version)
        _tell(house, video, f"“{video.title}” is changed; it is {video.status}.", as_json=as_json)


def edit_scene_of(
    written_id: str, number: int, text: str, prompt: str | None, options: VideoOptions, *, as_json: bool
) -> None:
    """Say one scene otherwise, and change nothing else."""
    if read_changes(prompt, options):
        raise InvalidInput("A scene is changed by itself.", remedy="Say --scene alone, and the rest in another call.")
    with _video(written_id) as (house, video_id):
        video = edit_scene(house.engine, house.user_id, video_id, number, text, own_styles=house.own_styles())
        _tell(house, video, f"Scene {number} of “{video.title}” is changed; it is {video.status}.", as_json=as_json)


def delete_one(written_id: str, *, as_json: bool) -> None:
    """Put a video into the trash."""
    with _video(written_id) as (house, video_id):
        video = lifecycle.delete(house.engine, house.user_id, video_id)
        short = str(video_id)[:8]
        _tell(house, video, f"“{video.title}” is deleted. Bring it back: vidgen restore {short}", as_json=as_json)


def restore_one(written_id: str, *, as_json: bool) -> None:
    """Bring a deleted video back."""
    with _video(written_id, deleted=True) as (house, video_id):
        video = lifecycle.restore(house.engine, house.user_id, video_id)
        when = f" for {video.scheduled}" if video.scheduled and video.status is VideoStatus.PLANNED else ""
        _tell(house, video, f"“{video.title}” is back; it is {video.status}{when}.", as_json=as_json)


def review_one(written_id: str, chosen: Sequence[str], *, yes: bool, detach: bool, as_json: bool) -> None:
    """Show the paid requests that got no answer or, where a choice was made, let the video go on by it."""
    if len(chosen) > 1:
        raise InvalidInput("More than one choice was made.", remedy="Make one of them.")
    with _video(written_id) as (house, video_id):
        calls = unknown_calls(house.engine, house.user_id, video_id)
        video = show_video(house.engine, house.user_id, video_id)
        if not chosen:
            _show_calls(video, calls, as_json=as_json)
            return
        choice = ReviewChoice(chosen[0])
        if choice is ReviewChoice.CANCEL:
            _tell(house, review(house.engine, house.user_id, video_id, choice), "Cancelled.", as_json=as_json)
            return
        if choice is ReviewChoice.PAY_AGAIN and video.status is VideoStatus.NEEDS_REVIEW and not yes:
            _agree_to_pay_again(video, calls)
        _queue_and_make(
            house,
            lambda: review(house.engine, house.user_id, video_id, choice, version=video.version),
            detach=detach,
            as_json=as_json,
        )


@contextmanager
def _video(written_id: str, *, deleted: bool = False) -> Iterator[tuple[House, UUID]]:
    """An open house and the id of the video that is meant."""
    with open_house() as house:
        yield house, resolve_video_id(house.engine, house.user_id, written_id, deleted=deleted)


def _queue_and_make(house: House, queue: Callable[[], VideoView], *, detach: bool, as_json: bool) -> None:
    check_space(house.home.root)
    if detach:
        refuse_to_detach(house)
    video = carry_out(house, Console(stderr=True), queue(), detach=detach)
    if not detach and video.finished is None:
        raise ending(video)
    present(house, video, as_json=as_json)


def _wait_for_the_end(house: House, video_id: UUID) -> VideoView:
    deadline = time.monotonic() + WAIT_FOR_THE_END_SECONDS
    while (video := show_video(house.engine, house.user_id, video_id)).status is VideoStatus.PROCESSING:
        if time.monotonic() > deadline:
            break
        time.sleep(_LOOK_EVERY_SECONDS)
    return video


def _show_calls(video: VideoView, calls: Sequence[UnknownCall], *, as_json: bool) -> None:
    if as_json:
        plain = [
            {
                "call_id": str(call.id),
                "step": call.step,
                "unit": call.unit,
                "provider": call.provider,
                "model": call.model,
                "sent_at": call.sent_at.isoformat() if call.sent_at else None,
            }
            for call in calls
        ]
        typer.echo(json.dumps({"video_id": str(video.id), "status": video.status, "unknown_calls": plain}))
        return
    if not calls:
        typer.echo(f"“{video.title}” is {video.status}; every paid request got its answer.")
        return
    typer.echo("These paid requests got no answer, and may have been charged:")
    for line in _in_lines(video, calls):
        typer.echo(f"  {line}")
    short = str(video.id)[:8]
    for option, does in (
        ("--look-again", "asks the vendor what became of them; nothing is sent anew"),
        ("--pay-again", "counts them as lost and sends them anew"),
        ("--cancel", "cancels the video"),
    ):
        typer.echo(f"vidgen review {short} {option:<13} {does}")


def _agree_to_pay_again(video: VideoView, calls: Sequence[UnknownCall]) -> None:
    """Ask before what may have been paid is paid again. Raises InvalidInput where nobody can be asked."""
    typer.echo("This may be paid for twice:", err=True)
    for line in _in_lines(video, calls):
        typer.echo(f"  {line}", err=True)
    if not sys.stdin.isatty():
        raise InvalidInput("Nobody is here to agree to that; nothing was changed.", remedy="Agree with --yes.")
    typer.confirm("Pay for it again?", abort=True, err=True)


def _in_lines(video: VideoView, calls: Sequence[UnknownCall]) -> list[str]:
    most = {line.step: line.high for line in estimate_cost(video.request).lines}
    lines = []
    for call in calls:
        what = f"{LABELS[call.step]}{f', {call.unit}' if call.unit else ''}: {call.provider} ({call.model})"
        sent = f", sent {call.sent_at.astimezone():%Y-%m-%d %H:%M}" if call.sent_at else ""
        worth = f"; the whole step costs {usd(str(most[call.step]))} at the most" if call.step in most else ""
        lines.append(f"{what}{sent}{worth}")
    return lines


def _tell(house: House, video: VideoView, sentence: str, *, as_json: bool) -> None:
    typer.echo(json.dumps(told_as_json(house, video), ensure_ascii=False) if as_json else sentence)


def _say_notes(notes: Sequence[str]) -> None:
    for note in notes:
        Console(stderr=True).print(note, style="yellow", highlight=False, markup=False)
