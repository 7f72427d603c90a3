"""Videos of many users as an installation has them after two years, with what their pages and estimates read."""

from __future__ import annotations

import json

from sqlalchemy import Engine, text

from vidgen_pipeline.domain.artifact import Artifact
from vidgen_pipeline.domain.finished import FinishedVideo
from vidgen_pipeline.providers.catalogue import catalogue
from vidgen_pipeline.services.usage import fold_usage

NEWEST = 20_000
"""So many videos have the outputs of their steps: those that one looks at. All would be a matter of disk only."""

SUBJECTS = ("cats", "bees", "rain", "tides", "bread", "moss", "owls", "clocks", "salt", "ferns")

_BRIEF = "Tell in plain words what happens, why it does, and end with one thing that one can try at home. " * 3
_WORDS_A_VIDEO = 110
_FILES = ("mp4", "jpg", "txt", "srt", "vtt", "ass")
_PAID_MAKERS = {"script": "openai_gpt", "voice": "elevenlabs"}

# Processing is only the first six: one a user, as the table demands, and as many as run at a time.
_VIDEOS = """
    INSERT INTO videos (user_id, title, request, selected_providers, status, attempt, result, cost_usd, created_at,
        completed_at, scheduled_at, current_step, error_code, error_message, deleted_at)
    SELECT lpad(to_hex(CASE WHEN n <= 6 THEN n ELSE owner END), 32, '0')::uuid, title,
        jsonb_build_object('language', 'en', 'prompt', title || '. ' || :brief, 'selected_providers', makers),
        makers, status, 1,
        CASE WHEN status = 'completed' THEN CAST({result} AS jsonb) END,
        CASE WHEN status = 'completed' AND paid THEN 0.086 ELSE 0 END,
        made, CASE WHEN status = 'completed' THEN made + interval '3 minutes' END,
        CASE WHEN status = 'planned' THEN now() + chance * interval '30 days' END,
        CASE WHEN status = 'processing' THEN 'voice' END,
        CASE WHEN status = 'failed' THEN 'provider_down' END,
        CASE WHEN status = 'failed' THEN 'ElevenLabs does not answer.' END,
        CASE WHEN trash < 0.03 AND status IN ('completed', 'failed', 'cancelled')
            THEN now() - trash * interval '700 days' END
    FROM (
        SELECT n, chance, trash, owner, paid,
            'Why ' || (CAST(:subjects AS text[]))[n % :subject_count + 1] || ' matter, part ' || n AS title,
            CASE WHEN n <= 6 THEN 'processing' WHEN chance < 0.88 THEN 'completed' WHEN chance < 0.92 THEN 'failed'
                WHEN chance < 0.95 THEN 'planned' WHEN chance < 0.98 THEN 'draft' WHEN chance < 0.99 THEN 'cancelled'
                ELSE 'needs_review' END AS status,
            jsonb_build_object('script', CASE WHEN paid THEN 'openai_gpt' ELSE 'own_script' END,
                'voice', CASE WHEN paid THEN 'elevenlabs' ELSE 'espeak' END,
                'media', 'pexels', 'assembly', 'ffmpeg') AS makers,
            now() - (:videos - n) * interval '730 days' / :videos AS made
        FROM (
            SELECT n, random() AS chance, random() AS trash, random() < 0.5 AS paid,
                1 + floor(:users * random() * random())::integer AS owner
            FROM generate_series(1, :videos) AS n
        ) AS drawn
    ) AS told
"""
_CALLS = """
    INSERT INTO provider_calls (user_id, video_id, step, attempt, inputs_hash, provider, model, base_url, status,
        cost_amount, created_at, finished_at)
    SELECT user_id, id, step, 1, id::text, provider, model, 'https://api.vendor.test', 'done', usd, created_at,
        created_at + interval '5 seconds'
    FROM videos
    CROSS JOIN (VALUES ('script', 'openai_gpt', CAST(:script_model AS text), 0.006),
        ('voice', 'elevenlabs', :voice_model, 0.08)) AS made (step, provider, model, usd)
    WHERE status = 'completed' AND selected_providers ->> 'voice' = 'elevenlabs'
"""
_STEPS = """
    INSERT INTO generation_steps (video_id, step, attempt, status, inputs_hash, output, provider, started_at,
        finished_at)
    SELECT id, step, 1, 'done', md5(id::text || step), CAST(:output AS jsonb),
        coalesce(selected_providers ->> step, 'vidgen'), created_at, created_at + interval '20 seconds'
    FROM (
        SELECT * FROM videos WHERE status = 'completed' AND deleted_at IS NULL ORDER BY created_at DESC LIMIT :newest
    ) AS videos
    CROSS JOIN unnest(ARRAY['script', 'voice', 'media', 'subtitles', 'assembly']) AS step
"""
_SETTINGS = """
    INSERT INTO user_generation_settings (user_id, default_script_provider, default_voice_provider)
    SELECT id, 'openai_gpt', 'elevenlabs' FROM users WHERE name LIKE 'user %'
"""


def fill_videos(engine: Engine, videos: int, users: int) -> None:
    """Make the videos of users who are there already, their steps, and what they did cost.

    Some have many: of 500 users the first has one in 70, and the last 250 together one in seven. The tables'
    statistics are as they are in daily use.
    """
    models = {f"{step}_model": catalogue()[name].recommended_model for step, name in _PAID_MAKERS.items()}
    drawn = {
        "videos": videos, "users": users, "brief": _BRIEF, "result": _result().model_dump_json(),
        "subjects": list(SUBJECTS), "subject_count": len(SUBJECTS),
    }  # fmt: skip
    with engine.begin() as connection:
        connection.execute(text(_SETTINGS))
        connection.execute(text(_VIDEOS.format(result=_result_of("n"))), drawn)
    with engine.begin() as connection:
        connection.execute(text(_CALLS), models)
        connection.execute(text(_STEPS), {"newest": NEWEST, "output": json.dumps(_step_output())})
    while fold_usage(engine):
        pass
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text("VACUUM ANALYZE"))


def _result() -> FinishedVideo:
    """A finished video whose files are called by their endings alone."""
    files = {
        ending: Artifact(
            key=f"ab/<{ending}>.{ending}", sha256=f"<{ending}>", size_bytes=25_000, media_type="text/plain"
        )
        for ending in _FILES
    }
    return FinishedVideo(
        title="Why it matters", video=files["mp4"], thumbnail=files["jpg"], attribution=files["txt"], srt=files["srt"],
        vtt=files["vtt"], ass=files["ass"], width=1080, height=1920, frames=1290, duration_ms=43_000,
        audio_duration_ms=43_000, loudness_lufs=-14.0, true_peak_dbtp=-1.2, words=_WORDS_A_VIDEO, scenes=7,
    )  # fmt: skip


def _result_of(number: str) -> str:
    """SQL for the same with names of their own for the files, as long as real ones and as hard to compress."""
    result = "CAST(:result AS text)"
    for ending in _FILES:
        result = f"replace({result}, '<{ending}>', md5('{ending}' || {number}) || md5({number} || '{ending}'))"
    return result


def _step_output() -> dict[str, object]:
    """As large as a voice's: the time of every word."""
    words = [
        {"text": f"word{number}", "start_ms": number * 400, "end_ms": number * 400 + 350, "sentence_end": False}
        for number in range(_WORDS_A_VIDEO)
    ]
    return {"words": words, "warnings": []}
