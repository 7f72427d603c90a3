"""Every clip maker at its double over a real socket: what it makes, and that nothing is paid twice."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import av
import pytest

from vidgen_pipeline.domain.errors import AuthFailed, ContentRejected, OutOfCredit, ProviderError, SubmitUnknown
from vidgen_pipeline.domain.video import AspectRatio
from vidgen_pipeline.providers.base import ClipRequest
from vidgen_pipeline.providers.remote import Work
from vidgen_pipeline.providers.video_ai.clips import ClipProvider
from vidgen_pipeline.providers.video_ai.hailuo import HailuoProvider
from vidgen_pipeline.providers.video_ai.kling import KlingProvider
from vidgen_pipeline.providers.video_ai.luma import LumaProvider
from vidgen_pipeline.providers.video_ai.minimax import MiniMaxProvider
from vidgen_pipeline.providers.video_ai.openai_sora import SoraProvider
from vidgen_pipeline.providers.video_ai.pixverse import PixVerseProvider
from vidgen_pipeline.providers.video_ai.runway import RunwayProvider
from vidgen_pipeline.providers.video_ai.veo import VeoProvider
from vidgen_pipeline.runtime.probe import probe_video
from vidgen_pipeline_tests.providers.video_ai.making import photo
from vidgen_pipeline_tests.providers.video_ai.studio import Studio

PORTRAIT, LANDSCAPE, SQUARE = AspectRatio.PORTRAIT, AspectRatio.LANDSCAPE, AspectRatio.SQUARE


@dataclass(frozen=True, kw_only=True)
class Maker:
    """A maker, the clip that is asked for here, and what comes of it."""

    adapter: ClipProvider
    ratio: AspectRatio = PORTRAIT
    size: tuple[int, int] = (720, 1280)
    seconds: int = 3
    finds_lost: bool = False
    sends_again: bool = False
    cancels: bool = False
    usd: Decimal | None = None
    key: str = "sandbox"

    def scene(self, prompt: str = "A fox crosses a snowy field", frame: Path | None = None) -> ClipRequest:
        milliseconds = self.seconds * 1000 - 400
        return ClipRequest(prompt=prompt, duration_ms=milliseconds, aspect_ratio=self.ratio, first_frame=frame)

    @property
    def price(self) -> Decimal:
        """What it costs: as listed, where the double does not charge something else."""
        return self.usd or self.adapter.estimate(Work(clips_ms=(self.seconds * 1000 - 400,))).amount


MAKERS = {
    "kling": Maker(adapter=KlingProvider(), finds_lost=True, sends_again=True),
    "kling, older": Maker(adapter=KlingProvider(model="kling-v3"), finds_lost=True, sends_again=True),
    "runway": Maker(adapter=RunwayProvider(), seconds=2, cancels=True),
    "luma": Maker(adapter=LumaProvider(model="ray-3.2@540p"), seconds=5, size=(540, 960)),
    "luma, older": Maker(adapter=LumaProvider(model="ray-2"), seconds=5, finds_lost=True, key="sandbox-dream"),
    "minimax": Maker(
        adapter=MiniMaxProvider(), seconds=4, ratio=SQUARE, size=(768, 768), finds_lost=True, cancels=True
    ),
    "hailuo": Maker(adapter=HailuoProvider(), seconds=6, ratio=LANDSCAPE, size=(1366, 768)),
    "pixverse": Maker(adapter=PixVerseProvider(), finds_lost=True, sends_again=True, usd=Decimal("0.27")),
    "veo": Maker(adapter=VeoProvider(), cancels=True),
    "veo, older": Maker(adapter=VeoProvider(model="veo-3.1-lite-generate-preview"), seconds=4, key="sandbox-veo"),
    "openai_sora": Maker(adapter=SoraProvider(), seconds=4, finds_lost=True),
}
PICTURED = {name: maker for name, maker in MAKERS.items() if name != "luma, older"}
LISTED = {name: MAKERS[name] for name in ("luma, older", "minimax", "openai_sora")}
CANCELLING = {name: maker for name, maker in MAKERS.items() if maker.cancels}
SIGNED = {name: maker for name, maker in MAKERS.items() if maker.adapter.provider_name not in {"veo", "openai_sora"}}
each = pytest.mark.parametrize("maker", MAKERS.values(), ids=MAKERS.keys())


@each
def test_a_clip_is_made_paid_once_and_kept(studio: Studio, maker: Maker):
    studio.open_account(maker.key)
    made = studio.make(maker.adapter, maker.scene())
    info = probe_video(made.data)
    assert (info.width, info.height) == maker.size
    assert info.duration_ms == pytest.approx(maker.seconds * 1000, abs=60)
    assert made.model == maker.adapter.chosen_model.name
    assert made.cost.amount == maker.price == studio.paid(maker.adapter)
    studio.house.next_attempt()
    again = studio.make(maker.adapter, maker.scene())
    assert again.data.read_bytes() == made.data.read_bytes()
    assert again.cost == made.cost
    assert len(studio.requests(maker.adapter, "submit")) == 1
    assert studio.house.statuses() == ["done"]
    for record in studio.house.log.records:
        assert studio.key not in repr(record)
        assert "sig=" not in repr(record)


@each
def test_a_bad_key_makes_nothing(studio: Studio, maker: Maker):
    studio.open_account(maker.key.replace("sandbox", "bad"))
    with pytest.raises(AuthFailed) as caught:
        studio.make(maker.adapter, maker.scene())
    assert studio.key not in str(caught.value)
    assert studio.house.statuses() == ["failed"]
    assert not studio.check_key(maker.adapter, studio.key).valid
    assert studio.check_key(maker.adapter, f"{maker.key}-good-1").valid


@each
def test_an_account_without_credit(studio: Studio, maker: Maker):
    studio.open_account(maker.key.replace("sandbox", "broke"))
    with pytest.raises(OutOfCredit):
        studio.make(maker.adapter, maker.scene())
    assert studio.charges(maker.adapter) == []
    assert studio.house.statuses() == ["failed"]


@each
def test_a_prompt_that_is_refused(studio: Studio, maker: Maker):
    studio.open_account(maker.key)
    with pytest.raises(ContentRejected) as caught:
        studio.make(maker.adapter, maker.scene("A fox, sandbox-refuse"))
    assert "It says: " in caught.value.message
    assert caught.value.remedy
    assert studio.house.statuses() == ["failed"]


@each
def test_a_clip_that_is_refused_when_it_is_made_and_one_that_fails(studio: Studio, maker: Maker):
    studio.open_account(maker.key)
    studio.fault(maker.adapter, "moderation", "poll")
    with pytest.raises(ContentRejected):
        studio.make(maker.adapter, maker.scene())
    studio.fault(maker.adapter, "job_failed", "poll")
    with pytest.raises(ProviderError) as caught:
        studio.make(maker.adapter, maker.scene())
    assert type(caught.value) is ProviderError
    assert studio.house.statuses() == ["failed", "failed"]


@each
def test_a_lost_answer_is_found_again_or_told(studio: Studio, maker: Maker):
    studio.open_account(maker.key)
    studio.fault(maker.adapter, "close_after_accepting", "submit")
    if maker.finds_lost:
        made = studio.make(maker.adapter, maker.scene())
        assert probe_video(made.data).width == maker.size[0]
        assert studio.house.statuses() == ["done"]
    else:
        for _ in range(2):
            with pytest.raises(SubmitUnknown):
                studio.make(maker.adapter, maker.scene())
            studio.house.next_attempt()
        assert len(studio.requests(maker.adapter, "submit")) == 1
        assert studio.house.statuses() == ["unknown"]
    assert len(studio.charges(maker.adapter)) == 1


@each
def test_a_request_that_was_lost_on_its_way_is_sent_again_only_where_that_is_safe(studio: Studio, maker: Maker):
    studio.open_account(maker.key)
    studio.fault(maker.adapter, "close_before_reading", "submit")
    if maker.sends_again:
        studio.make(maker.adapter, maker.scene())
        assert len(studio.charges(maker.adapter)) == 1
    else:
        with pytest.raises(SubmitUnknown):
            studio.make(maker.adapter, maker.scene())
        assert studio.charges(maker.adapter) == []


@pytest.mark.parametrize("maker", LISTED.values(), ids=LISTED.keys())
def test_of_two_jobs_that_look_the_same_the_lost_one_is_found(studio: Studio, maker: Maker):
    studio.open_account(maker.key)
    studio.make(maker.adapter, maker.scene())
    studio.fault(maker.adapter, "close_after_accepting", "submit")
    studio.make(maker.adapter, maker.scene(), scene=1)
    assert studio.house.statuses() == ["done", "done"]
    jobs = [row["job_id"] for row in studio.house.rows()]
    assert sorted(jobs) == sorted(charge["job"] for charge in studio.charges(maker.adapter))
    assert len(set(jobs)) == 2


def test_a_job_that_may_be_another_calls_is_left_to_the_person(studio: Studio):
    """The first never arrived; the second was made. MiniMax tells of neither what it shows."""
    maker = MAKERS["minimax"]
    for scene, fault in enumerate(("close_before_reading", "close_after_accepting")):
        studio.fault(maker.adapter, fault, "submit")
        with pytest.raises(SubmitUnknown):
            studio.make(maker.adapter, maker.scene(f"A fox, number {scene}"), scene=scene)
    assert studio.house.statuses() == ["unknown", "unknown"]
    assert len(studio.charges(maker.adapter)) == 1
    assert len(studio.requests(maker.adapter, "submit")) == 2


def test_what_a_refused_clip_was_charged_is_in_the_ledger_and_told(studio: Studio):
    maker = MAKERS["runway"]
    studio.fault(maker.adapter, "moderation", "poll")
    with pytest.raises(ContentRejected, match=r"It charged 0\.24 USD for that") as caught:
        studio.make(maker.adapter, maker.scene())
    (row,) = studio.house.rows()
    assert (row["status"], row["cost_amount"], row["usage"]) == ("failed", Decimal("0.24"), {"credits": 24})
    assert row["error_message"] == str(caught.value)
    assert studio.paid(maker.adapter) == row["cost_amount"]
    studio.fault(maker.adapter, "job_failed", "poll")
    with pytest.raises(ProviderError):
        studio.make(maker.adapter, maker.scene())
    assert studio.house.rows()[1]["cost_amount"] is None  # given back


def test_a_picture_is_sent_once_for_a_clip_that_is_bought(studio: Studio, tmp_path: Path):
    maker = MAKERS["pixverse"]
    scene = maker.scene(frame=photo(tmp_path / "fox.png"))
    studio.fault(maker.adapter, "close_after_accepting", "submit")
    studio.make(maker.adapter, scene)
    studio.house.next_attempt()
    studio.make(maker.adapter, scene)
    assert len(studio.requests(maker.adapter, "submit")) == 2
    assert [visit["path"] for visit in studio.requests(maker.adapter, "read")] == ["/openapi/v2/image/upload"]
    assert len(studio.charges(maker.adapter)) == 1


@pytest.mark.parametrize("maker", SIGNED.values(), ids=SIGNED.keys())
def test_an_address_that_ran_out_is_asked_for_anew(studio: Studio, maker: Maker):
    studio.open_account(maker.key)
    studio.fault(maker.adapter, "expired_url", "download")
    assert probe_video(studio.make(maker.adapter, maker.scene()).data).width == maker.size[0]
    assert len(studio.charges(maker.adapter)) == 1


@pytest.mark.parametrize("maker", PICTURED.values(), ids=PICTURED.keys())
def test_a_clip_begins_with_the_picture_it_was_given(studio: Studio, maker: Maker, tmp_path: Path):
    studio.open_account(maker.key)
    scene = maker.scene(frame=photo(tmp_path / "fox.png"))
    made = studio.make(maker.adapter, scene)
    with av.open(str(made.data)) as film:
        first = next(film.decode(video=0)).to_image()
    assert first.size == maker.size
    width, height = first.size
    left, right = first.getpixel((width // 20, height // 3)), first.getpixel((width - width // 20, height // 3))
    assert left[0] > 150 > left[2]
    assert right[2] > 150 > right[0]
    studio.house.next_attempt()
    assert studio.make(maker.adapter, scene).data.read_bytes() == made.data.read_bytes()
    assert len(studio.charges(maker.adapter)) == 1


@pytest.mark.parametrize("maker", CANCELLING.values(), ids=CANCELLING.keys())
def test_a_clip_nobody_waits_for_is_ended_at_the_vendor(studio: Studio, maker: Maker):
    studio.open_account(maker.key)
    studio.fault(maker.adapter, "job_stuck", "submit")
    studio.make_and_stop(maker.adapter, maker.scene())
    assert [one["status"] // 100 for one in studio.requests(maker.adapter, "cancel")] == [2]
    assert studio.house.statuses() == ["failed"]


def test_a_signed_token_opens_klings_older_interface_only(studio: Studio):
    key = f"sandbox-{uuid4().hex[:12]}"
    pair = {"access_key": key, "secret_key": f"{key}-secret"}
    older, newer = MAKERS["kling, older"], MAKERS["kling"]
    assert probe_video(studio.make(older.adapter, older.scene("A hare"), parts=pair).data).width == 720
    for maker, parts in ((newer, pair), (older, {**pair, "secret_key": "another"})):
        with pytest.raises(AuthFailed):
            studio.make(maker.adapter, maker.scene("A hedgehog"), parts=parts)
