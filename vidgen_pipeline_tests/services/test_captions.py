from __future__ import annotations

import asyncio
import html
import re
import wave
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import pysubs2
import pytest
from numpy.typing import NDArray

from vidgen_pipeline.domain.captions import CaptionStyle, SubtitleFiles
from vidgen_pipeline.domain.errors import InvalidInput, MissingTool
from vidgen_pipeline.domain.narration import Narration, Word
from vidgen_pipeline.domain.script import Scene, Script, SpokenLine
from vidgen_pipeline.domain.timeline import Canvas
from vidgen_pipeline.providers.base import ProviderResult, Speech, SpeechRequest, Voice, VoiceProvider
from vidgen_pipeline.services.captions import chosen_style, make_captions
from vidgen_pipeline.services.narration import narrate
from vidgen_pipeline.storage.artifacts import ArtifactStore
from vidgen_pipeline.subtitles.escape import WORD_JOINER
from vidgen_pipeline.subtitles.spacing import joined
from vidgen_pipeline.subtitles.styles import OwnStyles, caption_style
from vidgen_pipeline_tests.providers.assembly.builders import SceneOf, plain_photo, render, timeline_of
from vidgen_pipeline_tests.subtitles.samples import PORTRAIT, WALL, narrated

RATE = 22_050
WORD_MS, GAP_MS = 203, 97  # a second is no multiple of them, a frame neither


