"""From a person's command to their files, through Dagster on Postgres."""

from __future__ import annotations

import json
import sys
from io import BytesIO, TextIOWrapper
from pathlib import Path

import av
import pytest
from PIL import Image
from sqlalchemy import Engine, text

from vidgen_pipeline_tests.cli.conftest import Run

FIELDS = {"video_id", "path", "duration_ms", "width", "height", "words", "scenes", "cost_usd", "steps"}


def test_one_json_object_tells_where_everything_is(run: Run):
    Path("tea.txt").write_text("# Tea\n\nTea is hot.", encoding="utf-8")
    ran = run(
        "make", "--script", "tea.txt", "--out", "a.mp4", "--aspect-ratio", "1:1", "--music", "none", "--json"
    )  # fmt: skip
    assert ran.exit_code == 0, ran.stderr
    [line] = ran.stdout.splitlines()
    made = json.loads(line)
    assert set(made) >= FIELDS
    assert made["path"] == str(Path("a.mp4").resolve())
    assert (made["title"], made["words"], made["scenes"], made["cost_usd"]) == ("Tea", 3, 1, 0)
    assert [(step["name"], step["status"], step["reused"]) for step in made["steps"]] == [
        (name, "done", False) for name in ("script", "voice", "media", "video_ai", "subtitles", "assembly")
    ]
    with av.open("a.mp4") as container:
        frames = sum(1 for _ in container.decode(video=0))
    assert abs(frames * 1000 / 30 - made["duration_ms"]) < 34
    assert sorted(path.name for path in Path.cwd().iterdir()) == [
        "a.ass", "a.attribution.txt", "a.jpg", "a.mp4", "a.srt", "a.vtt", "tea.txt"
    ]  # fmt: skip
    assert "Script: done" in ran.stderr

    again = run(
        "make", "--script", "tea.txt", "--out", "b.mp4", "--aspect-ratio", "1:1", "--music", "none",
        "--subtitle-style", "bold", "--json",
    )  # fmt: skip
    reused = {step["name"]: step["reused"] for step in json.loads(again.stdout)["steps"]}
    assert reused == {
        "script": True, "voice": True, "media": True, "video_ai": True, "subtitles": False, "assembly": False
    }  # fmt: skip

    listed = json.loads(run("videos", "--json").stdout)
    assert [video["title"] for video in listed] == ["Tea", "Tea"]
    shown = run("show", made["video_id"][:8])
    assert made["video_id"] in shown.stdout
    assert "completed" in shown.stdout
    assert Path(json.loads(run("show", made["video_id"], "--json").stdout)["files"]["video"]).is_file()
    assert "Tea" in run("videos").stdout


def test_own_media_from_standard_input_in_german(run: Run, monkeypatch: pytest.MonkeyPatch, engine: Engine):
    Path("fotos").mkdir()
    Image.new("RGB", (800, 600), (200, 40, 40)).save("fotos/katze.jpg")
    Path("fotos/kaputt.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    script = "Die Katze schläft den ganzen Tag auf dem Sofa und träumt von Mäusen."
    monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(script.encode()), encoding="utf-8"))
    ran = run(
        "make", "--script", "-", "--media", "fotos", "--aspect-ratio", "1:1", "--music", "none", "--title", "Tier"
    )
    assert ran.exit_code == 0, ran.stderr
    assert "kaputt.jpg" in ran.stderr
    assert "recognised: de" in ran.stderr
    assert ran.stdout.splitlines()[0] == str(Path("tier.mp4").resolve())
    assert "Provided by you" in Path("tier.attribution.txt").read_text(encoding="utf-8")
    assert "Cost: $0.00" in ran.stdout
    with av.open("tier.mp4") as container:
        frame = next(container.decode(video=0)).to_ndarray(format="rgb24")
    red, green, blue = (int(channel) for channel in frame[60:200, 60:200].mean(axis=(0, 1)))
    assert red > 150
    assert max(green, blue) < 90
    with engine.connect() as connection:
        assert connection.execute(text("SELECT status FROM videos")).scalars().all() == ["completed"]


def test_while_one_video_is_made_another_is_refused_and_nothing_is_planned(run: Run, engine: Engine):
    Path("tea.txt").write_text("Tea is hot.", encoding="utf-8")
    run("videos")
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO videos (user_id, title, request, status, attempt, heartbeat_at)"
                " SELECT id, 'Coffee', '{\"language\": \"en\"}', 'processing', 1, now() FROM users"
            )
        )
        connection.execute(text("INSERT INTO generation_attempts SELECT 'run', id, 1, 'other-host|1|x' FROM videos"))
    ran = run("make", "--script", "tea.txt")
    assert ran.exit_code == 1
    assert "one runs at a time" in ran.stderr
    assert [video["title"] for video in json.loads(run("videos", "--json").stdout)] == ["Coffee"]


def test_what_is_not_there_is_said(run: Run):
    assert "No videos yet" in run("videos").stdout
    for written in ("abcd", "zzzz", "00000000-0000-0000-0000-000000000000"):
        ran = run("show", written)
        assert ran.exit_code == 2
        assert "vidgen videos" in ran.stderr


def test_the_doctor_finds_everything_in_order(run: Run):
    ran = run("doctor")
    assert ran.exit_code == 0, ran.stdout
    assert "missing" not in ran.stdout
    for word in ("python", "PostgreSQL", "ffmpeg", "Inter", "hibari", "calm"):
        assert word in ran.stdout
    voices = run("doctor", "--voices").stdout
    assert "heart" in voices
    assert "espeak" in voices


def test_help_has_an_example(run: Run):
    for command in ("make", "show"):
        ran = run(command, "--help")
        assert ran.exit_code == 0
        assert f"vidgen {command} " in ran.stdout
