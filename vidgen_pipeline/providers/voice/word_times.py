"""From spoken stretches to the script's words: led back, kept in order, fitted to what is heard.

A voice that gives times hands over a stretch per word, or None where it says nothing for one. A voice that gives none
is listened to: its speech is parted at its silences, and each part shared out among its words by their length.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate, islice, pairwise
from statistics import median

from vidgen_pipeline.domain.narration import Word
from vidgen_pipeline.providers.voice.pause_matching import Clause, match_clauses
from vidgen_pipeline.providers.voice.script_words import ScriptWord, clauses, letter_positions, script_words
from vidgen_pipeline.providers.voice.sound import Span, duration_ms, from_pcm, speech_spans
from vidgen_pipeline.providers.voice.spoken_length import length_as_written, spoken_lengths

FROM_SOUND = "estimated from silences and word lengths"

_LEAST_SLOT_MS = 120.0  # to be seen, a word that is not heard takes this from the word before it
_EDGE_MS = 120.0  # how far a word's edge may lie inside a pause and still be the edge of that pause
_REST_MS = 150.0  # a silence this long parts words; shorter ones are also within them


def words_from_sound(text: str, language: str, pcm: bytes, sample_rate: int) -> tuple[Word, ...]:
    """The words of `text` with times found in 16-bit mono speech that came with none. Any language.

    Good to about a tenth of a second where the reader pauses at punctuation. Raises InvalidInput when nothing is said.
    """
    words = script_words(text, language, letter_positions(text))
    samples = from_pcm(pcm)
    total = duration_ms(samples, sample_rate)
    speech = speech_spans(samples, sample_rate) or [Span(0, total)]
    return timed_words(words, proportional_spans(words, speech, language), speech, total)


def timed_words(
    words: Sequence[ScriptWord], spans: Sequence[Span | None], speech: Sequence[Span], total_ms: float
) -> tuple[Word, ...]:
    """The words with times: in order, inside the audio, none in a silence. Where `spans` holds None a slot is found."""
    fitted = fit_to_speech(_fill_gaps(_in_order(spans, total_ms), words, total_ms), speech)
    times: list[Word] = []
    earliest, latest = 0, int(total_ms)
    for index, (word, span) in enumerate(zip(words, fitted, strict=True)):
        still_to_come = len(words) - 1 - index
        start = min(max(round(span.start_ms), earliest), max(latest - 1 - still_to_come, earliest))
        end = min(max(round(span.end_ms), start + 1), max(latest - still_to_come, start))
        times.append(
            Word(
                text=word.text,
                start_ms=start,
                end_ms=end,
                sentence_end=word.sentence_end,
                space_after=word.space_after,
            )
        )
        earliest = end
    return tuple(times)


def onset_error_ms(spans: Sequence[Span | None], speech: Sequence[Span]) -> int | None:
    """How far a voice's own times are from what is heard, in ms: the median distance from a sound after a pause.

    To be asked before the times are fitted to the sound. None when there is nothing to judge by.
    """
    starts = [span.start_ms for span in spans if span is not None]
    onsets = [*speech[:1], *(later for sooner, later in pairwise(speech) if later.start_ms - sooner.end_ms >= _REST_MS)]
    if not starts or not onsets:
        return None
    return round(median(min(abs(start - onset.start_ms) for start in starts) for onset in onsets))


def proportional_spans(words: Sequence[ScriptWord], speech: Sequence[Span], language: str) -> list[Span]:
    """A stretch for each word: clauses are matched to the stretches of speech, then shared out by word length."""
    parts = clauses(words)
    lengths = spoken_lengths([word.text for word in words], language)
    weighed = [Clause(sum(lengths[index] for index in part), words[part[-1]].sentence_end) for part in parts]
    spans: list[Span] = []
    for match in match_clauses(weighed, speech):
        together = [lengths[index] for clause in match.clauses for index in parts[clause]]
        spans += _share(together, speech[match.stretches.start : match.stretches.stop])
    return spans


def share_span(texts: Sequence[str], span: Span) -> list[Span]:
    """One stretch shared out among texts by their length."""
    return _shared([length_as_written(text) for text in texts], span)


def _shared(lengths: Sequence[float], span: Span) -> list[Span]:
    edges = [0.0, *accumulate(lengths)]
    scale = span.duration_ms / edges[-1]
    return [Span(span.start_ms + left * scale, span.start_ms + right * scale) for left, right in pairwise(edges)]


def _in_order(spans: Sequence[Span | None], total_ms: float) -> list[Span | None]:
    ordered: list[Span | None] = []
    earliest = 0.0
    for span in spans:
        if span is None:
            ordered.append(None)
            continue
        start = min(max(span.start_ms, earliest), total_ms)
        end = min(max(span.end_ms, start), total_ms)
        ordered.append(Span(start, end))
        earliest = end
    return ordered


def _fill_gaps(spans: Sequence[Span | None], words: Sequence[ScriptWord], total_ms: float) -> list[Span]:
    """A slot for every word that has none: the pause it stands in, and some of a neighbour's time if that is short."""
    filled = list(spans)
    index = 0
    while index < len(filled):
        if filled[index] is not None:
            index += 1
            continue
        end = next((at for at in range(index, len(filled)) if filled[at] is not None), len(filled))
        before = filled[index - 1] if index else None
        after = filled[end] if end < len(filled) else None
        slot = Span(before.end_ms if before else 0.0, after.start_ms if after else total_ms)
        wanted = _LEAST_SLOT_MS * (end - index)
        if before and slot.duration_ms < wanted:
            taken = min(wanted - slot.duration_ms, before.duration_ms / 2)
            slot = Span(slot.start_ms - taken, slot.end_ms)
            filled[index - 1] = Span(before.start_ms, slot.start_ms)
        elif after and slot.duration_ms < wanted:
            taken = min(wanted - slot.duration_ms, after.duration_ms / 2)
            slot = Span(slot.start_ms, slot.end_ms + taken)
            filled[end] = Span(slot.end_ms, after.end_ms)
        filled[index:end] = share_span([word.text for word in words[index:end]], slot)
        index = end
    return [span for span in filled if span is not None]


