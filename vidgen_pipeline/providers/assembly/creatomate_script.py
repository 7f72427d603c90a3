"""A timeline as Creatomate's RenderScript: flat, as its API v2 takes it. No text goes through a transcription."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vidgen_pipeline.domain.artifact import Artifact
from vidgen_pipeline.domain.captions import CaptionPosition, CaptionStyle, Cue, Highlight
from vidgen_pipeline.domain.timeline import ZOOM_FROM, Canvas, Logo, Motion, Timeline, Transition
from vidgen_pipeline.providers.assembly.hosted_layout import (
    PLATE_OPACITY,
    PLATE_ROOM,
    TITLE_WEIGHT,
    HostedShot,
    HostedTitle,
    TextBox,
    caption_box,
    caption_padding,
    hosted_shots,
    hosted_titles,
    lit_words,
    written_lines,
)
from vidgen_pipeline.providers.assembly.stills import TRAVEL
from vidgen_pipeline.subtitles.layout import px

# Elements on one track push each other where they overlap; scenes that fade into each other lie on two in turn.
_EVEN_SCENES, _ODD_SCENES, _VOICE, _MUSIC, _TITLES, _CAPTIONS, _LOGO = 1, 2, 3, 4, 5, 6, 7
_MUSIC_VOLUME = "15%"
_MUSIC_FADES = {"audio_fade_in": 0.6, "audio_fade_out": 2.5}
_FADE_IN_SECONDS = 0.25
_SLOWING = "quadratic-out"
_HEAVY_FONTS = {"Anton": 400}  # it has one weight
# What is nearest to each: of `enlarge` it is not documented that the larger word has its own colour as well.
_EFFECTS = {Highlight.WORD: "color", Highlight.KARAOKE: "karaoke", Highlight.POP: "enlarge"}


def build_script(timeline: Timeline, address_of: Callable[[Artifact], str]) -> dict[str, Any]:
    """The whole order. Elements are painted in their order, so each scene lies over the one before."""
    canvas, captions = timeline.canvas, timeline.captions
    elements = [shot_element(shot, address_of(shot.scene.source.file)) for shot in hosted_shots(timeline)]
    elements += sound_elements(timeline, address_of)
    if timeline.logo:
        elements.append(logo_element(timeline.logo, address_of(timeline.logo.file), timeline))
    elements += [title_element(title) for title in hosted_titles(timeline)]
    elements += [caption_element(cue, captions.style, captions.language, canvas) for cue in captions.cues]
    return {
        "output_format": "mp4",
        "width": canvas.width,
        "height": canvas.height,
        "frame_rate": canvas.fps,
        "duration": timeline.frames / canvas.fps,
        "fill_color": "#000000",
        "elements": elements,
    }


def shot_element(shot: HostedShot, address: str) -> dict[str, Any]:
    """A scene's picture, filling the canvas."""
    element: dict[str, Any] = {
        "name": f"Scene-{shot.scene.index + 1}",
        "track": _ODD_SCENES if shot.scene.index % 2 else _EVEN_SCENES,
        "time": shot.start,
        "duration": shot.seconds,
        "width": "100%",
        "height": "100%",
        **_picture(shot, address),
    }
    animations = _motion(shot)
    if shot.transition in {Transition.CROSSFADE, Transition.ZOOM}:
        animations.append({"type": "fade", "time": "start", "duration": shot.fade_seconds, "easing": "linear"})
    if shot.transition is Transition.ZOOM:
        size = {"start_scale": f"{ZOOM_FROM:.0%}", "end_scale": "100%", "fade": False}
        animations.append({"type": "scale", **size, "time": "start", "duration": shot.fade_seconds, "easing": _SLOWING})
    if shot.transition is Transition.SLIDE:
        arrived = {"time": f"{shot.fade_seconds:.6f} s", "value": "50%", "easing": _SLOWING}
        element["x"] = [{"time": "0 s", "value": "150%"}, arrived]
    return element | ({"animations": animations} if animations else {})


def _picture(shot: HostedShot, address: str) -> dict[str, Any]:
    """What is seen. Cut around another place than its middle, it stands whole behind the frame of a composition."""
    picture: dict[str, Any] = {"type": "video" if shot.is_clip else "image", "source": address, "fit": "cover"}
    if shot.is_clip:
        picture["volume"] = "0%"
        if shot.clip_seconds is not None and shot.clip_seconds < shot.seconds:
            picture["loop"] = True
    if (behind := shot.covering) is None:
        return picture
    place = {
        "x": f"{50 + 100 * behind.right:.4f}%",
        "y": f"{50 + 100 * behind.down:.4f}%",
        "width": f"{100 * behind.width:.4f}%",
        "height": f"{100 * behind.height:.4f}%",
    }
    inside = {**picture, "track": 1, "time": 0, "duration": shot.seconds, **place}
    return {"type": "composition", "clip": True, "elements": [inside]}


def logo_element(logo: Logo, address: str, timeline: Timeline) -> dict[str, Any]:
    """The logo, for the whole video."""
    box = logo.box(timeline.canvas)
    return {
        "name": "Logo",
        "type": "image",
        "track": _LOGO,
        "time": 0,
        "duration": timeline.frames / timeline.canvas.fps,
        "source": address,
        "x": box.left,
        "y": box.top,
        "width": box.width,
        "height": box.height,
        "x_anchor": "0%",
        "y_anchor": "0%",
        "fit": "contain",
        "opacity": f"{logo.opacity:.0%}",
    }


