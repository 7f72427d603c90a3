"""The judge itself: what it takes, what it refuses, and that it says where a type is open."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, Required

import pytest
from pydantic import BaseModel, ConfigDict
from typing_extensions import TypedDict

from vidgen_pipeline_tests.providers.typed_clients.judging import Judge, arguments_of, unknown_fields


class Settings(BaseModel):
    model_config = ConfigDict(extra="allow")

    speed: float = 1.0


class Part(TypedDict, total=False):
    kind: Required[Literal["text", "picture"]]
    text: str


class Body(TypedDict, total=False):
    parts: Required[Iterable[Part]]
    settings: Settings
    labels: dict[str, Any]


BODY = {"parts": [{"kind": "text", "text": "Rain"}, {"kind": "picture"}], "settings": {"speed": 1}, "labels": {"a": 1}}
WRONG: list[dict[str, Any]] = [
    {"parts": [{"kind": "sound"}]},
    {"parts": [{"kind": "text", "text": 7}]},
    {"parts": [{"kind": "text"}, {"kind": "text", "txt": "Rain"}]},
    {"settings": {"speed": "1"}},
    {"settings": {"sped": 1}},
    {"label": {}},
]


@pytest.mark.parametrize("change", WRONG, ids=str)
def test_a_body_is_taken_only_as_the_type_has_it(change: dict[str, Any]):
    judge = Judge(Body)
    assert judge.takes(BODY)
    assert not judge.takes({**BODY, **change})
    assert not judge.takes({"labels": {}})


def test_the_places_of_which_a_type_says_nothing_are_to_be_named():
    judge = Judge(Body)
    judge.check_sent(BODY, free=("labels",))
    with pytest.raises(AssertionError, match=r"labels\.field_of_ours.*labels\.a"):
        judge.check_sent(BODY)


def test_a_methods_arguments_are_a_type():
    def convert(self: Any, voice: str, *, text: str, speed: float | None = None, request_options: Any = None) -> None:
        del self, voice, text, speed, request_options

    judge = Judge(arguments_of(convert, "voice"))
    assert judge.takes({"text": "Rain", "speed": 1.5})
    assert not judge.takes({"speed": 1.5})
    assert not judge.takes({"text": "Rain", "voice": "coral"})
    assert not judge.takes({"text": "Rain", "request_options": {}})


def test_what_an_answer_has_beyond_its_type_is_found_at_any_depth():
    class Answer(BaseModel):
        model_config = ConfigDict(extra="allow")

        settings: list[Settings]

    answer = Answer.model_validate({"settings": [{"speed": 1}, {"sped": 1}], "more": 1})
    assert unknown_fields(answer) == [".more", ".settings.1.sped"]