class OddBeeper(VoiceProvider):
    """Says every word as a tone, at a rate at which no word ends with a frame."""

    provider_name: ClassVar[str] = "odd_beeper"

    async def voices(self) -> Sequence[Voice]:
        return [Voice(name="beep", languages=("en",))]

    async def speak(self, request: SpeechRequest) -> ProviderResult[Speech]:
        tokens = request.text.split()
        slot = RATE * (WORD_MS + GAP_MS) / 1000
        samples = np.zeros(round(slot * len(tokens)), np.int16)
        tone = (np.sin(np.arange(RATE * WORD_MS // 1000) * 2 * np.pi * 440 / RATE) * 12_000).astype(np.int16)
        for place in range(len(tokens)):
            at = round(slot * place)
            samples[at : at + len(tone)] = tone
        words = tuple(
            Word(
                text=token,
                start_ms=(WORD_MS + GAP_MS) * place,
                end_ms=(WORD_MS + GAP_MS) * place + WORD_MS,
                sentence_end=token.endswith("."),
            )
            for place, token in enumerate(tokens)
        )
        speech = Speech(pcm=samples.tobytes(), sample_rate=RATE, words=words, word_times_from="its own")
        return ProviderResult(data=speech, model="beep-2")


def written(
    narration: Narration, store: ArtifactStore, scratch: Path, style: CaptionStyle | None = None
) -> SubtitleFiles:
    return make_captions(
        narration,
        language="en",
        canvas=PORTRAIT,
        style=style or caption_style("classic"),
        store=store,
        scratch=scratch,
    )


def read(files: SubtitleFiles, store: ArtifactStore, kind: str) -> str:
    return store.path(getattr(files, kind)).read_text(encoding="utf-8")


def onsets_ms(samples: NDArray[np.int16]) -> NDArray[np.float64]:
    """When a sound begins after at least 40 ms of silence."""
    loud = np.flatnonzero(np.abs(samples) > 1000)
    first = np.concatenate(([True], np.diff(loud) > RATE * 0.04))
    return loud[first] * 1000 / RATE


def test_all_three_files_are_of_the_same_cues(store: ArtifactStore, tmp_path: Path) -> None:
    narration = narrated(WALL, "It cost $3.2bn & <b>took</b> {years} — 10:30pm, Dr. Wu said: C:\\new --> done 😀.")
    files = written(narration, store, tmp_path)
    cues = files.captions.cues
    assert [word for cue in cues for word in cue.words] == list(narration.words)
    srt = pysubs2.SSAFile.from_string(read(files, store, "srt"))
    assert [(event.start, event.end) for event in srt] == [(cue.start_ms, cue.end_ms) for cue in cues]
    texts = ["\n".join(joined(line) for line in cue.lines) for cue in cues]
    blocks = read(files, store, "srt").strip("\n").split("\n\n")
    assert [block.split("\n", 2)[2].replace(WORD_JOINER, "") for block in blocks] == texts

    vtt = read(files, store, "vtt").removeprefix("WEBVTT\n\n").strip("\n").split("\n\n")
    for block, cue, text in zip(vtt, cues, texts, strict=True):
        body = block.split("\n", 2)[2]
        plain = html.unescape(re.sub(r"<\d\d:\d\d:\d\d\.\d{3}>", "", body)).replace(WORD_JOINER, "")
        assert plain == text
        stamps = [
            sum(float(part) * scale for part, scale in zip(stamp.split(":"), (3600, 60, 1), strict=True)) * 1000
            for stamp in re.findall(r"<(\d\d:\d\d:\d\d\.\d{3})>", body)
        ]
        assert [round(stamp) for stamp in stamps] == [word.start_ms for word in cue.words[1:]]

    ass = [event for event in pysubs2.SSAFile.from_string(read(files, store, "ass")) if event.style == "Caption"]
    for cue in cues:
        own = [event for event in ass if cue.start_ms // 10 <= event.start // 10 < cue.end_ms // 10]
        assert 0 <= cue.start_ms - min(event.start for event in own) < 10
        assert 0 <= cue.end_ms - max(event.end for event in own) < 10


def test_captions_do_not_drift_in_eleven_minutes(store: ArtifactStore, tmp_path: Path) -> None:
    lines = ["Alpha bravo charlie, delta echo foxtrot golf.", "Hotel india juliet kilo lima.", "Mike november oscar."]
    script = Script(
        title="T",
        language="en",
        scenes=tuple(
            Scene(
                index=index,
                lines=tuple(SpokenLine(text=line, pause_after_ms=113) for line in lines * 4),
                estimated_ms=1000,
            )
            for index in range(34)
        ),
    )
    spoken = asyncio.run(narrate(script, OddBeeper(), None, store=store, scratch=tmp_path, progress=lambda share: None))
    narration = spoken.narration
    assert narration.duration_ms > 11 * 60_000
    sound = []
    for scene in narration.scenes:
        with wave.open(str(store.path(scene.audio))) as file:
            assert file.getnframes() == scene.frames * RATE // 30
            sound.append(np.frombuffer(file.readframes(file.getnframes()), "<i2"))
    heard = onsets_ms(np.concatenate(sound))
    files = written(narration, store, tmp_path)
    ass = pysubs2.SSAFile.from_string(read(files, store, "ass"))
    highlight = r"\1c&H3FD2FF&"
    seen = np.array(sorted(event.start for event in ass if highlight in event.text))
    assert len(seen) == len(heard) == len(narration.words) == 34 * 4 * 15
    errors = np.abs(seen - heard)
    assert errors.max() < 12  # ASS counts in hundredths of a second
    assert errors[heard > 10 * 60_000].max() < 50
    assert abs(np.median((seen - heard)[-100:]) - np.median((seen - heard)[:100])) < 5


def test_a_missing_font_stops_the_step_before_a_file_is_written(store: ArtifactStore, tmp_path: Path) -> None:
    gone = caption_style("modern").model_copy(update={"font": "Gone Sans"})
    with pytest.raises(MissingTool, match=r"Gone Sans.*There are:.*Arimo"):
        written(narrated(WALL), store, tmp_path, gone)
    assert not list(tmp_path.iterdir())


def test_a_missing_font_stops_the_renderer_too(tmp_path: Path) -> None:
    """A timeline that was planned where the font was, rendered where it is not."""
    photo = plain_photo(tmp_path / "photo.png", (40, 60, 80))
    timeline = timeline_of(tmp_path, [SceneOf(source=photo, frames=30)], canvas=Canvas(width=270, height=480))
    gone = timeline.captions.style.model_copy(update={"font": "Gone Sans"})
    captions = timeline.captions.model_copy(update={"style": gone})
    with pytest.raises(MissingTool, match=r"Gone Sans.*There are:.*Arimo"):
        render(timeline.model_copy(update={"captions": captions}), tmp_path / "scratch")
    assert not list((tmp_path / "scratch").iterdir())


def test_the_chosen_style_is_the_named_one_with_the_highlight_that_was_asked_for(tmp_path: Path) -> None:
    (tmp_path / "brand.toml").write_text(
        'font = "Anton"\nsize = 30\ncolour = "#FFFFFF"\nhighlight = "pop"\nhighlight_colour = "#FF0000"\n'
    )
    own = OwnStyles(folder=tmp_path)
    assert chosen_style("brand", None, own).highlight == "pop"
    assert chosen_style("brand", "none", own).highlight == "none"
    assert chosen_style("modern", "karaoke").highlight == "karaoke"
    with pytest.raises(InvalidInput):
        chosen_style("brand", None)
