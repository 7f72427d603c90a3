"""Engines that work, hang, die and talk nonsense: real processes, and what becomes of them."""

from __future__ import annotations

import asyncio
import io
import json
import sys
from collections.abc import Callable, Iterator, Sequence

import pytest

from vidgen_pipeline.providers.voice.sound import Span
from vidgen_pipeline.providers.voice.word_timers.chain import CannotTime, HeardLine
from vidgen_pipeline.providers.voice.word_timers.engine_process import EngineProcess
from vidgen_pipeline.providers.voice.word_timers.serving import DoesNotFit, answer_all, resampled

LINE = HeardLine("one two", "en", bytes(400_000), 24_000)  # far more than a pipe holds
HANGS = "import time; time.sleep(600)"
DIES = "import sys; sys.stdin.buffer.read(10)"
BABBLES = "import sys; sys.stdin.buffer.readline(); print('ready!', flush=True); sys.stdin.buffer.read()"
# Answers with the number of questions so far, and the bytes it was given.
COUNTS = """
import json, sys
for number, header in enumerate(sys.stdin.buffer):
    size = len(sys.stdin.buffer.read(json.loads(header)["bytes"]))
    print(json.dumps({"spans": [[number, size], None]}), flush=True)
"""
SECONDS = 60.0  # for what does not hang; never reached


@pytest.fixture
def engine_of() -> Iterator[Callable[[str], EngineProcess]]:
    made: list[EngineProcess] = []

    def make(program: str) -> EngineProcess:
        made.append(EngineProcess([sys.executable, "-I", "-c", program]))
        return made[-1]

    yield make
    for engine in made:
        engine.stop()


def ask(engine: EngineProcess, seconds: float = SECONDS) -> list[Span | None]:
    return asyncio.run(engine.spans(LINE, seconds))


def test_one_process_answers_every_question(engine_of: Callable[[str], EngineProcess]):
    engine = engine_of(COUNTS)
    assert [ask(engine) for _ in range(3)] == [[Span(number, 400_000), None] for number in range(3)]


def test_questions_from_two_tasks_do_not_mix(engine_of: Callable[[str], EngineProcess]):
    engine = engine_of(COUNTS)

    async def both() -> list[list[Span | None]]:
        return await asyncio.gather(*(engine.spans(LINE, SECONDS) for _ in range(4)))

    assert sorted(span.start_ms for spans in asyncio.run(both()) for span in spans if span) == [0, 1, 2, 3]


def test_one_that_hangs_is_stopped_and_the_loop_goes_on_meanwhile(engine_of: Callable[[str], EngineProcess]):
    engine = engine_of(HANGS)
    told: list[str] = []

    async def wait_for_it() -> None:
        with pytest.raises(CannotTime, match="did not finish within"):
            await engine.spans(LINE, 0.5)
        told.append("stopped")

    async def something_else() -> None:
        for _ in range(10):
            await asyncio.sleep(0)
        told.append("went on")

    async def both() -> None:
        await asyncio.gather(wait_for_it(), something_else())

    asyncio.run(both())
    assert told == ["went on", "stopped"]
    assert engine._process is None


@pytest.mark.parametrize(("program", "reason"), [
    (DIES, "stopped in the middle of its work"),
    (BABBLES, "answered something else"),
    ("import no_such_module", "stopped in the middle of its work"),
])  # fmt: skip
def test_one_that_fails_twice_in_a_row_is_given_up(
    engine_of: Callable[[str], EngineProcess], program: str, reason: str
):
    engine = engine_of(program)
    for _ in range(2):
        with pytest.raises(CannotTime, match=reason):
            ask(engine)
    with pytest.raises(CannotTime, match="given up"):
        ask(engine)


def test_one_that_cannot_be_started_is_an_ordinary_failure():
    with pytest.raises(CannotTime, match="could not be started"):
        ask(EngineProcess(["/no/such/program"]))


def test_one_that_died_between_questions_is_started_again(engine_of: Callable[[str], EngineProcess]):
    engine = engine_of(COUNTS)
    ask(engine)
    assert engine._process is not None
    engine._process.kill()
    engine._process.wait()
    assert ask(engine) == [Span(0, 400_000), None]


def test_a_cancelled_question_ends_the_process_and_counts_as_no_failure(engine_of: Callable[[str], EngineProcess]):
    engine = engine_of(HANGS)

    async def ask_and_leave() -> None:
        asking = asyncio.create_task(engine.spans(LINE, SECONDS))
        while engine._process is None:  # noqa: ASYNC110 - a process sets no event
            await asyncio.sleep(0.01)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking

    for _ in range(3):
        asyncio.run(ask_and_leave())  # returns when its threads have ended
        assert engine._process is None
    assert engine._failures == 0


def test_questions_are_answered_until_there_are_no_more():
    def align(text: str, language: str, pcm: bytes) -> Sequence[Span | None]:
        if language != "en":
            raise DoesNotFit(f"does not know '{language}'")
        return [Span(0, len(pcm) / 32), None]

    questions = b"".join(
        json.dumps({"text": "a b", "language": language, "rate": 48_000, "bytes": 96_000}).encode()
        + b"\n"
        + b"\n" * 96_000
        for language in ("en", "xx", "en")
    )
    answers = io.BytesIO()
    answer_all(align, io.BytesIO(questions), answers)
    first, second, third = map(json.loads, answers.getvalue().splitlines())
    assert first == third
    assert first["spans"][0] == [0, pytest.approx(1000, abs=5)]
    assert second == {"error": "does not know 'xx'"}


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 24_000, 48_000])
def test_resampled_sound_lasts_as_long(rate: int):
    assert len(resampled(bytes(2 * rate), rate)) == pytest.approx(32_000, abs=64)
