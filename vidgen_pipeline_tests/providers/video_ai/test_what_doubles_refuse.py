"""The doubles are as strict as their vendors, in the vendors' own words."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from vidgen_pipeline_tests.providers.video_ai.studio import Studio

VERSION = {"X-Runway-Version": "2024-11-06"}
TRACE = {"Ai-trace-id": str(uuid4())}
KLING = {"prompt": "A fox", "settings": {"duration": 5}}
RUNWAY = {"model": "gen4.5", "promptText": "A fox", "ratio": "1280:720", "duration": 5}
LUMA = {"model": "ray-3.2", "type": "video", "prompt": "A fox", "video": {"duration": "5s"}}
H3 = {"model": "MiniMax-H3", "content": [{"type": "text", "text": "A fox"}], "duration": 5, "ratio": "16:9"}
HAILUO = {"model": "MiniMax-Hailuo-2.3", "prompt": "A fox"}
V6 = {"prompt": "A fox", "model": "v6", "duration": 5, "quality": "720p", "aspect_ratio": "16:9"}
OMNI: dict[str, Any] = {"model": "gemini-omni-1.2-flash", "input": "A fox", "background": True,
                        "response_format": {"type": "video", "duration": "8s", "delivery": "uri"}}  # fmt: skip
SORA = {"prompt": "A fox", "model": "sora-2", "seconds": "4", "size": "1280x720"}
KLING_PATH, RUNWAY_PATH, LUMA_PATH = (
    "/kling/text-to-video/kling-3.0",
    "/runway/v1/text_to_video",
    "/luma/v1/generations",
)
H3_PATH, HAILUO_PATH = "/minimax/v2/video_generation", "/hailuo/v1/video_generation"
V6_PATH, OMNI_PATH, SORA_PATH = (
    "/pixverse/openapi/v2/video/text/generate",
    "/veo/v1beta/interactions",
    "/openai_sora/v1/videos",
)

DREAM_PATH = "/luma/dream-machine/v1/generations/video"
VEO_PATH = "/veo/v1beta/models/veo-3.1-generate-preview:predictLongRunning"

REFUSALS: list[tuple[str, dict[str, str], dict[str, Any], int, str, Any]] = [
    (KLING_PATH, {}, {**KLING, "seed": 1}, 400, "code", 1201),
    (KLING_PATH, {}, {**KLING, "settings": {"duration": "5"}}, 400, "code", 1201),
    (KLING_PATH, {}, {**KLING, "settings": {"duration": 16}}, 400, "code", 1201),
    (KLING_PATH + "-turbo", {}, {**KLING, "settings": {"audio": "off"}}, 400, "code", 1201),
    ("/kling/text-to-video/kling-9", {}, KLING, 404, "code", 1203),
    (RUNWAY_PATH, {}, RUNWAY, 400, "error", "The X-Runway-Version header is missing or unknown."),
    (RUNWAY_PATH, VERSION, {**RUNWAY, "duration": "5"}, 400, "error", "Validation of body failed"),
    (RUNWAY_PATH, VERSION, {**RUNWAY, "model": "gen4_turbo"}, 400, "error", "Validation of body failed"),
    (RUNWAY_PATH, VERSION, {**RUNWAY, "audio": False}, 400, "error", "Validation of body failed"),
    (LUMA_PATH, {}, {**LUMA, "callback_url": "https://x"}, 422, "", None),
    (LUMA_PATH, {}, {**LUMA, "video": {"duration": "10s", "loop": True}}, 400, "", None),
    (DREAM_PATH, {}, {"model": "ray-2", "prompt": "A fox"}, 401, "detail", "Invalid API key"),
    (H3_PATH, {}, {**H3, "duration": 3, "resolution": "768P"}, 400, "type", "error"),
    (H3_PATH, {}, {**H3, "ratio": "adaptive"}, 400, "type", "error"),
    (H3_PATH, {}, {**H3, "model": "MiniMax-Hailuo-2.3"}, 400, "type", "error"),
    (HAILUO_PATH, {}, {**HAILUO, "aspect_ratio": "9:16"}, 200, "task_id", ""),
    (HAILUO_PATH, {}, {**HAILUO, "duration": 10, "resolution": "1080P"}, 200, "task_id", ""),
    (HAILUO_PATH, {}, {**HAILUO, "model": "MiniMax-Hailuo-2.3-Fast"}, 200, "task_id", ""),
    (V6_PATH, {}, V6, 200, "ErrCode", 400011),
    (V6_PATH, TRACE, {**V6, "resolution": "720p"}, 200, "ErrCode", 400017),
    (V6_PATH, TRACE, {**V6, "duration": 16}, 200, "ErrCode", 400017),
    (V6_PATH, TRACE, {**V6, "model": "v5", "generate_audio_switch": False}, 200, "ErrCode", 400017),
    (OMNI_PATH, {}, {**OMNI, "background": False}, 400, "", None),
    (OMNI_PATH, {}, {**OMNI, "seed": 7}, 400, "", None),
    (OMNI_PATH, {}, {**OMNI, "response_format": {"type": "video", "duration": 8}}, 400, "", None),
    (VEO_PATH, {}, {"instances": [{"prompt": "A fox"}]}, 404, "", None),
    (SORA_PATH, {}, {**SORA, "seconds": 4}, 400, "", None),
    (SORA_PATH, {}, {**SORA, "size": "1024x1792"}, 400, "", None),
    (SORA_PATH, {}, {**SORA, "model": "sora-3"}, 404, "", None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "headers", "body", "status", "name", "said"),
    REFUSALS,
    ids=[f"{number} {path.split('/')[1]}" for number, (path, *_) in enumerate(REFUSALS)],
)
def test_what_the_vendor_does_not_document_is_refused_and_not_charged(
    studio: Studio, path: str, headers: dict[str, str], body: dict[str, Any], status: int, name: str, said: Any
):
    key = {"authorization": f"Bearer {studio.key}", "api-key": studio.key, "x-goog-api-key": studio.key}
    answer = studio.client.post(path, json=body, headers={**key, **headers})
    assert answer.status_code == status, answer.text
    if name:
        assert answer.json()[name] == said
    else:
        assert answer.json().keys() & {"detail", "error"}
    provider = path.split("/")[1]
    charges = studio.client.get("/_control/ledger", params={"provider": provider}).json()["charges"]
    assert not [charge for charge in charges if studio.account in charge["account"]]
