"""Put a video together from what the steps made, in the manner of its look."""

from __future__ import annotations

from vidgen_pipeline.domain.captions import Captions
from vidgen_pipeline.domain.looks import PLAIN, TITLE_IN_TEXT, Look
from vidgen_pipeline.domain.media import AIClips, MediaAsset, MediaKind, MediaSelection
from vidgen_pipeline.domain.narration import Narration
from vidgen_pipeline.domain.script import Scene, Script
from vidgen_pipeline.domain.timeline import (
    Canvas,
    Card,
    Logo,
    Motion,
    Music,
    OnScreenText,
    Timeline,
    TimelineScene,
    Transition,
)
from vidgen_pipeline.domain.video import VoiceCleanUp

CARD_SECONDS = 2.6
"""How long a card is seen at most. In a short video each takes no more than a third of it."""

_PLATE = "#14171C"


def build_timeline(
    *,
    canvas: Canvas,
    script: Script,
    narration: Narration,
    media: MediaSelection,
    clips: AIClips,
    captions: Captions,
    music: Music | None,
    voice_clean_up: VoiceCleanUp = VoiceCleanUp.NONE,
    look: Look = PLAIN,
    logo: Logo | None = None,
) -> Timeline:
    """The finished video. Scene by scene, a generated clip stands before found media."""
    frames = sum(speech.frames for speech in narration.scenes)
    cards = _cards(look, script.title, frames, canvas.fps)
    scenes = []
    for scene, speech, start_frame, found in zip(
        script.scenes, narration.scenes, narration.start_frames, media.assets, strict=True
    ):
        source = clips.clips.get(scene.index, found)
        transition = look.transitions[(scene.index - 1) % len(look.transitions)] if scene.index else Transition.CUT
        carded = any(
            card.start_frame < start_frame + speech.frames and start_frame < card.start_frame + card.frames
            for card in cards
        )
        scenes.append(
            TimelineScene(
                index=scene.index,
                start_frame=start_frame,
                frames=speech.frames,
                source=source,
                motion=Motion.NONE if source.kind is MediaKind.CLIP else look.motions[scene.index % len(look.motions)],
                transition=transition,
                transition_frames=_transition_frames(transition, look, speech.frames, canvas.fps),
                narration=speech.audio,
                on_screen_text=None if carded else _on_screen_text(scene, source),
            )
        )
    return Timeline(
        title=script.title,
        language=script.language,
        canvas=canvas,
        scenes=tuple(scenes),
        captions=captions,
        music=music,
        voice_clean_up=voice_clean_up,
        cards=cards,
        logo=logo,
    )


def _transition_frames(transition: Transition, look: Look, scene_frames: int, fps: int) -> int:
    if transition is Transition.CUT:
        return 0
    # A short scene still shows both of its ends unblended.
    return min(round(look.transition_ms * fps / 1000), scene_frames // 3)


def _cards(look: Look, title: str, frames: int, fps: int) -> tuple[Card, ...]:
    """The cards stand where the video begins and ends; words are spoken under them all the same."""
    shown = max(1, min(round(CARD_SECONDS * fps), frames // 3))
    colour = look.brand_colour or _PLATE
    cards = []
    if look.title_card:
        cards.append(Card(text=title, start_frame=0, frames=shown, colour=colour))
    if look.end_card:
        text = look.end_text.replace(TITLE_IN_TEXT, title)
        cards.append(Card(text=text, start_frame=frames - shown, frames=shown, colour=colour))
    return tuple(cards)


def _on_screen_text(scene: Scene, source: MediaAsset) -> OnScreenText | None:
    """The scene's key phrase where the picture has room for it: on a drawn backdrop. Set like a headline."""
    if source.kind is not MediaKind.BACKDROP or not scene.on_screen_text:
        return None
    phrase = scene.on_screen_text[0].upper() + scene.on_screen_text[1:]
    return OnScreenText(text=phrase, accent_colour=source.accent_colour or "#FFFFFF")
