from vidgen_pipeline.domain.artifact import Artifact
from vidgen_pipeline.domain.captions import CaptionPosition, Captions, CaptionStyle
from vidgen_pipeline.domain.directing import build_timeline
from vidgen_pipeline.domain.finished import attribution_text
from vidgen_pipeline.domain.looks import PLAIN, Look
from vidgen_pipeline.domain.media import AIClips, Attribution, MediaAsset, MediaKind, MediaSelection
from vidgen_pipeline.domain.narration import Narration, SceneNarration, Word
from vidgen_pipeline.domain.script import Scene, Script, SpokenLine
from vidgen_pipeline.domain.timeline import Canvas, Motion, Timeline, Transition

FRAMES = (91, 20, 150)


def _file(name: str) -> Artifact:
    return Artifact(key=name, sha256=name, size_bytes=1, media_type="image/jpeg")


def _asset(kind: MediaKind, name: str) -> MediaAsset:
    return MediaAsset(
        kind=kind, file=_file(name), provider="p", width=10, height=10, accent_colour="#112233",
        attribution=Attribution(title=name, author="Ann", licence="CC0-1.0"),
    )  # fmt: skip


def _timeline(*, kinds: tuple[MediaKind, ...], clips: AIClips | None = None, look: Look = PLAIN) -> Timeline:
    style = CaptionStyle(
        name="s", font="Inter", font_asked="Inter", size=20, colour="#FFFFFF", highlight_colour="#FFFF00",
        position=CaptionPosition.BOTTOM,
    )  # fmt: skip
    script = Script(
        title="T",
        language="en",
        scenes=tuple(
            Scene(index=i, lines=(SpokenLine(text=f"Line {i}."),), on_screen_text=f"Phrase {i}", estimated_ms=1000)
            for i in range(3)
        ),
    )
    narration = Narration(
        provider="p",
        voice="v",
        scenes=tuple(
            SceneNarration(
                scene_index=i,
                audio=_file(f"a{i}"),
                frames=frames,
                words=(Word(text="Line", start_ms=0, end_ms=300),),
                word_times_from="test",
            )
            for i, frames in enumerate(FRAMES)
        ),
    )
    return build_timeline(
        canvas=Canvas(width=270, height=480),
        script=script,
        narration=narration,
        media=MediaSelection(assets=tuple(_asset(kind, f"m{i}") for i, kind in enumerate(kinds))),
        clips=clips or AIClips(),
        captions=Captions(language="en", style=style, cues=()),
        music=None,
        look=look,
    )


def test_scenes_follow_each_other_without_a_gap_and_fades_take_no_time():
    timeline = _timeline(kinds=(MediaKind.PHOTO,) * 3)
    assert [scene.start_frame for scene in timeline.scenes] == [0, 91, 111]
    assert timeline.frames == sum(FRAMES)
    assert [scene.transition_frames for scene in timeline.scenes] == [0, 6, 10]


def test_stills_move_and_neighbours_move_differently_while_clips_are_left_alone():
    timeline = _timeline(kinds=(MediaKind.PHOTO, MediaKind.BACKDROP, MediaKind.CLIP))
    motions = [scene.motion for scene in timeline.scenes]
    assert motions[2] is Motion.NONE
    assert motions[0] is not motions[1]


def test_only_drawn_backdrops_carry_the_key_phrase():
    timeline = _timeline(kinds=(MediaKind.PHOTO, MediaKind.BACKDROP, MediaKind.CLIP))
    texts = [scene.on_screen_text.text if scene.on_screen_text else None for scene in timeline.scenes]
    assert texts == [None, "Phrase 1", None]


def test_a_generated_clip_stands_before_found_media():
    made = _asset(MediaKind.CLIP, "made")
    timeline = _timeline(kinds=(MediaKind.BACKDROP,) * 3, clips=AIClips(clips={1: made}))
    assert [scene.source.file.key for scene in timeline.scenes] == ["m0", "made", "m2"]
    assert timeline.scenes[1].on_screen_text is None


def test_a_look_says_how_stills_move_and_scenes_come_in_again_and_again():
    ways = (Transition.SLIDE, Transition.CUT)
    look = Look(name="mine", motions=(Motion.PAN_LEFT,), transitions=ways, transition_ms=500)
    timeline = _timeline(kinds=(MediaKind.PHOTO, MediaKind.CLIP, MediaKind.PHOTO), look=look)
    assert [scene.transition for scene in timeline.scenes] == ["cut", "slide", "cut"]
    assert [scene.transition_frames for scene in timeline.scenes] == [0, 6, 0], "a third of a short scene, and a cut"
    assert [scene.motion for scene in timeline.scenes] == ["pan_left", "none", "pan_left"]
    assert timeline.frames == sum(FRAMES)
    assert timeline.cards == ()


def test_cards_stand_at_both_ends_and_key_phrases_make_room_for_them():
    look = Look(name="mine", title_card=True, end_card=True, end_text="More on {title}", brand_colour="#AA0000")
    timeline = _timeline(kinds=(MediaKind.BACKDROP,) * 3, look=look)
    first, last = timeline.cards
    assert (first.text, first.start_frame, first.frames, first.colour) == ("T", 0, 78, "#AA0000")
    assert (last.text, last.start_frame + last.frames, last.frames) == ("More on T", sum(FRAMES), 78)
    texts = [scene.on_screen_text.text if scene.on_screen_text else None for scene in timeline.scenes]
    assert texts == [None, "Phrase 1", None]


def test_words_are_timed_from_the_start_of_the_video():
    narration = Narration(
        provider="p", voice="",
        scenes=tuple(
            SceneNarration(
                scene_index=i, audio=_file("a"), frames=30, word_times_from="test",
                words=(Word(text=str(i), start_ms=100, end_ms=200),),
            )
            for i in range(3)
        ),
    )  # fmt: skip
    assert [(word.text, word.start_ms) for word in narration.words] == [("0", 100), ("1", 1100), ("2", 2100)]


def test_the_attribution_names_everyone():
    text = attribution_text(_timeline(kinds=(MediaKind.PHOTO,) * 3), voice="hibari heart")
    assert "Scene 2: m1, by Ann, CC0-1.0" in text
    assert "hibari heart" in text


def test_the_attribution_of_a_sites_photo_has_the_words_and_links_that_sites_ask_for():
    referral = "utm_source=vidgen_pipeline&utm_medium=referral"
    credit = Attribution(
        title="Harbour",
        author="Jane Roe",
        author_url=f"https://unsplash.com/@janeroe?{referral}",
        licence="Unsplash License",
        licence_url="https://unsplash.com/license",
        source="Unsplash",
        source_url=f"https://unsplash.com?{referral}",
        page_url=f"https://unsplash.com/photos/1?{referral}",
    )
    clip = _asset(MediaKind.CLIP, "x").model_copy(update={"attribution": credit.model_copy(update={"author": ""})})
    photo = _asset(MediaKind.PHOTO, "x").model_copy(update={"attribution": credit})
    timeline = _timeline(kinds=(MediaKind.PHOTO,) * 3, clips=AIClips(clips={0: photo, 1: clip}))
    first, second = attribution_text(timeline, voice="v").splitlines()[3:5]
    assert first == (
        f"  Scene 1: Harbour, Photo by Jane Roe (https://unsplash.com/@janeroe?{referral}) on Unsplash"
        f" (https://unsplash.com?{referral}), Unsplash License (https://unsplash.com/license),"
        f" https://unsplash.com/photos/1?{referral}"
    )
    assert "Harbour, Video on Unsplash (https://unsplash.com?utm" in second
