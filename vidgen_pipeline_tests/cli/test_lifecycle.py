"""What a person types from planning a video to throwing it away, and what they are answered."""

from __future__ import annotations

import csv
import json
import threading
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from rich.console import Console
from sqlalchemy import Engine, text

from vidgen_pipeline.cli.house import open_house
from vidgen_pipeline.cli.running import ending, follow
from vidgen_pipeline.domain.errors import InvalidInput, SubmitUnknown
from vidgen_pipeline.domain.video import Step, VideoStatus
from vidgen_pipeline.services.generation import Generation
from vidgen_pipeline.services.lifecycle import generate_now
from vidgen_pipeline.services.videos import show_video
from vidgen_pipeline.storage.artifacts import ArtifactStore
from vidgen_pipeline_tests.cli.conftest import Ran, Run
from vidgen_pipeline_tests.services.lives import Lives

QUICK = ("--aspect-ratio", "1:1", "--music", "none")


def _plan(run: Run, *more: str, script: str = "Tea is hot.") -> str:
    """A planned video or a draft; returns its id."""
    Path("tea.txt").write_text(f"# Tea\n\n{script}", encoding="utf-8")
    ran = run("plan", "--script", "tea.txt", *QUICK, *more, "--json")
    assert ran.exit_code == 0, ran.stderr
    video_id: str = json.loads(ran.stdout)["video_id"]
    return video_id


def _shown(run: Run, video_id: str) -> dict[str, Any]:
    shown: dict[str, Any] = json.loads(run("show", video_id, "--json").stdout)
    return shown


def test_from_a_plan_to_a_video_and_to_the_trash_and_back(run: Run):
    Path("tea.txt").write_text("# Tea\n\nTea is hot.", encoding="utf-8")
    ran = run("plan", "--script", "tea.txt", "--at", "tomorrow 9:00", "--zone", "asia/tokyo", *QUICK)
    assert ran.exit_code == 0, ran.stderr
    assert "“Tea”" in ran.stdout
    assert "09:00 Asia/Tokyo" in ran.stdout
    [planned] = json.loads(run("videos", "--scheduled", "--json").stdout)
    short = planned["video_id"][:8]
    assert (planned["status"], planned["time_zone"]) == ("planned", "Asia/Tokyo")
    shown = run("show", short).stdout
    assert "Planned for " in shown
    assert f"What can be done (vidgen … {short}): now, edit, reschedule, cancel, delete" in shown

    moved = run("reschedule", short, "tomorrow 10:30")
    assert "10:30 Asia/Tokyo" in moved.stdout
    assert "10:30 Asia/Tokyo" in run("videos").stdout
    assert "now it is a draft" in run("cancel", short).stdout
    assert "no such videos" in run("videos", "--scheduled").stdout

    changed = run("edit", short, "--subtitle-style", "bold", "--title", "Hot tea")
    assert "“Hot tea” is changed; it is draft" in changed.stdout
    made = run("now", short)
    assert made.exit_code == 0, made.stderr
    assert "Script: done" in made.stderr
    assert "completed" in made.stdout
    assert _shown(run, short)["title"] == "Hot tea"
    assert Path(_shown(run, short)["files"]["video"]).is_file()

    assert "in one attempt" in run("show", short).stdout
    again = run("now", short)
    assert again.exit_code == 1
    assert "“Hot tea” is completed already" in again.stderr
    assert "“Bees” is changed" in run("edit", short, "--title", "Bees").stdout
    assert "completed and can't be edited" in run("edit", short, "--music", "calm").stderr
    assert f"vidgen restore {short}" in run("delete", short).stdout
    assert run("show", short).exit_code == 2
    assert "Bees" in run("videos", "--deleted").stdout
    assert "“Bees” is back; it is completed" in run("restore", short).stdout
    assert "no deleted video" in run("restore", short).stderr


def test_what_was_finished_is_kept_by_a_retry_and_after_an_edit(run: Run, engine: Engine):
    video_id = _plan(run)
    assert run("now", video_id).exit_code == 0
    with engine.begin() as connection:  # as if the last step had failed
        connection.execute(text("UPDATE videos SET status = 'failed', error_message = 'The disk is full.'"))
        connection.execute(text("UPDATE generation_steps SET status = 'failed', output = NULL WHERE step = 'assembly'"))
    assert "The disk is full." in run("show", video_id).stdout
    assert [video["title"] for video in json.loads(run("videos", "--status", "failed", "--json").stdout)] == ["Tea"]
    ran = run("retry", video_id, "--json")
    assert ran.exit_code == 0, ran.stderr
    made = json.loads(ran.stdout)
    reused = {step["name"]: step["reused"] for step in made["steps"]}
    assert (made["status"], made["attempt"]) == ("completed", 2)
    assert "failed" not in ran.stderr  # what the first attempt came to is not shown as what this one does
    assert reused == {name: name != "assembly" for name in reused}


