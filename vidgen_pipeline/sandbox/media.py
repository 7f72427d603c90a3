"""Real media for every double, made once for the same order and kept by content."""

from __future__ import annotations

import asyncio
import hashlib
import re
import shutil
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from vidgen_pipeline.runtime.ffmpeg import SAFE_INPUT, file_url, run_ffmpeg
from vidgen_pipeline.sandbox import speech
from vidgen_pipeline.sandbox.clips import ClipOrder, film_clip
from vidgen_pipeline.sandbox.films import Film, render_film
from vidgen_pipeline.sandbox.pictures import picture
from vidgen_pipeline.sandbox.speech import Encoding, Spoken

_AT_ONCE = 2  # ffmpeg takes all cores it gets
_REMEMBERED = 200
_JPEG_QUALITY = 88


class _Kept:
    """Files by what they were made from, and the speech that was last said."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)
        self.speech: OrderedDict[str, Spoken] = OrderedDict()
        self._at_work: dict[str, asyncio.Lock] = {}
        self._places = asyncio.Semaphore(_AT_ONCE)

    async def file(self, order: str, suffix: str, make: Callable[[Path, Path], Awaitable[None]]) -> Path:
        """The file of this order; `make` is given where to write it and an empty folder for the time being."""
        name = hashlib.sha256(order.encode("utf-8", "surrogatepass")).hexdigest()[:32] + suffix
        path = self.folder / name
        async with self._at_work.setdefault(name, asyncio.Lock()):
            if not path.exists():
                async with self._places:
                    with TemporaryDirectory(dir=self.folder) as scratch:
                        await make(Path(scratch, name), Path(scratch))
                        shutil.move(Path(scratch, name), path)
        return path


class Media:
    """The maker. `label` is shown small in pictures and clips."""

    def __init__(self, folder: Path, *, label: str = "", kept: _Kept | None = None) -> None:
        self._kept = kept or _Kept(folder)
        self._label = label

    def labelled(self, provider: str) -> Media:
        """The same maker, for one provider."""
        return Media(self._kept.folder, label=f"{provider} · test mode", kept=self._kept)

    async def speech(
        self, text: str, *, language: str | None = None, speed: float = 1.0, unspoken: re.Pattern[str] | None = None
    ) -> Spoken:
        """The text said aloud. `language` is a BCP-47 tag, recognised if left out; `unspoken` is what is not read."""
        said = speech.without(text, unspoken) if unspoken else text
        known, order = self._kept.speech, f"{language}|{speed}|{said}"
        if order not in known:
            made = await speech.spoken(said, language)
            if speed != 1.0:
                digest = hashlib.sha256(order.encode("utf-8", "surrogatepass")).hexdigest()
                made = await speech.at_speed(made, speed, self._kept.folder / f"{digest}-{id(made)}")
            known[order] = made
            while len(known) > _REMEMBERED:
                known.popitem(last=False)
        return known[order]

    async def audio(self, spoken: Spoken, encoding: Encoding) -> Path:
        """Speech as a sound file."""
        order = f"audio|{encoding}|{spoken.sample_rate}|{hashlib.sha256(spoken.pcm).hexdigest()}"
        return await self._kept.file(
            order, speech.suffix_of(encoding), lambda path, _: speech.encode(spoken, encoding, path)
        )

    async def picture(self, words: str, *, width: int, height: int, suffix: str = ".jpg") -> Path:
        """A picture that shows the words: JPEG, PNG or WebP by its suffix."""

        async def draw(path: Path, _: Path) -> None:
            drawn = await asyncio.to_thread(picture, words, self._label, width, height)
            await asyncio.to_thread(drawn.save, path, quality=_JPEG_QUALITY)

        return await self._kept.file(f"picture|{self._label}|{width}x{height}|{words}", suffix, draw)

    async def clip(self, order: ClipOrder) -> Path:
        """A clip that shows the words, with moving parts: MP4."""

        async def film(path: Path, scratch: Path) -> None:
            await film_clip(order, self._label, path, scratch)

        return await self._kept.file(f"clip|{self._label}|{order}", ".mp4", film)

    async def still(self, clip: Path, *, at_seconds: float = 0.0) -> Path:
        """A frame of a clip as JPEG."""

        async def take(path: Path, _: Path) -> None:
            source = ["-ss", f"{at_seconds:.3f}", *SAFE_INPUT, "-i", file_url(clip)]
            await run_ffmpeg([*source, "-frames:v", "1", "-q:v", "3", "-y", file_url(path)])

        return await self._kept.file(f"still|{clip}|{at_seconds}", ".jpg", take)

    async def film(self, film: Film) -> Path:
        """A film by its timeline: MP4."""
        return await self._kept.file(f"film|{film}", ".mp4", lambda path, scratch: render_film(film, path, scratch))
