"""The media that doubles hand out: real files that say and show what was asked for."""

from __future__ import annotations

import asyncio
import re
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageChops

from vidgen_pipeline.domain.narration import Word
from vidgen_pipeline.runtime.probe import check_clip, count_frames, probe_photo, probe_video
from vidgen_pipeline.sandbox.clips import ClipOrder
from vidgen_pipeline.sandbox.films import Film, Line, Shot, Sound
from vidgen_pipeline.sandbox.media import Media
from vidgen_pipeline.sandbox.pictures import lettering
from vidgen_pipeline.sandbox.speech import Encoding, Spoken, character_times, language_of, without

SENTENCE = "Bees find their way home by the sun."


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Media:
    return Media(tmp_path_factory.mktemp("media")).labelled("toy")


def frames(clip: Path) -> list[NDArray[np.uint8]]:
    with av.open(str(clip)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def loudness(path: Path, rate: int = 1000) -> NDArray[np.float64]:
    """How far the sound swings in each millisecond."""
    resampler = av.AudioResampler(format="s16", layout="mono", rate=16 * rate)
    with av.open(str(path)) as container:
        parts = [part.to_ndarray()[0] for frame in container.decode(audio=0) for part in resampler.resample(frame)]
    samples = np.abs(np.concatenate(parts).astype(float))
    return samples[: len(samples) // 16 * 16].reshape(-1, 16).max(axis=1)


def plain(folder: Path, colour: str, size: tuple[int, int] = (64, 64)) -> Path:
    path = folder / f"{colour}.png"
    Image.new("RGB", size, colour).save(path)
    return path


def _lit(line: Image.Image) -> int:
    return int((np.asarray(line)[..., 3] > 200).sum())


def test_a_clip_is_what_was_ordered_and_moves(media: Media):
    order = ClipOrder(words="A fox in the snow", width=320, height=180, seconds=2, fps=12, sound=True)
    clip = asyncio.run(media.clip(order))
    asyncio.run(check_clip(clip))
    info = probe_video(clip)
    assert (info.width, info.height, info.video_codec, info.pixel_format) == (320, 180, "h264", "yuv420p")
    assert (info.duration_ms, info.frames_per_second, count_frames(clip)) == (2000, 12, 24)
    assert info.audio_codec == "aac"
    assert loudness(clip)[500:1500].min() > 100
    shown = frames(clip)
    changes = [np.abs(after.astype(int) - before).mean() for before, after in pairwise(shown)]
    assert min(changes) > 0.2


def test_a_clip_shows_its_words(media: Media):
    """The same ground with other words differs where the words stand, and there alone is it white."""
    shown = []
    for words in ("Snow", "A fox in the snow, slow push in"):
        sheet = lettering(words, "", 640, 360)
        shown.append(_lit(sheet))
    assert 200 < shown[0] < shown[1] / 3
    order = ClipOrder(words="A fox", width=320, height=180, seconds=1, fps=4)
    white = (np.asarray(frames(asyncio.run(media.clip(order)))[0]).min(axis=2) > 225).nonzero()
    assert len(white[0]) > 50
    assert 30 < np.median(white[0]) < 150


def test_the_first_frame_that_was_given_moves(media: Media, tmp_path: Path):
    red = plain(tmp_path, "red", (400, 300))
    order = ClipOrder(words="A fox", width=320, height=180, seconds=1, fps=4, first_frame=red)
    first = frames(asyncio.run(media.clip(order)))[0]
    assert np.abs(first[10:60, 10:60].mean(axis=(0, 1)) - (255, 0, 0)).max() < 12


@pytest.mark.parametrize(("suffix", "kind"), [(".jpg", "jpeg"), (".png", "png"), (".webp", "webp")])
def test_a_picture_has_its_size_and_form(media: Media, suffix: str, kind: str):
    path = asyncio.run(media.picture("Harbour at dawn", width=1200, height=627, suffix=suffix))
    info = probe_photo(path)
    assert (info.width, info.height, info.video_codec) == (1200, 627, kind)


def test_two_prompts_are_two_pictures(media: Media):
    first, second = (asyncio.run(media.picture(words, width=300, height=200)) for words in ("Snow", "Sand"))
    with Image.open(first) as snow, Image.open(second) as sand:
        assert ImageChops.difference(snow, sand).getbbox()


def test_letters_of_many_scripts_are_drawn_and_hostile_ones_do_no_harm():
    missing = _lit(lettering("\uffff" * 4, "", 640, 360))
    for words in ("Снег", "雪の中の狐", "नमस्ते दुनिया", "ثعلب في الثلج", "눈 속의 여우"):
        assert _lit(lettering(words, "", 640, 360)) not in {0, missing}
    for words in ("", " ", "{\\an8}%n'\"[0:v]", "x" * 3000, "\x00\x1b[31m", "word " * 400):
        assert lettering(words, "toy", 160, 90).size == (160, 90)


def test_a_frame_of_a_clip(media: Media):
    clip = asyncio.run(media.clip(ClipOrder(words="Still", width=160, height=90, seconds=1, fps=4)))
    still = asyncio.run(media.still(clip, at_seconds=0.5))
    info = probe_photo(still)
    assert (info.width, info.height, info.video_codec) == (160, 90, "jpeg")


def test_the_same_order_is_made_once(media: Media):
    async def both() -> tuple[Path, Path]:
        order = ClipOrder(words="Once", width=160, height=90, seconds=1, fps=4)
        first, second = await asyncio.gather(media.clip(order), media.clip(order))
        return first, second

    first, second = asyncio.run(both())
    assert first == second
    made = first.stat().st_mtime_ns
    asyncio.run(both())
    assert first.stat().st_mtime_ns == made


@pytest.mark.parametrize(
    ("encoding", "codec"),
    [
        (Encoding(codec="mp3", sample_rate=44_100, kbps=128), "mp3"),
        (Encoding(codec="mp3", sample_rate=22_050, kbps=32), "mp3"),
        (Encoding(codec="opus", sample_rate=48_000, kbps=64), "opus"),
        (Encoding(codec="aac", sample_rate=24_000), "aac"),
        (Encoding(codec="flac", sample_rate=24_000), "flac"),
        (Encoding(codec="wav", sample_rate=16_000), "pcm_s16le"),
    ],
    ids=str,
)
def test_speech_in_every_form(media: Media, encoding: Encoding, codec: str):
    speech = asyncio.run(media.speech(SENTENCE))
    path = asyncio.run(media.audio(speech, encoding))
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        assert (stream.codec_context.name.removesuffix("float"), stream.rate) == (codec, encoding.sample_rate)
    heard = loudness(path)
    assert len(heard) / 1000 == pytest.approx(speech.seconds, abs=0.12)
    assert heard.max() > 3000


def test_raw_forms_have_their_length(media: Media):
    speech = asyncio.run(media.speech(SENTENCE))
    for codec, rate, width in (("pcm", 16_000, 2), ("ulaw", 8000, 1), ("alaw", 8000, 1)):
        path = asyncio.run(media.audio(speech, Encoding(codec=codec, sample_rate=rate)))
        assert path.stat().st_size / width / rate == pytest.approx(speech.seconds, abs=0.02)


def test_words_are_where_the_sound_is(media: Media):
    """Between the words' pauses it is loud, before the first and after the last it is quiet."""
    speech = asyncio.run(media.speech("Snow fell. Then it stopped."))
    heard = np.abs(np.frombuffer(speech.pcm, "<i2").astype(float))
    ms = speech.sample_rate / 1000
    assert [word.text for word in speech.words] == ["Snow", "fell.", "Then", "it", "stopped."]
    for word in speech.words:
        assert heard[int(word.start_ms * ms) : int(word.end_ms * ms)].max() > 1000, word
    assert heard[: int(speech.words[0].start_ms * ms * 0.8)].max() < 300
    pause = slice(int((speech.words[1].end_ms + 40) * ms), int((speech.words[2].start_ms - 40) * ms))
    assert heard[pause].max() < heard.max() / 20


@pytest.mark.parametrize("speed", [0.7, 1.2])
def test_speed_changes_the_length_and_the_times(media: Media, speed: float):
    usual, fast = (asyncio.run(media.speech(SENTENCE, speed=factor)) for factor in (1.0, speed))
    assert fast.seconds == pytest.approx(usual.seconds / speed, rel=0.03)
    for word, same in zip(usual.words, fast.words, strict=True):
        assert same.start_ms == pytest.approx(word.start_ms / speed, abs=25)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (SENTENCE, "en"),
        ("Bienen finden ihren Weg nach Hause an der Sonne.", "de"),
        ("Las abejas encuentran el camino a casa por el sol.", "es"),
        ("Пчёлы находят дорогу домой по солнцу.", "ru"),
        ("मधुमक्खियाँ सूरज देखकर अपना घर ढूँढती हैं।", "hi"),
        ("Fox.", "en"),
        ("", "en"),
    ],
)
def test_the_language_of_a_text(text: str, language: str):
    assert language_of(text) == language