def test_an_edit_plans_anew_only_what_was_said(run: Run, engine: Engine):
    video_id = _plan(run, "--at", "tomorrow 9:00", "--voice", "heart", script="Tea is hot and very good.")
    Path("tee.txt").write_text("# Tee\n\nDer Tee ist heiß und schmeckt sehr gut am Morgen.", encoding="utf-8")
    ran = run("edit", video_id, "--script", "tee.txt")
    assert ran.exit_code == 0, ran.stderr
    assert "“Tee” is changed; it is planned" in ran.stdout
    with engine.connect() as connection:
        request = connection.execute(text("SELECT request FROM videos")).scalar_one()
    assert (request["language"], request["voice"], request["aspect_ratio"]) == ("de", None, "1:1")
    refused = run("edit", video_id, "--subtitle-style", "bolt")
    assert refused.exit_code == 2
    assert "Did you mean 'bold'?" in refused.stderr
    assert "Nothing was said" in run("edit", video_id).stderr


def test_a_scene_is_said_otherwise(run: Run, engine: Engine, store: ArtifactStore, tmp_path: Path):
    own_id = _plan(run, script="Tea is hot and very good.")
    assert run("show", own_id, "--script").stdout == "Tea\n  1  Tea is hot and very good.\n"
    changed = run("edit", own_id, "--scene", "1", "Tea is cold and rather bitter.")
    assert changed.exit_code == 0, changed.stderr
    assert "Scene 1 of “Tea” is changed; it is draft" in changed.stdout
    assert "Tea is cold and rather bitter." in run("show", own_id, "--script").stdout
    [user_id] = _user_ids(engine)
    written_id = str(Lives(engine, store, user_id, tmp_path).written())
    assert run("edit", written_id, "--scene", "3", "Flowers are far.").exit_code == 0
    shown = json.loads(run("show", written_id, "--script", "--json").stdout)
    assert shown["scenes"][2] == {"number": 3, "text": "Flowers are far."}
    refused = run("edit", written_id, "--scene", "3", "Flowers.", "--music", "none")
    assert refused.exit_code == 2
    assert "changed by itself" in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--at", "soon"), "only one moment"),
        (("--at", "2020-01-01 09:00"), "within the next|is past"),
        (("--at", "tomorrow 9:00", "--zone", "Europe/Brlin"), "Did you mean Europe/Berlin"),
        (("--at", "tomorrow 9:00", "--voice", "nobody"), "no voice called"),
        (("--csv", "tea.txt"), "Leave out the options about one video"),
    ],
)
def test_what_can_t_be_planned_is_refused_and_nothing_is_kept(run: Run, arguments: tuple[str, ...], said: str):
    Path("tea.txt").write_text("Tea is hot.", encoding="utf-8")
    ran = run("plan", "--script", "tea.txt", *arguments)
    assert ran.exit_code == 2
    assert any(part in ran.stderr for part in said.split("|"))
    assert run("videos", "--json").stdout.strip() == "[]"


def test_cancel_waits_for_the_worker_and_says_what_was_spent(run: Run, engine: Engine, store: ArtifactStore):
    video_id = UUID(_plan(run))
    [user_id] = _user_ids(engine)
    generation = Generation(engine, store)
    launch = generate_now(engine, user_id, video_id).launches
    attempt = generation.enter(video_id, "run", launch=launch)
    generation.begin_step(attempt, Step.SCRIPT, "hash")

    def work() -> None:
        while generation.show_progress(attempt, 0.5, moved=False):
            stop.wait(0.05)
        generation.cancel(attempt, Step.SCRIPT)

    stop = threading.Event()
    worker = threading.Thread(target=work)
    worker.start()
    shown = run("show", str(video_id)).stdout
    ran = run("cancel", str(video_id))
    worker.join()
    assert "processing, Script" in shown
    assert "it stops within 3 s" in ran.stderr
    assert ran.stdout == "Cancelled. Spent: $0.00.\n"
    assert show_video(engine, user_id, video_id).status is VideoStatus.CANCELLED


def test_who_follows_a_video_sees_it_wait_and_end(run: Run, engine: Engine, store: ArtifactStore):
    video_id = UUID(_plan(run))
    [user_id] = _user_ids(engine)
    launch = generate_now(engine, user_id, video_id).launches
    generation = Generation(engine, store)
    shown = StringIO()

    def work() -> None:
        attempt = generation.enter(video_id, "run", launch=launch)
        generation.begin_step(attempt, Step.SCRIPT, "hash")
        with engine.begin() as connection:
            connection.execute(text("UPDATE videos SET waiting_for = 'a place to render'"))
        while "Waits for" not in shown.getvalue():
            assert generation.show_progress(attempt, 0.5, moved=False)
            stop.wait(0.05)
        generation.fail(attempt, Step.SCRIPT, InvalidInput("Nothing to say."))

    stop = threading.Event()
    worker = threading.Thread(target=work)
    with open_house() as house:
        worker.start()
        video = follow(house, Console(file=shown, width=200), video_id)
    worker.join()
    assert video.status is VideoStatus.FAILED
    assert "Waits for a place to render" in shown.getvalue()
    assert "Script: failed" in shown.getvalue()
    assert "failed during script: Nothing to say." in str(ending(video))


