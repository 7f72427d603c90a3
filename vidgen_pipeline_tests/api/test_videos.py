"""Planning, listing and looking at videos through the real application."""

from __future__ import annotations

from datetime import timedelta

import pytest

from vidgen_pipeline.domain.video import VideoStatus
from vidgen_pipeline_tests.api.conftest import Clock, Launches, Somebody

CATS = {"script_text": "Cats purr when they are happy. They also purr to heal.", "title": "Why cats purr"}


def test_a_draft_is_planned_and_shown(owner: Somebody):
    made = owner.post("/videos", json=CATS)
    assert made.status_code == 201
    video = made.json()
    assert (video["status"], video["title"], video["progress"]) == ("draft", "Why cats purr", 0)
    assert video["estimate"] == {"low": 0.0, "expected": 0.0, "high": 0.0}
    assert made.headers["Location"] == f"/api/v1/videos/{video['id']}"
    shown = owner.get(f"/videos/{video['id']}")
    assert shown.status_code == 200
    assert shown.json()["script_text"] == CATS["script_text"]
    assert shown.headers["ETag"] == made.headers["ETag"]
    again = owner.get(f"/videos/{video['id']}", headers={"If-None-Match": shown.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_time_is_meant_on_the_clocks_of_its_zone(owner: Somebody):
    made = owner.post("/videos", json={**CATS, "scheduled_at": "2030-05-01 09:00", "time_zone": "europe/berlin"})
    assert made.json()["status"] == "planned"
    assert (made.json()["scheduled_at"], made.json()["time_zone"]) == ("2030-05-01T07:00:00Z", "Europe/Berlin")
    gap = owner.post("/videos", json={**CATS, "scheduled_at": "2030-03-31 02:30", "time_zone": "Europe/Berlin"})
    assert "leave out 02:30" in gap.json()["notes"][0]
    past = owner.post("/videos", json={**CATS, "scheduled_at": "2020-05-01 09:00", "time_zone": "UTC"})
    assert (past.status_code, past.json()["code"]) == (422, "invalid_input")


def test_generate_at_once_needs_a_key_and_starts_the_run(owner: Somebody, launches: Launches):
    without = owner.post("/videos", json={**CATS, "generate": True})
    assert (without.status_code, without.json()["code"]) == (400, "idempotency_key_required")
    made = owner.post("/videos", json={**CATS, "generate": True}, headers={"Idempotency-Key": "one"})
    assert (made.status_code, made.json()["status"]) == (201, "queued")
    assert [(str(video_id), launch) for video_id, launch in launches.asked] == [(made.json()["id"], 1)]
    busy = owner.post("/videos", json={**CATS, "generate": True}, headers={"Idempotency-Key": "two"})
    assert (busy.status_code, busy.json()["code"]) == (409, "conflict")
    assert owner.get("/videos/counts").json()["total"] == 1, "what can't be generated is not planned either"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({**CATS, "status": "completed"}, "#/status"),
        ({**CATS, "user_id": "0195d3a1-7c4e-7b3a-9f0e-1d2c3b4a5f60"}, "#/user_id"),
        ({**CATS, "script_folder": "/etc"}, "#/script_folder"),
        ({**CATS, "media_folders": ["/etc"]}, "#/media_folders"),
        ({**CATS, "length_seconds": "30"}, "#/length_seconds"),
        ({**CATS, "fresh": "yes"}, "#/fresh"),
        ({**CATS, "title": "x" * 201}, "#/title"),
        ({**CATS, "providers": {"driver": "x"}}, "#/providers/driver/[key]"),
    ],
)
def test_what_a_video_has_not_is_refused_by_name(owner: Somebody, body: dict[str, object], pointer: str):
    refused = owner.post("/videos", json=body)
    assert refused.status_code == 422
    assert refused.json()["code"] == "validation_failed"
    assert pointer in [mistake["pointer"] for mistake in refused.json()["errors"]]
    assert owner.get("/videos/counts").json()["total"] == 0


