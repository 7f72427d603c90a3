"""Settings, estimates, keys, logs, budgets, recurring plans, notices, webhooks and many videos at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from PIL import Image
from prometheus_client import CollectorRegistry
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from vidgen_pipeline.api.app import create_app
from vidgen_pipeline.api.context import ApiContext
from vidgen_pipeline.database.notifications import add_notification
from vidgen_pipeline.database.tables import ApiRequestLog, ApiRequestLogBody
from vidgen_pipeline.domain.errors import NotFound, ProviderUnavailable
from vidgen_pipeline.domain.notifications import NotificationType
from vidgen_pipeline.domain.video import Step, VideoStatus
from vidgen_pipeline.runtime.home import Home
from vidgen_pipeline.sandbox.server import running_sandbox
from vidgen_pipeline_tests.api.conftest import Launches, Somebody, open_client

KEY = "sk_live_canary_0123456789abcdef"


def test_settings_are_made_at_the_first_look_and_changed_by_version(owner: Somebody):
    first = owner.get("/settings/generation")
    assert (first.json()["subtitle_style"], first.json()["version"]) == ("modern", 1)
    seen = {"If-Match": first.headers["ETag"]}
    changed = owner.put("/settings/generation", json={"subtitle_style": "Bold", "time_zone": "utc"}, headers=seen)
    assert (changed.status_code, changed.json()["subtitle_style"], changed.json()["version"]) == (200, "bold", 2)
    stale = owner.put("/settings/generation", json={"music_mood": "happy"}, headers=seen)
    assert (stale.status_code, stale.json()["code"]) == (412, "stale_version")
    assert owner.put("/settings/generation", json={"music_mood": "happy"}).status_code == 428
    odd = owner.put(
        "/settings/generation", json={"aspect_ratio": "16:9", "subtitle_style": "baroque"}, headers={"If-Match": "*"}
    )
    assert (odd.status_code, odd.json()["code"]) == (422, "invalid_input")
    assert owner.get("/settings/generation").json()["aspect_ratio"] == "9:16", "all or none"
    assert owner.get("/settings/generation", headers={"If-None-Match": changed.headers["ETag"]}).status_code == 304


def test_a_look_is_named_in_the_settings_and_wherever_a_video_is_asked_for(owner: Somebody, api_home: Home):
    api_home.looks.mkdir()
    (api_home.looks / "house.toml").write_text('music = "happy"\nsubtitle_style = "minimal"')
    words, any_version = {"script_text": "Cats purr."}, {"If-Match": "*"}
    own = owner.post("/videos", json={**words, "look": "House", "music": "none"}).json()
    assert (own["look"], own["subtitle_style"], own["music"]) == ("house", "minimal", "none")
    odd = owner.post("/videos", json={**words, "look": "mansion"})
    assert (odd.status_code, odd.json()["code"]) == (422, "invalid_input")
    assert all(name in odd.json()["remedy"] for name in ("documentary", "storybook", "house"))
    changed = owner.put(f"/videos/{own['id']}/edit", json={"look": "punchy"}, headers=any_version).json()
    assert (changed["look"], changed["subtitle_style"], changed["music"]) == ("punchy", "bold", "energetic")

    settings = owner.put("/settings/generation", json={"look": "storybook"}, headers=any_version)
    assert (settings.status_code, settings.json()["look"]) == (200, "storybook")
    assert owner.put("/settings/generation", json={"look": "mansion"}, headers=any_version).status_code == 422
    assert owner.get("/settings/generation").json()["look"] == "storybook"
    usual = owner.post("/videos", json={**words, "caption_highlight": "none"}).json()
    assert (usual["look"], usual["subtitle_style"], usual["caption_highlight"]) == ("storybook", "classic", "none")
    assert owner.post("/videos", json={**words, "look": "none"}).json()["look"] is None

    named, plain = {"script": "Dogs bark.", "look": "bulletin"}, {"script": "Bees dance."}
    as_csv = {"content": b"script,look\nDogs bark.,bulletin\nBees dance.,\n", "headers": {"Content-Type": "text/csv"}}
    for sent in ({"json": {"rows": [named, plain]}}, as_csv):
        assert [row["look"] for row in owner.post("/videos/bulk", **sent).json()["rows"]] == ["bulletin", "storybook"]
    owner.put("/integrations/openai_gpt", json={"parts": {"key": KEY}})
    recurring = {"name": "facts", "every": "day", "at": "09:00", "prompt_template": "A fact"}
    assert owner.post("/recurring-plans", json=recurring).json()["look"] == "storybook"
    other = {**recurring, "name": "news", "video": {"look": "bulletin"}}
    assert owner.post("/recurring-plans", json=other).json()["look"] == "bulletin"


def test_looks_are_listed_with_what_they_decide_and_without_where_they_lie(owner: Somebody, api_home: Home):
    api_home.looks.mkdir()
    Image.new("RGB", (80, 80), (20, 220, 240)).save(api_home.looks / "mark.png")
    (api_home.looks / "house.toml").write_text('subtitle_style = "brand"\n[logo]\nfile = "mark.png"\nsize = 20')
    (api_home.looks / "odd.toml").write_text('[logo]\nfile = "gone.png"')

    def listed() -> dict[str, dict[str, Any]]:
        answer = owner.get("/looks")
        assert str(api_home.root) not in answer.text
        return {look["name"]: look for look in answer.json()["data"]}

    looks = listed()
    assert [name for name, look in looks.items() if look["shipped"]] == sorted(looks.keys() - {"house", "odd"})
    assert looks["punchy"]["look"]["subtitle_style"] == "bold"
    assert looks["odd"]["look"] is None
    assert "gone.png" in looks["odd"]["problem"]
    assert "brand" in looks["house"]["problem"], "no style is called so"
    style = {"font": "Inter", "size": 30, "colour": "#FFFFFF", "highlight_colour": "#FF3366"}
    assert owner.put("/styles/brand", json=style).status_code == 201
    house = listed()["house"]
    assert (house["problem"], house["look"]["subtitle_style"]) == (None, "brand")
    assert house["look"]["logo"] == {"position": "top_right", "size": 20.0, "opacity": 1.0}


def test_the_estimate_knows_the_providers_and_the_length(owner: Somebody):
    free = owner.get("/settings/generation/cost-estimate", params={"script": "openai_gpt", "length_seconds": 30})
    body = free.json()
    assert body["currency"] == "USD"
    assert body["length_seconds"] == 30.0
    assert body["voice_cost"] == body["assembly_cost"] == 0.0
    assert body["low"] <= body["total_estimated_cost"] <= body["high"]
    assert "script" in body["problems"], "there is no key for it"
    dear = owner.get("/settings/generation/cost-estimate", params={"voice": "elevenlabs", "length_seconds": 60}).json()
    half = owner.get("/settings/generation/cost-estimate", params={"voice": "elevenlabs", "length_seconds": 30}).json()
    assert dear["voice_cost"] == pytest.approx(2 * half["voice_cost"], rel=0.05)
    assert dear["voice_cost"] > 0
    nobody = owner.get("/settings/generation/cost-estimate", params={"voice": "nobody"}).json()
    assert "There is no voice provider called 'nobody'" in nobody["problems"]["voice"]


def test_what_stands_against_it_is_told_without_the_command_line(
    owner: Somebody, context: ApiContext, monkeypatch: pytest.MonkeyPatch
):
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "ELEVENLABS_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    owner.put("/integrations/elevenlabs", json={"parts": {"key": KEY}})
    default = {"default_voice_provider": "elevenlabs"}
    assert owner.put("/settings/generation", json=default, headers={"If-Match": "*"}).status_code == 200
    owner.put("/integrations/elevenlabs", json={"enabled": False})
    problems = owner.get("/settings/generation/cost-estimate").json()["problems"]
    assert problems["script"] == (
        "No key is set that could write a script from a prompt."
        " Give your own words, or add a key for openai_gpt or anthropic."
    )
    assert problems["voice"] == (
        "Your default voice provider can't be used: Your key for ElevenLabs is switched off."
        " Switch it on. Set another default."
    )
    prompt = owner.post("/videos/bulk", json={"rows": [{"prompt": "Why cats purr"}]}).json()["rows"][0]
    assert "add a key" in prompt["errors"][0]
    assert "vidgen" not in str((problems, prompt))


def test_why_a_video_failed_is_told_without_the_command_line(owner: Somebody):
    error = ProviderUnavailable(
        "There is no key for Kling.", remedy="Add yours (vidgen keys set kling). A key is made there.", provider="kling"
    )
    for raised, remedy in (
        (error, "Add yours. A key is made there."),
        (NotFound("No.", remedy="See: vidgen show"), None),
    ):
        video_id = owner.lives.video(VideoStatus.QUEUED)
        owner.lives.generation.fail(
            owner.lives.generation.enter(video_id, f"run-{uuid4()}", launch=1), Step.VOICE, raised
        )
        told = owner.get(f"/videos/{video_id}").json()["error"]
        assert (told["message"], told["remedy"], told["step"]) == (raised.message, remedy, "voice")


def test_providers_are_shown_with_price_and_state(owner: Somebody):
    categories = owner.get("/settings/generation/available-providers").json()["categories"]
    assert set(categories) == {"script", "voice", "media", "video_ai", "assembly"}
    assert categories["assembly"]["chosen"]["provider"] == "ffmpeg"
    everybody = {one["id"]: one for one in owner.get("/integrations/available").json()["data"]}
    assert everybody["ffmpeg"]["price"] == "free"
    assert everybody["elevenlabs"]["price"].startswith("$")
    assert everybody["elevenlabs"]["can_be_chosen"] is False
    assert owner.put("/integrations/elevenlabs", json={"parts": {"key": KEY}}).status_code == 200
    after = {one["id"]: one for one in owner.get("/integrations/available").json()["data"]}
    assert after["elevenlabs"]["state"] == "ready (your key)"


def test_a_key_goes_in_and_never_comes_out(owner: Somebody, stranger: Somebody):
    put = owner.put("/integrations/elevenlabs", json={"parts": {"key": KEY}})
    assert put.json()["ending"] == "***cdef"
    seen = [
        put.text,
        owner.get("/integrations").text,
        owner.get("/integrations/elevenlabs").text,
        owner.put("/integrations/elevenlabs", json={"enabled": False}).text,
        owner.put("/integrations/elevenlabs", json={"parts": {"password": KEY}}).text,
        owner.put("/integrations/ffmpeg", json={"parts": {"key": KEY}}).text,
        owner.put("/integrations/elevenlabs", json={"parts": {"key": KEY}, "key": KEY}).text,
        owner.put("/integrations/elevenlabs", json={"parts": KEY}).text,
    ]
    assert KEY not in "".join(seen)
    assert owner.get("/integrations/elevenlabs").json()["enabled"] is False
    assert stranger.get("/integrations").json()["data"] == []
    assert owner.delete("/integrations/elevenlabs").status_code == 204
    assert owner.get("/integrations/elevenlabs").status_code == 404


def test_a_key_is_checked_at_the_sandbox(context: ApiContext, owner: Somebody):
    with running_sandbox() as url:
        app = create_app(replace(context, sandbox_url=url, metrics=CollectorRegistry()))
        with open_client(app) as client:
            checked = replace(owner, client=client).post("/integrations/elevenlabs/check")
    assert (checked.status_code, checked.json()["outcome"]) == (200, "works")
    assert owner.post("/integrations/elevenlabs/check").json()["code"] == "provider_unavailable"


def log_of(engine: Engine, user_id: UUID, video_id: UUID | None, **columns: object) -> UUID:
    made, now = uuid4(), datetime.now(UTC)
    with Session(engine) as session, session.begin():
        facts = {"provider": "elevenlabs", "endpoint": "/v1/tts", "method": "POST", "status_code": 200, **columns}
        session.add(ApiRequestLog(created_at=now, id=made, user_id=user_id, video_id=video_id, **facts))
        session.add(ApiRequestLogBody(created_at=now, id=made, request_body={"text": "Cats", "key": "***cdef"}))
    return made


def test_logs_of_ones_own_videos_and_of_everybody(owner: Somebody, stranger: Somebody, admin: Somebody):
    engine, video_id = owner.lives.engine, owner.lives.video(VideoStatus.DRAFT)
    for _ in range(3):
        log_of(engine, owner.user_id, video_id)
    failed = log_of(engine, owner.user_id, video_id, status_code=500, error_message="Vendor fell over at 12:00")
    other = log_of(engine, stranger.user_id, None, provider="pexels")
    page = owner.get(f"/videos/{video_id}/logs", params={"limit": 3}).json()
    rest = owner.get(f"/videos/{video_id}/logs", params={"limit": 3, "cursor": page["next_cursor"]}).json()
    assert [len(page["data"]), len(rest["data"]), rest["has_more"]] == [3, 1, False]
    assert page["data"][0]["id"] == str(failed)
    whole = owner.get(f"/videos/{video_id}/logs/{failed}").json()
    assert (whole["error_message"], whole["request_body"]["text"]) == ("Vendor fell over at 12:00", "Cats")
    assert owner.get(f"/videos/{video_id}/logs/{other}").status_code == 404
    assert owner.get("/admin/logs").status_code == 403
    everybody = admin.get("/admin/logs").json()["data"]
    assert len(everybody) == 5
    found = admin.get("/admin/logs", params={"text": "FELL OVER", "user_id": str(owner.user_id)}).json()
    assert [one["id"] for one in found["data"]] == [str(failed)]
    assert found["searched_since"] is not None
    assert [one["id"] for one in admin.get("/admin/logs", params={"provider": "pexels"}).json()["data"]] == [str(other)]
    assert admin.get(f"/admin/logs/{other}").json()["user_id"] == str(stranger.user_id)
    assert admin.get("/admin/logs", params={"text": "ab"}).status_code == 422


def test_budgets(owner: Somebody, stranger: Somebody, admin: Somebody):
    assert owner.put("/budgets/month", json={"limit_usd": 12.5}).json()["data"][0]["limit_usd"] == 12.5
    assert admin.put("/admin/budgets/month", json={"limit_usd": 100, "warn_percent": 50}).status_code == 200
    both = owner.get("/budgets").json()["data"]
    assert [(one["for_all"], one["limit_usd"]) for one in both] == [(False, 12.5), (True, 100.0)]
    assert [one["for_all"] for one in stranger.get("/budgets").json()["data"]] == [True]
    assert stranger.delete("/budgets/month").status_code == 404
    assert owner.put("/admin/budgets/month", json={"limit_usd": 1}).status_code == 403
    for wrong in ({"limit_usd": -1}, {"limit_usd": "NaN"}, {"limit_usd": 1e9}, {"limit_usd": 1, "warn_percent": 0}):
        assert owner.put("/budgets/day", json=wrong).status_code == 422
    assert len(owner.delete("/budgets/month").json()["data"]) == 1


def test_plans_that_recur(owner: Somebody, stranger: Somebody):
    owner.put("/integrations/openai_gpt", json={"parts": {"key": KEY}})
    plan = {"name": "facts", "every": "day", "at": "09:00", "prompt_template": "About {topic}", "topics": ["cats"]}
    made = owner.post("/recurring-plans", json=plan)
    assert (made.status_code, made.json()["cron"]) == (201, "0 9 * * *"), made.text
    assert owner.post("/recurring-plans", json=plan).status_code == 409
    assert owner.post("/recurring-plans", json={**plan, "name": "x", "cron": "0 9 * * *"}).status_code == 422
    assert owner.post("/recurring-plans", json={**plan, "name": "y", "video": {"prompt": "no"}}).status_code == 422
    assert owner.put("/recurring-plans/facts", json={"enabled": False}).json()["enabled"] is False
    assert stranger.put("/recurring-plans/facts", json={"enabled": True}).status_code == 404
    assert stranger.get("/recurring-plans").json()["data"] == []
    assert owner.delete("/recurring-plans/facts").status_code == 204
    assert owner.get("/recurring-plans").json()["data"] == []


def test_notices(owner: Somebody, stranger: Somebody):
    with Session(owner.lives.engine) as session, session.begin():
        for number in range(3):
            add_notification(
                session,
                owner.user_id,
                NotificationType.VIDEO_READY_TO_POST,
                title=f"{number}",
                body="",
                once_key=f"{number}",
            )
    page = owner.get("/notifications", params={"limit": 2}).json()
    assert (len(page["data"]), page["unread"], page["has_more"]) == (2, 3, True)
    last = owner.get("/notifications", params={"limit": 2, "cursor": page["next_cursor"]}).json()
    assert (len(last["data"]), last["has_more"]) == (1, False)
    ids = [one["id"] for one in page["data"]]
    assert stranger.post("/notifications/read", json={"ids": ids}).json() == {"marked": 0}
    assert owner.post("/notifications/read", json={"ids": ids}).json() == {"marked": 2}
    assert owner.get("/notifications", params={"unread_only": True}).json()["unread"] == 1
    told = {"email": "me@example.org", "channels": {"email": ["video_ready_to_post"]}}
    assert owner.put("/notifications/settings", json=told).json() == told
    assert owner.put("/notifications/settings", json={"email": None, "channels": {"email": None}}).json() == {
        "email": None,
        "channels": {},
    }


def test_webhooks(owner: Somebody):
    made = owner.post("/webhooks", json={"url": "https://hooks.example/x", "types": ["video_ready_to_post"]}).json()
    assert made["secret"].startswith("whsec_")
    assert made["secret"] not in owner.get("/webhooks").text
    rotated = owner.post(f"/webhooks/{made['id']}/rotate").json()
    assert rotated["secret"] != made["secret"]
    assert rotated["old_secret_until"] is not None
    for address in ("http://127.0.0.1/x", "https://169.254.169.254/latest", "file:///etc/passwd", "gopher://x"):
        assert owner.post("/webhooks", json={"url": address}).status_code == 422
    assert owner.delete(f"/webhooks/{made['id']}").status_code == 204


@pytest.mark.parametrize("as_csv", [True, False])
def test_many_videos_at_once(owner: Somebody, launches: Launches, as_csv: bool):
    rows = [
        {"title": "One", "script": "Cats purr.", "scheduled_at": "2030-05-01 09:00", "timezone": "Europe/Berlin"},
        {"title": "Two", "script": "Dogs bark."},
        {"title": "Bad", "script": "Birds sing.", "duration": "soon"},
    ]
    text = "title,script,scheduled_at,timezone,duration\n" + "".join(
        ",".join(row.get(name, "") for name in ("title", "script", "scheduled_at", "timezone", "duration")) + "\n"
        for row in rows
    )
    sent: dict[str, object] = (
        {"content": text.encode(), "headers": {"Content-Type": "text/csv"}} if as_csv else {"json": {"rows": rows}}
    )
    preview = owner.post("/videos/bulk", **sent).json()
    assert (preview["committed"], preview["new"], preview["bad"]) == (False, 2, 1)
    assert "'soon' is no duration" in preview["rows"][2]["errors"][0]
    without = owner.post("/videos/bulk?commit=true", **sent)
    assert without.json()["code"] == "idempotency_key_required"
    headers = {**dict(sent.pop("headers", {})), "Idempotency-Key": "all"}  # type: ignore[call-overload]
    refused = owner.post("/videos/bulk?commit=true", **sent, headers=headers)
    assert (refused.status_code, owner.get("/videos/counts").json()["total"]) == (422, 0)
    done = owner.post("/videos/bulk?commit=true&only_valid=true", **sent, headers=headers)
    assert (done.status_code, len(done.json()["planned"])) == (200, 2)
    again = owner.post("/videos/bulk?commit=true&only_valid=true", **sent, headers=headers)
    assert again.headers["Idempotent-Replayed"] == "true"
    other = {**headers, "Idempotency-Key": "another"}
    assert owner.post("/videos/bulk?commit=true&only_valid=true", **sent, headers=other).json()["planned"] == []
    assert owner.get("/videos/counts").json()["total"] == 2
    assert launches.asked == []


def test_bulk_takes_nothing_else(owner: Somebody):
    assert owner.post("/videos/bulk", content=b"<x/>", headers={"Content-Type": "text/xml"}).status_code == 415
    odd = owner.post("/videos/bulk", json={"rows": [{"script": "Cats.", "user_id": "x"}]})
    assert (odd.status_code, odd.json()["errors"][0]["pointer"]) == (422, "#/rows/0/user_id")
    nul = owner.post("/videos/bulk", json={"rows": [{"script": "Cats\u0000."}]})
    assert nul.status_code == 422


def test_what_a_video_did_cost(owner: Somebody, new_somebody: Callable[..., Somebody]):
    video_id = owner.lives.video(VideoStatus.COMPLETED)
    costs = owner.get(f"/videos/{video_id}/costs").json()
    assert (costs["actual_usd"], costs["currency"]) == (0.0, "USD")


def test_the_stats(owner: Somebody, admin: Somebody):
    owner.lives.video(VideoStatus.QUEUED)
    stats = admin.get("/admin/stats").json()
    assert stats["videos"]["queued"] == 1
    assert stats["users"] == 3
    assert (stats["waiting"], stats["paused"]) == (1, False)