def test_a_queued_video_is_not_queued_again_and_can_be_taken_back(run: Run, engine: Engine):
    video_id = _plan(run)
    [user_id] = _user_ids(engine)
    generate_now(engine, user_id, UUID(video_id))
    ran = run("now", video_id)
    assert ran.exit_code == 1
    assert "already queued" in ran.stderr
    assert "Spent: $0.00" in run("cancel", video_id).stdout
    detached = run("retry", video_id, "--detach")
    assert detached.exit_code == 1
    assert "vidgen up" in detached.stderr
    assert _shown(run, video_id)["status"] == "cancelled"


def test_a_lost_answer_is_reviewed(run: Run, engine: Engine, store: ArtifactStore):
    video_id = UUID(_plan(run))
    [user_id] = _user_ids(engine)
    launch = generate_now(engine, user_id, video_id).launches
    generation = Generation(engine, store)
    attempt = generation.enter(video_id, "run", launch=launch)
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO provider_calls (user_id, video_id, step, unit, attempt, inputs_hash, provider, model,"
                " base_url, status, sent_at) VALUES (:user_id, :video_id, 'voice', 'scene-0', 1, 'h', 'elevenlabs',"
                " 'eleven_v3', 'https://api.example', 'unknown', now())"
            ),
            {"user_id": user_id, "video_id": video_id},
        )
    generation.fail(attempt, Step.VOICE, SubmitUnknown("ElevenLabs did not answer.", provider="elevenlabs"))
    asked = run("review", str(video_id)).stdout
    assert "Voice, scene-0: elevenlabs (eleven_v3), sent " in asked
    assert "--look-again" in asked
    refused = run("review", str(video_id), "--pay-again")
    assert refused.exit_code == 2
    assert "paid for twice" in refused.stderr
    assert "--yes" in refused.stderr
    assert _status_and_calls(engine) == "needs_review unknown"
    assert run("review", str(video_id), "--pay-again", "--look-again").exit_code == 2

    ran = run("review", str(video_id), "--pay-again", "--yes")
    assert ran.exit_code == 0, ran.stderr
    assert _status_and_calls(engine) == "completed written_off"
    assert "every paid request got its answer" in run("review", str(video_id)).stdout
    assert "can't be reviewed" in run("review", str(video_id), "--cancel").stderr


def test_a_file_is_shown_first_and_planned_when_that_is_wanted(run: Run):
    Path("november.csv").write_text(
        "title,script,scheduled_at,timezone,subtitle_style\n"
        "Tea,Tea is hot.,2027-03-28 02:30,Europe/Berlin,bold\n"
        "Coffee,Coffee is hot too.,,,\n"
        "=1+1,Water is cold.,,,bolt\n",
        encoding="utf-8-sig",
    )
    looked = run("plan", "--csv", "november.csv", "--errors-to", "errors.csv")
    assert looked.exit_code == 2
    assert "Did you mean 'bold'?" in " ".join(looked.stdout.split())
    assert "2 new, 1 with errors, 0 known already. The new ones together cost about $0.00." in looked.stdout
    assert "1 of 3 rows can't be planned; nothing was." in looked.stderr
    with Path("errors.csv").open(encoding="utf-8", newline="") as file:
        [bad] = csv.DictReader(file)
    assert (bad["row"], bad["title"], bad["script"]) == ("4", "'=1+1", "Water is cold.")
    assert "bolt" in bad["error"]
    assert run("videos", "--json").stdout.strip() == "[]"
    asked = run("plan", "--csv", "november.csv", "--valid-only")
    assert asked.exit_code == 2
    assert "--yes" in asked.stderr

    ran = run("plan", "--csv", "november.csv", "--valid-only", "--yes")
    assert ran.exit_code == 0, ran.stderr
    assert "2 planned." in ran.stdout
    [tea] = json.loads(run("videos", "--scheduled", "--json").stdout)
    assert (tea["title"], tea["scheduled_at"]) == ("Tea", "2027-03-28T01:00:00+00:00")
    again = json.loads(run("plan", "--csv", "november.csv", "--valid-only", "--json").stdout)
    assert again["planned"] == []
    assert [bool(row["planned_before"]) for row in again["rows"]] == [True, True, False]


def test_every_command_has_help_with_its_options(run: Run):
    for command in ("plan", "now", "cancel", "retry", "reschedule", "edit", "delete", "restore", "review"):
        ran: Ran = run(command, "--help")
        assert ran.exit_code == 0
        assert f"vidgen {command}" in ran.stdout
    for command in ("make", "plan", "edit"):
        options = run(command, "--help").stdout
        assert all(option in options for option in ("--voice-speed", "--script", "--tone", "--assembly-provider"))


def _user_ids(engine: Engine) -> list[UUID]:
    with engine.connect() as connection:
        return list(connection.execute(text("SELECT id FROM users")).scalars())


def _status_and_calls(engine: Engine) -> str:
    with engine.connect() as connection:
        query = "SELECT v.status || ' ' || c.status FROM videos v JOIN provider_calls c ON c.video_id = v.id"
        return str(connection.execute(text(query)).scalar_one())