def fit_to_speech(spans: Sequence[Span], speech: Sequence[Span]) -> list[Span]:
    """Words that reach into a pause end where the sound ends; the first word after one begins where the sound does."""
    if not speech:
        return list(spans)
    pauses = [
        Span(-1.0, speech[0].start_ms),
        *(Span(left.end_ms, right.start_ms) for left, right in pairwise(speech)),
        Span(speech[-1].end_ms, float("inf")),
    ]
    pause_ends = [pause.end_ms + _EDGE_MS for pause in pauses]
    fitted: list[Span] = []
    before = 0.0
    for span in spans:
        start, end = span.start_ms, span.end_ms
        for pause in islice(pauses, bisect_left(pause_ends, start), None):
            if pause.start_ms - _EDGE_MS > end:
                break
            if pause.start_ms <= start and end <= pause.end_ms:
                continue  # not heard at all: it keeps its slot
            if pause.start_ms < end <= pause.end_ms + _EDGE_MS and start < pause.start_ms:
                end = pause.start_ms
            first_after = pause.start_ms - _EDGE_MS <= start <= pause.end_ms + _EDGE_MS and before <= pause.end_ms
            if first_after and pause.end_ms < end:
                start = pause.end_ms
        before = max(end, start)
        fitted.append(Span(start, before))
    return fitted


def _share(lengths: Sequence[float], heard: Sequence[Span]) -> list[Span]:
    """The words of a clause on the stretches it is heard in, as if those were one."""
    shares = _shared(lengths, Span(0.0, sum(span.duration_ms for span in heard)))

    def place(into: float) -> float:
        for span in heard:
            if into <= span.duration_ms + 1e-6:
                return span.start_ms + into
            into -= span.duration_ms
        return heard[-1].end_ms

    return [Span(place(share.start_ms + 1e-3), place(share.end_ms)) for share in shares]