@pytest.mark.parametrize(
    "text",
    [
        SENTENCE,
        "  It costs $5.20 -- “really”,\nsaid Dr. O’Neil… 🐝 Yes!  ",
        "Bienen finden den Weg nach Hause.",
        "朝の港と漁船",
        "मधुमक्खियाँ घर ढूँढती हैं।",
        "...",
        "🐝",
    ],
)
def test_every_character_has_its_time_whatever_the_text(media: Media, text: str):
    speech = asyncio.run(media.speech(text))
    times = character_times(text, speech)
    assert [time.character for time in times] == list(text)
    edges = [edge for time in times for edge in (time.start, time.end)]
    assert edges == sorted(edges)
    assert edges[0] >= 0
    assert edges[-1] <= speech.seconds + 0.001


def test_characters_share_their_words_time_and_what_is_not_read_takes_next_to_none():
    words = (Word(text="so", start_ms=100, end_ms=300), Word(text="so", start_ms=350, end_ms=550))
    speech = Spoken(pcm=bytes(2 * 600), sample_rate=1000, words=words)
    text = "so [so] so"
    said = "so      so"
    times = {position: (time.start, time.end) for position, time in enumerate(character_times(text, speech, said))}
    assert times[0] == (0.1, 0.2)
    assert times[1] == (0.2, 0.3)
    assert times[8] == (0.35, 0.45)
    assert times[9] == (0.45, 0.55)
    assert times[4][0] >= 0.3
    assert times[5][1] <= 0.35


