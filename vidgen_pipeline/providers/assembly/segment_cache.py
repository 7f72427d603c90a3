"""Rendered segments, kept by what they show, so that a change re-renders only what it touches."""

from __future__ import annotations

import zlib
from base64 import b64decode, b64encode
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict

from vidgen_pipeline.providers.assembly.kept_files import KeptFiles
from vidgen_pipeline.providers.assembly.parts import Packets, Part
from vidgen_pipeline.providers.assembly.sheet import sheet_of


class _Record(BaseModel):
    """What a segment was found to be when it was checked, so that it need not be read for it again."""

    model_config = ConfigDict(frozen=True)

    sheet: str
    decoder_setup: str
    packets: tuple[int, ...]


@dataclass(frozen=True)
class SegmentCache:
    """Segments that passed their check, in `files`."""

    files: KeptFiles

    def take(self, key: str, film: Path) -> Part | None:
        """Bring the segment to `film`; None when it isn't here whole."""
        record = self.files.take(key, film, _Record)
        if record is None:
            return None
        sheet = sheet_of(np.frombuffer(zlib.decompress(b64decode(record.sheet)), np.uint8))
        return Part(path=film, sheet=sheet, packets=Packets(b64decode(record.decoder_setup), record.packets))

    def keep(self, key: str, part: Part) -> None:
        record = _Record(
            sheet=b64encode(zlib.compress(part.sheet.tobytes())).decode(),
            decoder_setup=b64encode(part.packets.setup).decode(),
            packets=part.packets.checksums,
        )
        self.files.keep(key, part.path, record)