@pytest.mark.parametrize("text", ["[image: /etc/passwd]\nCats purr.", "Cats purr.\n\n[image: ../x.jpg] Dogs bark."])
def test_a_script_from_afar_names_no_file_of_this_machine(owner: Somebody, text: str):
    for refused in (
        owner.post("/videos", json={"script_text": text}),
        owner.post("/videos/bulk", json={"rows": [{"script": text}]}),
    ):
        assert "can't be named here" in refused.text
        assert "passwd" not in refused.text
    video_id = owner.post("/videos", json=CATS).json()["id"]
    edited = owner.put(f"/videos/{video_id}/edit", json={"script_text": text}, headers=owner.tag(f"/videos/{video_id}"))
    assert (edited.status_code, edited.json()["code"]) == (422, "invalid_input")


def test_pages_are_stable_while_new_videos_come_in(owner: Somebody):
    titles = [f"Video {number}" for number in range(7)]
    for title in titles:
        owner.lives.video(VideoStatus.DRAFT, title=title)
    first = owner.get("/videos", params={"limit": 3}).json()
    assert first["has_more"] is True
    owner.lives.video(VideoStatus.DRAFT, title="New")
    second = owner.get("/videos", params={"limit": 3, "cursor": first["next_cursor"]}).json()
    third = owner.get("/videos", params={"limit": 3, "cursor": second["next_cursor"]}).json()
    seen = [video["title"] for page in (first, second, third) for video in page["data"]]
    assert seen == titles[::-1]
    assert (third["has_more"], third["next_cursor"]) == (False, None)


def test_a_cursor_is_good_for_its_owner_and_its_list_alone(owner: Somebody, stranger: Somebody):
    for _ in range(3):
        owner.lives.video(VideoStatus.DRAFT)
        stranger.lives.video(VideoStatus.DRAFT)
    cursor = owner.get("/videos", params={"limit": 1}).json()["next_cursor"]
    middle = len(cursor) // 2
    changed = cursor[:middle] + ("A" if cursor[middle] != "A" else "B") + cursor[middle + 1 :]
    for answer in (
        stranger.get("/videos", params={"limit": 1, "cursor": cursor}),
        owner.get("/videos", params={"limit": 1, "cursor": cursor, "status": "draft"}),
        owner.get("/videos/scheduled", params={"limit": 1, "cursor": cursor}),
        owner.get("/videos", params={"limit": 1, "cursor": changed}),
        owner.get("/videos", params={"limit": 1, "cursor": "ß"}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor")


def test_filters(owner: Somebody, clock: Clock):
    for status in (VideoStatus.DRAFT, VideoStatus.COMPLETED, VideoStatus.FAILED):
        owner.lives.video(status, title=f"{status} 100% cats_")
    owner.lives.video(VideoStatus.PLANNED, title="Dogs")

    def titles(**asked: object) -> set[str]:
        return {video["title"] for video in owner.get("/videos", params=asked).json()["data"]}

    assert titles(status=["draft", "planned"]) == {"draft 100% cats_", "Dogs"}
    assert titles(only_failed=True) == {"failed 100% cats_"}
    assert len(titles(text="100% CATS")) == 2, "the finished one is called as its script says"
    assert titles(text="1_0%") == set()
    assert len(titles(provider="espeak")) == 4
    assert titles(provider="elevenlabs") == set()
    assert titles(since=(clock.now + timedelta(days=1)).isoformat()) == set()
    assert len(titles(until=(clock.now + timedelta(days=1)).isoformat())) == 4
    assert [video["title"] for video in owner.get("/videos/scheduled").json()["data"]] == ["Dogs"]
    counts = owner.get("/videos/counts").json()
    assert (counts["by_status"]["draft"], counts["by_status"]["failed"], counts["total"]) == (1, 1, 4)
    naive = owner.get("/videos", params={"since": "2026-01-01T00:00:00"})
    assert (naive.status_code, naive.json()["code"]) == (422, "invalid_input")
    typo = owner.get("/videos", params={"staus": "draft"})
    assert (typo.status_code, typo.json()["errors"][0]["pointer"]) == (422, "query/staus")
