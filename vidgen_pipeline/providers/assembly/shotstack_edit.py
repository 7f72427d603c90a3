"""A timeline as Shotstack's `Edit`: each scene on a track of its own, the later above the earlier."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vidgen_pipeline.domain.captions import CaptionPosition, Captions, CaptionStyle, Highlight
from vidgen_pipeline.domain.errors import ProviderUnavailable
from vidgen_pipeline.domain.timeline import ZOOM_FROM, Canvas, Logo, Motion, Timeline, Transition
from vidgen_pipeline.providers.assembly.cropping import Covering
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
)
from vidgen_pipeline.providers.assembly.stills import TRAVEL
from vidgen_pipeline.subtitles.layout import caption_fonts, px

SOUND, CAPTIONS = "sound", "captions"
"""Names of the two files that are made for a video; the others go by their artifact's key."""

_BUILT_IN_FONTS = {"Arimo": "Open Sans", "Inter": "Work Sans", "Anton": "Montserrat", "Roboto": "Roboto"}
_DRAWN_EVERYWHERE = {"Noto Emoji", "Noto Sans"}
_HEAVY_FONTS = {"Anton": 900}
_ZOOMS = {Motion.ZOOM_IN: "zoomIn", Motion.ZOOM_OUT: "zoomOut"}
_FADE_IN_SECONDS = 0.25
_BOX_RADIUS = 0.30  # em
_ANIMATIONS = {
    Highlight.NONE: "none",
    Highlight.WORD: "highlight",
    Highlight.KARAOKE: "karaoke",
    Highlight.POP: "pop",
}


def build_edit(timeline: Timeline, addresses: Mapping[str, str], *, quality: str) -> dict[str, Any]:
    """The whole order: what is seen and heard when, and the file that is wanted. `addresses` are the files' by name."""
    canvas = timeline.canvas
    seconds = timeline.frames / canvas.fps
    tracks = [[caption_clip(timeline, addresses[CAPTIONS], seconds)]] if timeline.captions.cues else []
    if titles := hosted_titles(timeline):
        tracks.append([title_clip(title, canvas) for title in titles])
    if timeline.logo:
        tracks.append([logo_clip(timeline.logo, addresses[timeline.logo.file.key], canvas, seconds)])
    tracks += [shot_clips(shot, addresses[shot.scene.source.file.key]) for shot in reversed(hosted_shots(timeline))]
    sound = {"type": "audio", "src": addresses[SOUND], "volume": 1}
    tracks.append([{"asset": sound, "start": 0, "length": seconds}])
    return {
        "timeline": {"background": "#000000", "tracks": [{"clips": clips} for clips in tracks]},
        "output": {
            "format": "mp4",
            "size": {"width": canvas.width, "height": canvas.height},
            "fps": canvas.fps,
            "quality": quality,
            # Else a copy of the video stays on their network for good.
            "destinations": [{"provider": "shotstack", "exclude": True}],
        },
    }


def shot_clips(shot: HostedShot, address: str) -> list[dict[str, Any]]:
    """A scene's picture: one clip, or as many as a video that is too short for its scene has to be played."""
    if not shot.is_clip:
        return [{"asset": {"type": "image", "src": address}, **_placed(shot, 0, shot.seconds), **_moved(shot, 0)}]
    asset: dict[str, Any] = {"type": "video", "src": address, "volume": 0}
    if shot.speed != 1:
        asset["speed"] = shot.speed
    length = (shot.clip_seconds or shot.seconds) / shot.speed
    starts = [number * length for number in range(shot.plays)]
    ends = [*starts[1:], shot.seconds]
    return [
        {"asset": asset, **_placed(shot, start, end - start), **_moved(shot, start)}
        for start, end in zip(starts, ends, strict=True)
    ]


