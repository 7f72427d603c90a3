"""Times from silences and the lengths of words: any language, no model, always possible."""

from __future__ import annotations

import asyncio

from vidgen_pipeline.providers.voice.word_timers.chain import HeardLine, TimedLine
from vidgen_pipeline.providers.voice.word_times import FROM_SOUND, words_from_sound


class FromSoundTimer:
    """The end of every chain."""

    name = FROM_SOUND

    def takes(self, line: HeardLine) -> bool:
        del line
        return True

    async def time(self, line: HeardLine) -> TimedLine:
        words = await asyncio.to_thread(words_from_sound, line.text, line.language, line.pcm, line.sample_rate)
        return TimedLine(words=words, method=FROM_SOUND)
