"""What can be done with a video: the table of states and actions, versions, and races."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from uuid import UUID

import pytest
from sqlalchemy import Engine, text

from vidgen_pipeline.domain.video import ACTIONS, Action, VideoStatus
from vidgen_pipeline_tests.api.conftest import Clock, Launches, Somebody

_keys = count()
CALLS = {
    Action.GENERATE_NOW: ("POST", "/generate-now", None, 202),
    Action.EDIT: ("PUT", "/edit", {"music": "happy"}, 200),
    Action.RENAME: ("PUT", "/edit", {"title": "Renamed"}, 200),
    Action.RESCHEDULE: ("PUT", "/reschedule", {"scheduled_at": "2030-05-01 09:00"}, 200),
    Action.CANCEL: ("POST", "/cancel", None, 200),
    Action.RETRY: ("POST", "/retry", None, 202),
    Action.REVIEW: ("POST", "/review", {"choice": "look_again"}, 202),
    Action.DELETE: ("DELETE", "", None, 200),
    Action.DOWNLOAD: ("GET", "/content", None, 200),
}


def act(somebody: Somebody, video_id: UUID, action: Action, **headers: str) -> tuple[int, dict[str, object]]:
    method, path, body, _ = CALLS[action]
    sent = {"If-Match": "*", "Idempotency-Key": f"key-{next(_keys)}", **headers}
    answer = somebody.ask(method, f"/videos/{video_id}{path}", json=body, headers=sent)
    return answer.status_code, answer.json() if "json" in answer.headers["content-type"] else {}


@pytest.mark.parametrize("status", list(VideoStatus))
def test_every_action_in_every_state_is_as_the_table_says(owner: Somebody, status: VideoStatus):
    for action in Action:
        with owner.lives.engine.begin() as connection:
            connection.execute(text("DELETE FROM provider_calls"))
            connection.execute(text("DELETE FROM videos WHERE user_id = :user"), {"user": owner.user_id})
        video_id = owner.lives.video(status)
        code, body = act(owner, video_id, action)
        if status in ACTIONS[action]:
            assert code == CALLS[action][3], (action, body)
            if action is not Action.DOWNLOAD:
                # A title that may be said in the video is an edit wherever there can be one.
                does = Action.EDIT if action is Action.RENAME and status in ACTIONS[Action.EDIT] else action
                assert body["status"] == ACTIONS[does][status]
                assert body["version"] in {1, 2, 3, 4}
        else:
            assert (code, body["code"]) == (409, "not_ready" if action is Action.DOWNLOAD else "conflict"), action


def test_a_change_has_to_name_the_version_it_was_made_from(owner: Somebody):
    video_id = owner.lives.video(VideoStatus.DRAFT)
    path = f"/videos/{video_id}/edit"
    without = owner.put(path, json={"music": "happy"})
    assert (without.status_code, without.json()["code"]) == (428, "precondition_required")
    seen = owner.tag(f"/videos/{video_id}")
    assert owner.put(path, json={"music": "happy"}, headers=seen).status_code == 200
    stale = owner.put(path, json={"music": "none"}, headers=seen)
    assert (stale.status_code, stale.json()["code"]) == (412, "stale_version")
    assert owner.get(f"/videos/{video_id}").json()["music"] == "happy"
    odd = owner.put(path, json={"music": "none"}, headers={"If-Match": "nonsense"})
    assert odd.status_code == 400
    other = owner.put(path, json={"music": "none"}, headers={"If-Match": '"of-somebody-else"'})
    assert other.status_code == 412


def test_a_finished_video_is_only_renamed(owner: Somebody):
    video_id = owner.lives.video(VideoStatus.COMPLETED)
    assert act(owner, video_id, Action.RENAME)[0] == 200
    assert owner.get(f"/videos/{video_id}").json()["title"] == "Renamed"


def test_trash_and_back(owner: Somebody):
    video_id = owner.lives.video(VideoStatus.PLANNED)
    assert owner.delete(f"/videos/{video_id}").json()["actions"] == []
    assert owner.get(f"/videos/{video_id}").status_code == 404
    assert [video["id"] for video in owner.get("/videos", params={"deleted": True}).json()["data"]] == [str(video_id)]
    assert owner.post(f"/videos/{video_id}/restore").json()["status"] == "planned"
    assert owner.post(f"/videos/{video_id}/restore").status_code == 409


def test_fifty_presses_at_once_under_one_key_make_one_launch(owner: Somebody, launches: Launches, engine: Engine):
    video_id = owner.lives.video(VideoStatus.DRAFT)
    path = f"/videos/{video_id}/generate-now"

    def press(_: int) -> tuple[int, str, str | None]:
        answer = owner.post(path, headers={"Idempotency-Key": "the-button"})
        return answer.status_code, answer.json().get("code", ""), answer.headers.get("Idempotent-Replayed")

    with ThreadPoolExecutor(50) as people:
        answers = Counter(people.map(press, range(50)))
    assert answers[202, "", None] == 1
    assert set(answers) <= {(202, "", None), (202, "", "true"), (409, "idempotency_in_flight", None)}
    assert launches.asked == [(video_id, 1)]
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*), max(status) FROM idempotency_keys")).one() == (1, 202)
    assert press(0) == (202, "", "true")


def test_fifty_presses_at_once_under_keys_of_their_own_make_one_launch(owner: Somebody, launches: Launches):
    video_id = owner.lives.video(VideoStatus.DRAFT)
    with ThreadPoolExecutor(50) as people:
        answers = Counter(
            code for code, _ in people.map(lambda _: act(owner, video_id, Action.GENERATE_NOW), range(50))
        )
    assert answers == {202: 1, 409: 49}
    assert launches.asked == [(video_id, 1)]


def test_fifty_new_videos_at_once_under_one_key_are_one(owner: Somebody, launches: Launches):
    body = {"script_text": "Cats purr.", "generate": True}
    with ThreadPoolExecutor(50) as people:
        answers = Counter(
            people.map(
                lambda _: owner.post("/videos", json=body, headers={"Idempotency-Key": "new"}).status_code, range(50)
            )
        )
    assert set(answers) <= {201, 409}
    assert owner.get("/videos/counts").json()["total"] == 1
    assert len(launches.asked) == 1


def test_the_same_request_gets_the_same_answer_for_seven_days(owner: Somebody, clock: Clock):
    video_id = owner.lives.video(VideoStatus.DRAFT)
    path, key = f"/videos/{video_id}/generate-now", {"Idempotency-Key": "once"}
    first = owner.post(path, headers=key)
    clock.go_on(days=6)
    again = owner.post(path, headers=key)
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert (again.headers["Idempotent-Replayed"], again.headers["ETag"]) == ("true", first.headers["ETag"])
    clock.go_on(days=2)
    assert owner.post(path, headers=key).status_code == 409, "it is forgotten, and the video is queued already"


def test_a_key_is_for_one_request_of_one_user(owner: Somebody, stranger: Somebody):
    mine, other = owner.lives.video(VideoStatus.DRAFT), stranger.lives.video(VideoStatus.DRAFT)
    key = {"Idempotency-Key": "shared"}
    assert owner.post(f"/videos/{mine}/generate-now", headers=key).status_code == 202
    reused = owner.post(f"/videos/{mine}/retry", headers=key)
    assert (reused.status_code, reused.json()["code"]) == (422, "idempotency_key_reused")
    assert stranger.post(f"/videos/{other}/generate-now", headers=key).status_code == 202


@pytest.mark.parametrize("key", ["", " ", "x" * 256, "ein Schlüssel".encode("latin-1")])
def test_a_key_that_is_none_is_refused(owner: Somebody, key: str):
    video_id = owner.lives.video(VideoStatus.DRAFT)
    answer = owner.post(f"/videos/{video_id}/generate-now", headers={"Idempotency-Key": key})
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_required")
    assert owner.get(f"/videos/{video_id}").json()["status"] == "draft"


def test_what_did_nothing_is_not_kept(owner: Somebody):
    video_id = owner.lives.video(VideoStatus.DRAFT)
    path, key = f"/videos/{video_id}/generate-now", {"Idempotency-Key": "again"}
    refused = owner.post(path, headers={**key, "If-Match": '"9-0123456789abcdef"'})
    assert refused.status_code == 412
    assert owner.post(path, headers=key).status_code == 202


def test_work_whose_process_died_may_be_begun_anew_after_a_while(owner: Somebody, engine: Engine, clock: Clock):
    video_id = owner.lives.video(VideoStatus.DRAFT)
    path, key = f"/videos/{video_id}/generate-now", {"Idempotency-Key": "died"}
    assert owner.post(path, headers=key).status_code == 202
    with engine.begin() as connection:
        connection.execute(text("UPDATE idempotency_keys SET status = NULL, headers = NULL, body = NULL"))
    answer = owner.post(path, headers=key)
    assert (answer.json()["code"], answer.headers["Retry-After"]) == ("idempotency_in_flight", "2")
    clock.go_on(minutes=6)
    assert owner.post(path, headers=key).json()["code"] == "conflict", "begun anew, and refused as it was done before"