def logo_clip(logo: Logo, address: str, canvas: Canvas, seconds: float) -> dict[str, Any]:
    """The logo, for the whole video."""
    box = logo.box(canvas)
    return {
        "asset": {"type": "image", "src": address},
        "start": 0,
        "length": seconds,
        "width": box.width,
        "height": box.height,
        "fit": "contain",
        "position": "topLeft",
        "offset": {"x": round(box.left / canvas.width, 4), "y": round(-box.top / canvas.height, 4)},
        "opacity": logo.opacity,
    }


def caption_clip(timeline: Timeline, address: str, seconds: float) -> dict[str, Any]:
    """The captions, from a WebVTT file with the words' times: all words seen, the spoken one as the style shows it."""
    canvas, captions = timeline.canvas, timeline.captions
    style, box = captions.style, caption_box(canvas, captions.style)
    at_bottom = style.position is CaptionPosition.BOTTOM
    asset: dict[str, Any] = {
        "type": "rich-caption",
        "src": address,
        "font": {
            "family": caption_family(captions),
            "size": round(box.em),
            "weight": _HEAVY_FONTS.get(style.font, 700 if style.bold else 400),
            "color": style.colour,
        },
        "align": {"horizontal": "center", "vertical": "bottom" if at_bottom else "middle"},
        "animation": {"style": _ANIMATIONS[style.highlight]},
        **_caption_dress(style, canvas, box),
    }
    if style.highlight is not Highlight.NONE:
        asset["active"] = {"font": {"color": style.highlight_colour}}
    if at_bottom:
        place = {"position": "bottom", "offset": {"x": 0, "y": round(1 - box.bottom / canvas.height, 4)}}
    else:
        place = {
            "position": "center",
            "offset": {"x": 0, "y": round(0.5 - (box.top + box.height / 2) / canvas.height, 4)},
        }
    return {"asset": asset, "start": 0, "length": seconds, **_sized(box), **place}


def caption_family(captions: Captions) -> str:
    """Of the fonts that Shotstack has, the nearest to the style's. Raises ProviderUnavailable where none will do."""
    fonts = caption_fonts(captions)
    if foreign := fonts - _DRAWN_EVERYWHERE - {captions.style.font}:
        raise ProviderUnavailable(
            f"Shotstack has no font for the letters of these captions (we draw them in {', '.join(sorted(foreign))}).",
            remedy="Choose another assembly provider, such as ffmpeg.",
            provider="shotstack",
        )
    return "Open Sans" if "Noto Sans" in fonts else _BUILT_IN_FONTS.get(captions.style.font, "Open Sans")


def title_clip(title: HostedTitle, canvas: Canvas) -> dict[str, Any]:
    """A scene's key phrase, or a card."""
    side, x = ("Right", title.box.width - canvas.width) if title.from_the_right else ("Left", title.box.left)
    plate = {}
    if title.plate_colour:
        room = round(PLATE_ROOM * title.box.em)
        look = {"color": title.plate_colour, "opacity": PLATE_OPACITY, "borderRadius": room, "wrap": True}
        plate = {"background": {**look, "padding": room}}
    return {
        "asset": {
            "type": "rich-text",
            "text": title.text,
            "font": {
                "family": _BUILT_IN_FONTS["Inter"],
                "size": round(title.box.em),
                "weight": TITLE_WEIGHT,
                "color": title.colour,
            },
            **plate,
            "style": {"lineHeight": round(title.line_height, 3)},
            "align": {"horizontal": side.lower(), "vertical": "top"},
            "animation": {"preset": "fadeIn", "duration": _FADE_IN_SECONDS},
        },
        "start": title.start,
        "length": title.seconds,
        **_sized(title.box),
        "position": f"top{side}",
        "offset": {"x": round(x / canvas.width, 4), "y": round(-title.box.top / canvas.height, 4)},
    }


