"""Lengths, shapes, prompts, pictures and prices: what all clip makers share."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from uuid import uuid4

import pytest
from PIL import Image

from vidgen_pipeline.domain.errors import ContentRejected, InvalidInput, OutOfCredit, ProviderError, VidgenError
from vidgen_pipeline.domain.money import Cost
from vidgen_pipeline.domain.providers import Category, PriceKind
from vidgen_pipeline.domain.video import AspectRatio
from vidgen_pipeline.providers.base import ClipRequest
from vidgen_pipeline.providers.catalogue import catalogue, providers_of
from vidgen_pipeline.providers.factory import ProviderFactory
from vidgen_pipeline.providers.paid import CallState, PaidCall
from vidgen_pipeline.providers.remote import Work
from vidgen_pipeline.providers.video_ai.clips import ClipProvider
from vidgen_pipeline.providers.video_ai.hailuo import HailuoProvider
from vidgen_pipeline.providers.video_ai.kling import KlingProvider
from vidgen_pipeline.providers.video_ai.luma import LumaProvider
from vidgen_pipeline.providers.video_ai.openai_sora import SoraProvider
from vidgen_pipeline.providers.video_ai.plans import (
    choose_length,
    cut_prompt,
    first_picture,
    nearest_ratio,
    offer_of,
    pixels,
    utf16_size,
)
from vidgen_pipeline.providers.video_ai.runway import RunwayProvider
from vidgen_pipeline.providers.video_ai.talk import JobState, MadeClip, job_error, job_id, sent_then, states, told
from vidgen_pipeline_tests.providers.video_ai.making import failure_of, photo, plan_of, reply_of

PORTRAIT, LANDSCAPE, SQUARE = AspectRatio.PORTRAIT, AspectRatio.LANDSCAPE, AspectRatio.SQUARE


def scene(
    milliseconds: int = 5000, ratio: AspectRatio = LANDSCAPE, frame: Path | None = None, prompt: str = "A fox"
) -> ClipRequest:
    return ClipRequest(prompt=prompt, duration_ms=milliseconds, aspect_ratio=ratio, first_frame=frame)


@pytest.mark.parametrize(
    ("adapter", "milliseconds", "row", "seconds", "usd"),
    [
        (KlingProvider(), 400, "kling-3.0", 3, "0.252"),
        (KlingProvider(), 5000, "kling-3.0", 5, "0.42"),
        (KlingProvider(), 5001, "kling-3.0", 6, "0.504"),
        (KlingProvider(), 60_000, "kling-3.0", 15, "1.26"),
        (KlingProvider(model="kling-v2-6@pro"), 6000, "kling-v2-6@pro", 10, "0.70"),
        (RunwayProvider(), 9300, "gen4.5", 10, "1.20"),
        (RunwayProvider(model="veo3.1"), 4500, "veo3.1", 6, "1.20"),
        (LumaProvider(), 5000, "ray-3.2", 5, "0.30"),
        (LumaProvider(), 5040, "ray-3.2/10s", 10, "0.90"),
        (LumaProvider(), 30_000, "ray-3.2/10s", 10, "0.90"),
        (LumaProvider(model="ray-3.2@1080p"), 7000, "ray-3.2@1080p/10s", 10, "3.60"),
        (HailuoProvider(), 6000, "MiniMax-Hailuo-2.3", 6, "0.28"),
        (HailuoProvider(), 6500, "MiniMax-Hailuo-2.3/10s", 10, "0.56"),
        (HailuoProvider(model="MiniMax-Hailuo-2.3@1080P"), 9000, "MiniMax-Hailuo-2.3@1080P", 6, "0.49"),
    ],
)
def test_the_length_that_wastes_least_and_its_price(
    adapter: ClipProvider, milliseconds: int, row: str, seconds: int, usd: str
):
    plan = adapter.plan(scene(milliseconds))
    assert (plan.row.name, plan.seconds) == (row, seconds)
    listed = adapter.clip_price(plan.row, plan.seconds)
    assert listed.amount == Decimal(usd)
    assert adapter.estimate(Work(clips_ms=(milliseconds,))) == listed


def test_several_clips_are_estimated_together_and_none_cost_nothing():
    estimate = LumaProvider().estimate(Work(clips_ms=(3000, 9000)))
    assert (estimate.amount, estimate.usage) == (Decimal("1.20"), {"clips": 2, "seconds": 15})
    assert LumaProvider().estimate(Work()).amount == 0


def test_every_row_of_every_maker_has_lengths_and_a_price_for_them():
    makers = [provider for provider in providers_of(Category.VIDEO_AI) if provider.models[0].durations_s]
    assert len(makers) == 8
    for provider in makers:
        adapter = ProviderFactory().get_provider(provider.id, ClipProvider)
        for row in provider.models:
            assert row.durations_s
            assert row.price.kind in {PriceKind.PER_SECOND, PriceKind.PER_GENERATION}
            assert row.price.kind is PriceKind.PER_SECOND or len(row.durations_s) == 1
            chosen, seconds = choose_length([row], 1)
            assert adapter.clip_price(chosen, seconds).amount > 0
            assert offer_of(row) in {model.name for model in provider.models}


def test_a_clip_that_begins_with_a_picture_is_five_seconds_long_at_luma(tmp_path: Path):
    plan = LumaProvider().plan(scene(9000, frame=photo(tmp_path / "fox.png")))
    assert (plan.row.name, plan.seconds) == ("ray-3.2", 5)


@pytest.mark.parametrize(
    ("adapter", "request_", "words"),
    [
        (RunwayProvider(model="gen4_turbo"), scene(), "moves pictures"),
        (HailuoProvider(model="MiniMax-Hailuo-2.3-Fast"), scene(), "moves pictures"),
        (HailuoProvider(model="MiniMax-Hailuo-02@512P"), scene(), "moves pictures"),
        (KlingProvider(), scene(prompt=" \n "), "nothing to show"),
        (KlingProvider(model="kling-9"), scene(), "no model 'kling-9'"),
    ],
)
def test_what_a_maker_can_not_do_is_said_before_it_is_asked(adapter: ClipProvider, request_: ClipRequest, words: str):
    with pytest.raises(InvalidInput, match=words) as caught:
        adapter.plan(request_)
    assert caught.value.remedy
    assert caught.value.provider == adapter.provider_name


@pytest.mark.parametrize(
    ("wanted", "made", "nearest"),
    [
        ("9:16", ("16:9", "9:16", "1:1"), "9:16"),
        ("1:1", ("16:9", "9:16"), "16:9"),  # as far from the one as from the other: the first
        ("1:1", ("9:16", "16:9"), "9:16"),
        ("9:16", ("16:9",), "16:9"),
        ("9:16", ("16:9", "1:1"), "1:1"),
        ("16:9", ("4:3", "21:9"), "21:9"),
        ("1:1", ("4:3", "9:16"), "4:3"),
        ("1:1", ("9:16", "3:4", "16:9"), "3:4"),
        ("1:1", (), "1:1"),
    ],
)
def test_the_nearest_shape_is_the_one_of_which_least_is_cut(wanted: str, made: tuple[str, ...], nearest: str):
    assert nearest_ratio(wanted, made) == nearest


ASKED_AND_MADE = {
    "kling": ("16:9", "9:16", "1:1"),
    "runway": ("16:9", "9:16", "16:9"),
    "luma": ("16:9", "9:16", "1:1"),
    "minimax": ("16:9", "9:16", "1:1"),
    "hailuo": ("16:9", "16:9", "16:9"),
    "pixverse": ("16:9", "9:16", "1:1"),
    "veo": ("16:9", "9:16", "16:9"),
    "openai_sora": ("16:9", "9:16", "16:9"),
}
"""What each maker makes when it is asked for a landscape, a portrait and a square from words alone."""
TAKE_NO_SHAPE = frozenset({"veo", "openai_sora"})
"""With these a clip that begins with a picture has one of their own shapes, and the picture is cut to it."""


@pytest.mark.parametrize("provider", ASKED_AND_MADE)
@pytest.mark.parametrize("pictured", [False, True])
def test_what_a_maker_can_not_make_it_makes_in_the_nearest_shape(provider: str, pictured: bool, tmp_path: Path):
    adapter = ProviderFactory().get_provider(provider, ClipProvider)
    frame = photo(tmp_path / "fox.png") if pictured else None
    any_shape = pictured and provider not in TAKE_NO_SHAPE
    for asked, made in zip((LANDSCAPE, PORTRAIT, SQUARE), ASKED_AND_MADE[provider], strict=True):
        plan = adapter.plan(scene(ratio=asked, frame=frame))
        assert plan.ratio == (asked if any_shape else made)
        if plan.picture is not None:
            width, height = Image.open(BytesIO(plan.picture)).size
            across, down = (int(part) for part in plan.ratio.split(":"))
            assert width * down == height * across


def test_the_table_of_shapes_has_every_maker():
    assert ASKED_AND_MADE.keys() == {one.id for one in providers_of(Category.VIDEO_AI) if one.models[0].durations_s}


def test_a_picture_gives_the_shape_where_the_vendor_takes_it(tmp_path: Path):
    frame = photo(tmp_path / "fox.png")
    for adapter, ratio in ((HailuoProvider(), PORTRAIT), (RunwayProvider(), SQUARE)):
        picture = adapter.plan(scene(ratio=ratio, frame=frame)).picture
        assert picture is not None
        assert Image.open(BytesIO(picture)).size == pixels(ratio, 1080)
    assert RunwayProvider(model="veo3.1").plan(scene(frame=frame)).picture is None
    for model, ratio, size in (("sora-2", PORTRAIT, (720, 1280)), ("sora-2-pro@1024p", LANDSCAPE, (1792, 1024))):
        picture = SoraProvider(model=model).plan(scene(ratio=ratio, frame=frame)).picture
        assert picture is not None
        assert Image.open(BytesIO(picture)).size == size


def test_the_middle_of_a_picture_is_kept_and_the_same_one_gives_the_same_bytes(tmp_path: Path):
    path = photo(tmp_path / "fox.png")
    written = first_picture(path, 90, 160)
    assert written == first_picture(path, 90, 160)
    image = Image.open(BytesIO(written)).convert("RGB")
    assert (image.format, image.size) == (None, (90, 160))
    left, right = image.getpixel((5, 80)), image.getpixel((84, 80))
    assert isinstance(left, tuple)
    assert isinstance(right, tuple)
    assert left[0] > 150 > left[2]
    assert right[2] > 150 > right[0]


@pytest.mark.parametrize(
    ("text", "most", "kept"),
    [
        ("  A fox\n crosses   snow ", 100, "A fox crosses snow"),
        ("A fox crosses snow", 13, "A fox crosses"),
        ("A fox crosses snow", 12, "A fox"),
        ("Fuchsbau" * 10, 12, "FuchsbauFuch"),
        ("雪の上を狐が歩く", 5, "雪の上を狐"),
        ("   ", 5, ""),
    ],
)
def test_a_prompt_is_cut_behind_a_word(text: str, most: int, kept: str):
    assert cut_prompt(text, most) == kept


def test_a_prompt_is_counted_as_the_vendor_counts():
    foxes = "🦊 " * 600
    assert utf16_size("🦊") == 2
    assert utf16_size(RunwayProvider().plan(scene(prompt=foxes)).prompt) <= 1000
    assert utf16_size(RunwayProvider().plan(scene(prompt="🦊" * 600)).prompt) == 1000
    assert len(KlingProvider().plan(scene(prompt="a " * 5000)).prompt) == 2499


@pytest.mark.parametrize(
    ("made", "usd", "usage"),
    [
        (MadeClip(address="x"), "0.42", {"clips": 1, "seconds": 5}),
        (MadeClip(address="x", seconds=Decimal("5.2")), "0.4368", {"clips": 1, "seconds": 6}),
        (
            MadeClip(address="x", charged=Cost(amount=Decimal("0.5"), usage={"credits": 50})),
            "0.5",
            {"clips": 1, "seconds": 5, "credits": 50},
        ),
    ],
)
def test_the_vendors_own_word_about_the_cost_counts(made: MadeClip, usd: str, usage: dict[str, int]):
    cost = KlingProvider().cost_of(plan_of("kling", "kling-3.0", 5, "A fox"), made)
    assert (cost.amount, cost.usage) == (Decimal(usd), usage)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (ContentRejected, "Kling AI won't make this clip. It says: no foxes"),
        (OutOfCredit, "has no credit left. It says: no foxes"),
        (ProviderError, "Kling AI could not make the clip. It says: no foxes"),
    ],
)
def test_a_failed_job_speaks_to_a_person(kind: type[VidgenError], words: str):
    error = job_error("kling", "no\x1b\nfoxes" + " x" * 500, kind)
    assert type(error) is kind
    assert words in error.message
    assert len(error.message) < 400
    assert error.provider == "kling"
    assert error.remedy
    assert job_error("kling", "").message == f"{catalogue()['kling'].name} could not make the clip."


def test_what_a_failed_job_was_charged_is_said_and_kept():
    spent = Cost(amount=Decimal("0.6"), usage={"credits": 60})
    for said, words in (
        ("no foxes.", "It says: no foxes. It charged 0.60 USD for that."),
        ("no foxes", "It says: no foxes. It charged 0.60 USD for that."),
        ("", "could not make the clip. It charged 0.60 USD for that."),
    ):
        failed = failure_of(told("kling", JobState.FAILED, MadeClip(charged=spent), said))
        assert failed.error.message.endswith(words)
        assert failed.cost == spent


def test_a_word_for_a_state_means_what_the_vendors_map_says():
    words = states(running="waits works", done="ready", failed="broke", rejected="refused")
    made = MadeClip(address="https://x")
    for word in ("waits", "works", "a word of next year"):
        assert told("kling", words.get(word), made, "against our policy") is None
    assert told("kling", words.get("ready"), made, "against our policy") is made
    for word, said, kind in (
        ("broke", "internal", ProviderError),
        ("broke", "against our Policies", ContentRejected),
        ("refused", "", ContentRejected),
    ):
        assert type(failure_of(told("kling", words[word], made, said)).error) is kind
    assert type(failure_of(told("kling", words["broke"], made, "a policy", OutOfCredit)).error) is OutOfCredit


@pytest.mark.parametrize(
    ("body", "number"),
    [
        ({"data": {"id": "87"}}, "87"),
        ({"data": {"id": 9007199254740993}}, "9007199254740993"),
        ({"data": {"id": {"a": 1}}}, ""),
        ({"data": {"id": None}}, ""),
        ({"data": []}, ""),
        (b"<html>", ""),
    ],
)
def test_a_jobs_number_is_kept_as_it_is(body: object, number: str):
    assert job_id("data", "id")(reply_of(body)) == number


def test_what_was_lost_is_looked_for_from_a_minute_before_it_left():
    left = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
    call = PaidCall(id=uuid4(), state=CallState.UNKNOWN, provider="x", model="m", base_url="u", sent_at=left)
    near = [sent_then(call, left + timedelta(seconds=seconds)) for seconds in (-61, -60, 0, 600, 601)]
    assert near == [False, True, True, True, False]
    assert not sent_then(call, left + timedelta(seconds=121), within=timedelta(minutes=2))
    never = PaidCall(id=uuid4(), state=CallState.INTENT, provider="x", model="m", base_url="u")
    assert not sent_then(never, left)