def sound_elements(timeline: Timeline, address_of: Callable[[Artifact], str]) -> list[dict[str, Any]]:
    """Each scene's narration where the scene starts, and the music under all of it."""
    fps = timeline.canvas.fps
    elements: list[dict[str, Any]] = [
        {
            "name": f"Voice-{scene.index + 1}",
            "type": "audio",
            "track": _VOICE,
            "time": scene.start_frame / fps,
            "duration": scene.frames / fps,
            "source": address_of(scene.narration),
            "volume": "100%",
        }
        for scene in timeline.scenes
    ]
    if timeline.music:
        elements.append(
            {
                "name": "Music",
                "type": "audio",
                "track": _MUSIC,
                "time": 0,
                "duration": timeline.frames / fps,
                "source": address_of(timeline.music.file),
                "loop": True,
                "volume": _MUSIC_VOLUME,
                **_MUSIC_FADES,
            }
        )
    return elements


def title_element(title: HostedTitle) -> dict[str, Any]:
    """A scene's key phrase, or a card."""
    plate = {}
    if title.plate_colour:
        room = f"{PLATE_ROOM:.0%}"
        plate = {"background_color": _translucent(title.plate_colour, PLATE_OPACITY), "background_x_padding": room}
    return {
        "type": "text",
        "track": _TITLES,
        "time": title.start,
        "duration": title.seconds,
        "text": title.text,
        **_boxed(title.box, x_alignment="100%" if title.from_the_right else "0%", y_alignment="0%"),
        "font_family": "Inter",
        "font_weight": str(TITLE_WEIGHT),
        "line_height": f"{title.line_height:.0%}",
        "fill_color": title.colour,
        **plate,
        "animations": [{"type": "fade", "time": "start", "duration": _FADE_IN_SECONDS}],
    }


def caption_element(cue: Cue, style: CaptionStyle, language: str, canvas: Canvas) -> dict[str, Any]:
    """One cue for its own time: all of its words seen, the spoken one as the style shows it."""
    box = caption_box(canvas, style)
    element: dict[str, Any] = {
        "type": "text",
        "track": _CAPTIONS,
        "time": cue.start_ms / 1000,
        "duration": (cue.end_ms - cue.start_ms) / 1000,
        **_spoken(cue, style, language),
        **_boxed(
            box,
            x_alignment="50%",
            y_alignment="100%" if style.position is CaptionPosition.BOTTOM else "50%",
        ),
        "font_family": style.font,
        "font_weight": str(_HEAVY_FONTS.get(style.font, 700 if style.bold else 400)),
        "fill_color": style.colour,
    }
    if style.outline_colour:
        element |= {"stroke_color": style.outline_colour, "stroke_width": round(px(style.outline_width, canvas), 2)}
    if style.background_colour:
        element |= {
            "background_color": _translucent(style.background_colour, style.background_opacity),
            "background_x_padding": f"{caption_padding(canvas, style) / box.em:.0%}",
        }
    return element


def _spoken(cue: Cue, style: CaptionStyle, language: str) -> dict[str, Any]:
    """The cue's text: as plain lines where no word stands out, else word by word, each with its time."""
    if style.highlight is Highlight.NONE:
        return {"text": "\n".join(written_lines(cue, style, language))}
    return {
        "transcript_source": [
            {
                "time": (word.start_ms - cue.start_ms) / 1000,
                "duration": (word.end_ms - word.start_ms) / 1000,
                "value": word.text,
                "sentence": 1,
            }
            for word in lit_words(cue, style, language)
        ],
        "transcript_effect": _EFFECTS[style.highlight],
        "transcript_split": "word",
        "transcript_placement": "static",
        "transcript_color": style.highlight_colour,
    }


def _translucent(colour: str, opacity: float) -> str:
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity:g})"


def _boxed(box: TextBox, *, x_alignment: str, y_alignment: str) -> dict[str, Any]:
    """A place on the canvas by its upper left corner; the alignments are of the text in it."""
    return {
        "x": round(box.left, 2),
        "y": round(box.top, 2),
        "width": round(box.width, 2),
        "height": round(box.height, 2),
        "x_anchor": "0%",
        "y_anchor": "0%",
        "x_alignment": x_alignment,
        "y_alignment": y_alignment,
        "font_size": round(box.em, 2),
    }


def _motion(shot: HostedShot) -> list[dict[str, Any]]:
    """How a still moves. A pan's 0% shows the picture's left edge and 100% its right one."""
    near = f"{100 + 100 * TRAVEL:g}%"
    level = {"start_y": "50%", "end_y": "50%", "start_scale": near, "end_scale": near}
    ways: dict[Motion, dict[str, Any]] = {
        Motion.ZOOM_IN: {"type": "scale", "start_scale": "100%", "end_scale": near, "fade": False},
        Motion.ZOOM_OUT: {"type": "scale", "start_scale": near, "end_scale": "100%", "fade": False},
        Motion.PAN_RIGHT: {"type": "pan", "start_x": "0%", "end_x": "100%", **level},
        Motion.PAN_LEFT: {"type": "pan", "start_x": "100%", "end_x": "0%", **level},
    }
    way = ways.get(shot.scene.motion)
    return [{**way, "scope": "element", "time": "start", "duration": shot.seconds, "easing": "linear"}] if way else []