def test_what_is_not_read_is_not_heard(media: Media):
    tags = re.compile(r"\[[^\]]*\]")
    text = "[very excited and out of breath] Bees!"
    assert without(text, tags).strip() == "Bees!"
    speech = asyncio.run(media.speech(text, unspoken=tags))
    assert [word.text for word in speech.words] == ["Bees!"]
    assert speech.seconds < 1.5


@pytest.fixture(scope="module")
def film(media: Media, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("film")
    speech = asyncio.run(media.audio(asyncio.run(media.speech("Bees!")), Encoding(codec="wav", sample_rate=24_000)))
    clip = asyncio.run(media.clip(ClipOrder(words="", width=192, height=128, seconds=3, fps=10)))
    order = Film(
        width=192,
        height=128,
        fps=10,
        seconds=6,
        shots=[
            Shot(source=plain(folder, "red"), start=0, seconds=2),
            Shot(source=plain(folder, "blue"), start=2, seconds=2, fade_seconds=1),
            Shot(source=clip, start=4, seconds=1.5, trim=1),
        ],
        sounds=[Sound(source=speech, start=3)],
        lines=[Line(text="{\\c&H0000FF&}Bees", start=1, end=2)],
    )
    return asyncio.run(media.film(order))


def test_a_film_follows_its_timeline(film: Path):
    info = probe_video(film)
    assert (info.width, info.height, info.duration_ms, count_frames(film)) == (192, 128, 6000, 60)
    shown = [frame[:32].mean(axis=(0, 1)) for frame in frames(film)]
    assert np.abs(shown[5] - (255, 0, 0)).max() < 15
    assert np.abs(shown[35] - (0, 0, 255)).max() < 15
    assert 40 < shown[25][2] < 215  # half way into the fade
    assert shown[48].max() < 200
    assert shown[58].max() < 10  # nothing is left to be shown


def test_a_film_is_heard_at_its_times(film: Path):
    heard = loudness(film)
    assert heard[:2900].max() < 50
    assert heard[3000:4000].max() > 3000
    assert heard[5200:].max() < 50


def test_a_films_line_is_shown_in_its_time_as_it_is_written(film: Path):
    shown = frames(film)
    white = [int((frame[64:].min(axis=2) > 180).sum()) for frame in shown]
    assert white[5] == 0
    assert white[15] > 20
    assert white[22] == 0