def _placed(shot: HostedShot, after: float, seconds: float) -> dict[str, Any]:
    """When a clip is seen. One that is cut around another place than its middle is made to fill by its scale."""
    clip: dict[str, Any] = {
        "start": shot.start + after,
        "length": seconds,
        "fit": "contain" if _behind(shot) else "crop",
    }
    if shot.transition in {Transition.CROSSFADE, Transition.ZOOM} and not after:
        clip["opacity"] = [_tween(0, 1, shot.fade_seconds)]
    return clip


def _moved(shot: HostedShot, after: float) -> dict[str, Any]:
    """How a still moves, and how it or a clip comes in. A camera that pans right lets its picture move to the left."""
    motion, arrives = shot.scene.motion, Transition.CUT if after else shot.transition
    pans = motion in {Motion.PAN_LEFT, Motion.PAN_RIGHT}
    edge = TRAVEL / 2 * (pans and (1 if motion is Motion.PAN_RIGHT else -1))
    moved: dict[str, Any] = {"effect": _ZOOMS[motion]} if motion in _ZOOMS else {}
    if behind := _behind(shot):
        return moved | _moved_behind(behind, arrives, shot.fade_seconds)
    size = 1 + TRAVEL if pans else 1.0
    if arrives is Transition.ZOOM:
        moved["scale"] = [_tween(ZOOM_FROM * size, size, shot.fade_seconds, slowing=True)]
    elif pans:
        moved["scale"] = size
    across = [_tween(edge, -edge, shot.seconds)] if pans else []
    if arrives is Transition.SLIDE:
        there = edge * (1 - 2 * shot.fade_seconds / shot.seconds)
        across = [_tween(1 + edge, there, shot.fade_seconds, slowing=True)]
        if pans:
            across.append(_tween(there, -edge, shot.seconds - shot.fade_seconds, start=shot.fade_seconds))
    return moved | ({"offset": {"x": across, "y": 0}} if across else {})


def _behind(shot: HostedShot) -> Covering | None:
    """Only for clips: stills are cut before they are uploaded."""
    return shot.covering if shot.is_clip else None


def _moved_behind(behind: Covering, arrives: Transition, seconds: float) -> dict[str, Any]:
    """Where a clip stands that reaches beyond the canvas, and how it comes in; where it slides, from wholly outside."""
    size = max(behind.width, behind.height)
    across, down = behind.right, -behind.down
    if arrives is Transition.ZOOM:
        ways = [[_tween(ZOOM_FROM * length, length, seconds, slowing=True)] for length in (size, across, down)]
        return {"scale": ways[0], "offset": {"x": ways[1], "y": ways[2]}}
    if arrives is Transition.SLIDE:
        outside = 0.5 + behind.width / 2
        return {"scale": size, "offset": {"x": [_tween(outside, across, seconds, slowing=True)], "y": down}}
    return {"scale": size, "offset": {"x": across, "y": down}}


def _tween(origin: float, to: float, seconds: float, *, start: float = 0, slowing: bool = False) -> dict[str, Any]:
    way = {"interpolation": "bezier", "easing": "easeOutQuad"} if slowing else {"interpolation": "linear"}
    return {"from": origin, "to": to, "start": start, "length": seconds, **way}


def _sized(box: TextBox) -> dict[str, Any]:
    return {"width": round(box.width), "height": round(box.height), "fit": "none"}


def _caption_dress(style: CaptionStyle, canvas: Canvas, box: TextBox) -> dict[str, Any]:
    """What a style draws around its letters, and their case."""
    dress: dict[str, Any] = {}
    if style.uppercase:
        dress["style"] = {"textTransform": "uppercase"}
    if style.outline_colour:
        dress["stroke"] = {"width": round(px(style.outline_width, canvas), 1), "color": style.outline_colour}
    if style.background_colour:
        dress["background"] = {
            "color": style.background_colour,
            "opacity": style.background_opacity,
            "borderRadius": round(_BOX_RADIUS * box.em),
            "wrap": True,
            "padding": round(caption_padding(canvas, style)),
        }
    return dress
