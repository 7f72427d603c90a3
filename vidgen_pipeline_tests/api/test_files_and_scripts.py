"""A finished video's files, whole and in parts; its script and its scenes."""

from __future__ import annotations

import hashlib
from uuid import UUID

from vidgen_pipeline.domain.video import VideoStatus
from vidgen_pipeline_tests.api.conftest import MP4, Somebody
from vidgen_pipeline_tests.services.lives import BEES

SCRIPT = """Cats purr when they are happy, and sometimes when they are hurt. The sound comes from the throat.
It has a low pitch, of about twenty-five beats a second, and it never stops while they breathe.

Dogs do not purr at all. They bark, and they wag their tails when somebody comes home.
"""


def test_the_film_and_its_parts(owner: Somebody, finished: UUID):
    path = f"/videos/{finished}/content"
    whole = owner.get(path)
    assert (whole.status_code, whole.content) == (200, MP4)
    assert whole.headers["ETag"] == f'"{hashlib.sha256(MP4).hexdigest()}"'
    assert (whole.headers["Content-Type"], whole.headers["X-Content-Type-Options"]) == ("video/mp4", "nosniff")
    assert whole.headers["Content-Disposition"] == "inline; filename*=utf-8''%C3%A4-quoted-title-x-y.mp4"
    part = owner.get(path, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, MP4[10:20])
    assert part.headers["Content-Range"] == f"bytes 10-19/{len(MP4)}"
    assert owner.get(path, headers={"Range": "bytes=-5"}).content == MP4[-5:]
    beyond = owner.get(path, headers={"Range": "bytes=99999-"})
    assert (beyond.status_code, beyond.json()["code"]) == (416, "range_not_satisfiable")
    assert beyond.headers["Content-Range"] == f"bytes */{len(MP4)}"
    assert owner.get(path, headers={"Range": "bytes=5-2"}).status_code == 416
    other = owner.get(path, headers={"Range": "bytes=0-4", "If-Range": '"another"'})
    assert (other.status_code, len(other.content)) == (200, len(MP4))
    known = owner.get(path, headers={"If-None-Match": whole.headers["ETag"]})
    assert (known.status_code, known.content) == (304, b"")
    kept = owner.get(path, params={"download": True})
    assert kept.headers["Content-Disposition"].startswith("attachment; ")


def test_the_other_files(owner: Somebody, finished: UUID):
    files = owner.get(f"/videos/{finished}").json()["files"]
    assert set(files) == {
        "content", "thumbnail", "subtitles.srt", "subtitles.vtt", "subtitles.ass", "attribution",
    }  # fmt: skip
    for kind in ("srt", "vtt", "ass"):
        assert owner.get(files[f"subtitles.{kind}"].removeprefix("/api/v1")).text == f"{kind} of it"
    assert owner.get(f"/videos/{finished}/attribution").text == "txt of it"
    assert owner.get(f"/videos/{finished}/subtitles.exe").status_code == 422


def test_files_that_are_not_there(owner: Somebody, finished: UUID):
    draft = owner.lives.video(VideoStatus.DRAFT)
    early = owner.get(f"/videos/{draft}/content")
    assert (early.status_code, early.json()["code"]) == (409, "not_ready")
    for file in owner.lives.store._folder.glob("*/*"):
        file.unlink()
    gone = owner.get(f"/videos/{finished}/content")
    assert (gone.status_code, gone.json()["code"]) == (404, "not_found")
    assert "remedy" not in gone.json(), "what the command line would do is no help here"


def test_a_scene_of_ones_own_words_is_said_otherwise(owner: Somebody):
    video_id = owner.post("/videos", json={"script_text": SCRIPT}).json()["id"]
    scenes = owner.get(f"/videos/{video_id}/scenes").json()
    assert scenes["editable"] is True
    before = [scene["text"] for scene in scenes["data"]]
    assert len(before) == 3
    changed = owner.put(
        f"/videos/{video_id}/scenes/2",
        json={"text": "It is low, about twenty-five beats a second."},
        headers=owner.tag(f"/videos/{video_id}"),
    )
    assert changed.status_code == 200, changed.text
    after = [scene["text"] for scene in owner.get(f"/videos/{video_id}/scenes").json()["data"]]
    assert after == [before[0], "It is low, about twenty-five beats a second.", before[2]]
    assert owner.get(f"/videos/{video_id}/script").json()["words"] == len(" ".join(after).split())


def test_scenes_that_can_not_be_said_otherwise(owner: Somebody):
    video_id = owner.post("/videos", json={"script_text": SCRIPT}).json()["id"]

    def put(number: int, words: str) -> tuple[int, str]:
        answer = owner.put(f"/videos/{video_id}/scenes/{number}", json={"text": words}, headers={"If-Match": "*"})
        return answer.status_code, answer.json()["code"]

    assert put(4, "More.") == (404, "not_found")
    assert put(1, "[image: /etc/passwd] Cats.") == (422, "invalid_input")
    assert put(1, "...") == (422, "invalid_input")
    assert put(1, "Very long words. " * 100) == (409, "scene_not_editable")


def test_a_script_that_a_provider_has_yet_to_write(owner: Somebody):
    video_id = owner.lives.video(VideoStatus.DRAFT)
    with owner.lives.engine.begin() as connection:
        connection.exec_driver_sql('UPDATE videos SET request = request || \'{"script_text": null, "prompt": "cats"}\'')
    early = owner.get(f"/videos/{video_id}/script")
    assert (early.status_code, early.json()["code"]) == (409, "not_ready")
    answer = owner.put(f"/videos/{video_id}/scenes/1", json={"text": "Cats."}, headers={"If-Match": "*"})
    assert (answer.status_code, answer.json()["code"]) == (409, "not_ready")


def test_a_scene_that_a_provider_wrote_is_said_otherwise(owner: Somebody):
    video_id = owner.lives.written()
    assert owner.get(f"/videos/{video_id}/scenes").json()["editable"] is True
    changed = owner.put(
        f"/videos/{video_id}/scenes/2",
        json={"text": "They steer by the sun."},
        headers=owner.tag(f"/videos/{video_id}"),
    )
    assert (changed.status_code, changed.json()["status"]) == (200, "draft"), changed.text
    after = [scene["text"] for scene in owner.get(f"/videos/{video_id}/scenes").json()["data"]]
    assert after == [BEES.scenes[0].narration, "They steer by the sun.", BEES.scenes[2].narration]
    assert "They steer by the sun." in owner.get(f"/videos/{video_id}/script").json()["text"]
    owner.put(f"/videos/{video_id}/edit", json={"prompt": "Why ants march"}, headers={"If-Match": "*"})
    anew = owner.put(f"/videos/{video_id}/scenes/2", json={"text": "Ants."}, headers={"If-Match": "*"})
    assert (anew.status_code, anew.json()["code"]) == (409, "scene_not_editable")
