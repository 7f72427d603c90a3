import pytest

from vidgen_pipeline.domain.artifact import Artifact
from vidgen_pipeline.domain.media import AIClips, Attribution, MediaAsset, MediaKind
from vidgen_pipeline.domain.script import SpokenLine
from vidgen_pipeline.domain.video import Step
from vidgen_pipeline.services.inputs import artifacts_in, inputs_hash


def test_order_of_names_does_not_matter_but_every_value_does():
    line = SpokenLine(text="Hello.")
    same = inputs_hash(Step.VOICE, {"a": 1, "lines": [line]})
    assert same == inputs_hash(Step.VOICE, {"lines": [line], "a": 1})
    assert same != inputs_hash(Step.MEDIA, {"a": 1, "lines": [line]})
    assert same != inputs_hash(Step.VOICE, {"a": 2, "lines": [line]})
    assert same != inputs_hash(Step.VOICE, {"a": 1, "lines": [SpokenLine(text="Hello.", pause_after_ms=1)]})


def test_a_value_without_a_stable_form_is_refused():
    with pytest.raises(TypeError, match="object can't be an input"):
        inputs_hash(Step.VOICE, {"a": object()})


def test_artifacts_are_found_however_deep():
    file = Artifact(key="ab/x", sha256="x", size_bytes=1, media_type="video/mp4")
    asset = MediaAsset(
        kind=MediaKind.CLIP, file=file, provider="p", width=1, height=1, attribution=Attribution(title="t")
    )
    assert list(artifacts_in(AIClips(clips={3: asset}))) == [file]
