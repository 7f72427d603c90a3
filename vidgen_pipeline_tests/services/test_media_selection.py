import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import PrivateAttr

from vidgen_pipeline.domain.errors import InvalidInput, MediaRejected
from vidgen_pipeline.domain.media import Attribution, MediaCandidate, MediaKind, MediaQuery, MediaSelection
from vidgen_pipeline.domain.script import Scene, Script, SpokenLine
from vidgen_pipeline.domain.timeline import Canvas
from vidgen_pipeline.providers.base import MediaProvider, ProviderResult
from vidgen_pipeline.services.media_selection import MediaSelector
from vidgen_pipeline.storage.artifacts import ArtifactStore


class Shelf(MediaProvider):
    """Offers the same pictures, in the same order, for every scene; some turn out to be broken."""

    provider_name: ClassVar[str] = "shelf"
    pictures: list[str]
    broken: list[str] = []  # noqa: RUF012 - pydantic copies it
    _fetched: list[str] = PrivateAttr(default_factory=list)
    _asked: list[MediaQuery] = PrivateAttr(default_factory=list)

    async def search(self, query: MediaQuery) -> Sequence[MediaCandidate]:
        self._asked.append(query)
        return [
            MediaCandidate(kind=MediaKind.PHOTO, locator=name, width=10, height=10, attribution=Attribution(title=name))
            for name in self.pictures
        ]

    async def fetch(self, candidate: MediaCandidate, query: MediaQuery, scratch: Path) -> ProviderResult[Path]:
        self._fetched.append(candidate.locator)
        await asyncio.sleep(0)
        if candidate.locator in self.broken:
            raise MediaRejected(f"{candidate.locator} is broken.")
        path = scratch / f"{candidate.locator}.jpg"
        path.write_text(candidate.locator)
        return ProviderResult(data=path, model="m")


class Site(Shelf):
    """A shelf that others fill; it is the same one whatever is on it."""

    def fingerprint(self) -> dict[str, Any]:
        return {"provider": self.provider_name}


def _select(
    shelf: Shelf,
    scenes: int,
    store: ArtifactStore,
    scratch: Path,
    named: dict[int, MediaProvider] | None = None,
    *,
    shown: set[tuple[str, str]] | None = None,
    terms: tuple[str, ...] = (),
    said: Mapping[int, str] | None = None,
    before: MediaSelection | None = None,
    **script_facts: str,
) -> MediaSelection:
    texts = dict.fromkeys(range(scenes), "x") | dict(said or {})
    script = Script(
        title="T",
        scenes=tuple(
            Scene(index=index, lines=(SpokenLine(text=text),), estimated_ms=1000, search_terms=terms)
            for index, text in texts.items()
        ),
        **{"language": "en", **script_facts},
    )
    selector = MediaSelector(
        shelf, named or {}, store=store, scratch=scratch, progress=lambda _: None, shown=shown or ()
    )
    return asyncio.run(selector.select(script, Canvas(width=10, height=10), seed="T", before=before))


def _shown(selection: MediaSelection, store: ArtifactStore) -> str:
    assert all(store.path(asset.file).read_text() == asset.attribution.title for asset in selection.assets)
    return "".join(asset.attribution.title for asset in selection.assets)


def test_none_is_shown_twice_while_others_are_free(store: ArtifactStore, tmp_path: Path):
    assert _shown(_select(Shelf(pictures=list("abc")), 3, store, tmp_path), store) == "abc"
    assert _shown(_select(Shelf(pictures=list("abc")), 7, store, tmp_path), store) == "abcabca"


def test_each_picture_is_fetched_once(store: ArtifactStore, tmp_path: Path):
    shelf = Shelf(pictures=list("ab"))
    _select(shelf, 6, store, tmp_path)
    assert sorted(shelf._fetched) == ["a", "b"]


def test_a_broken_one_is_replaced_and_named(store: ArtifactStore, tmp_path: Path):
    selection = _select(Shelf(pictures=list("abc"), broken=["b"]), 3, store, tmp_path)
    assert "b" not in _shown(selection, store)
    assert selection.warnings == ("b is broken.",)


def test_when_none_is_left_the_causes_are_told(store: ArtifactStore, tmp_path: Path):
    with pytest.raises(InvalidInput, match=r"no usable picture .* a is broken\. b is broken\."):
        _select(Shelf(pictures=list("ab"), broken=list("ab")), 1, store, tmp_path)


def test_a_scene_that_names_its_file_gets_that_one(store: ArtifactStore, tmp_path: Path):
    named: dict[int, MediaProvider] = {1: Shelf(pictures=["z"])}
    assert _shown(_select(Shelf(pictures=list("ab")), 3, store, tmp_path, named), store) == "azb"


def test_a_scene_that_asks_for_the_same_keeps_its_picture(store: ArtifactStore, tmp_path: Path):
    before = _select(Site(pictures=list("abc")), 3, store, tmp_path)
    assert _shown(before, store) == "abc"
    site = Site(pictures=list("cdba"))  # by now it ranks them otherwise
    assert _shown(_select(site, 3, store, tmp_path, said={1: "y"}, before=before), store) == "adc"
    assert site._fetched == ["d"]
    store.path(before.assets[2].file).unlink()
    assert _shown(_select(site, 3, store, tmp_path, said={1: "y"}, before=before), store) == "acd"
    assert _shown(_select(site, 3, store, tmp_path, before=before, language="de"), store) == "cdb"


def test_a_provider_is_told_what_other_videos_and_earlier_scenes_show_of_its_own(store: ArtifactStore, tmp_path: Path):
    shelf = Shelf(pictures=list("abc"))
    selection = _select(shelf, 2, store, tmp_path, shown={("shelf", "x"), ("elsewhere", "y")})
    assert [query.avoid for query in shelf._asked] == [{"x"}, {"x", "a"}]
    assert [(asset.provider, asset.locator) for asset in selection.assets] == [("shelf", "a"), ("shelf", "b")]


@pytest.mark.parametrize(
    ("terms", "search_language", "language"),
    [(("Hafen",), "", "de"), (("harbour",), "en", "en"), ((), "en", "de")],
    ids=["the script's own terms", "English terms", "no terms: the narration"],
)
def test_the_language_is_that_of_what_is_looked_for(
    terms: tuple[str, ...], search_language: str, language: str, store: ArtifactStore, tmp_path: Path
):
    shelf = Shelf(pictures=["a"])
    _select(shelf, 1, store, tmp_path, terms=terms, language="de", search_language=search_language)
    assert shelf._asked[0].language == language


def test_what_is_looked_for_outlasts_the_spoken_scene(store: ArtifactStore, tmp_path: Path):
    shelf = Shelf(pictures=["a"])
    _select(shelf, 1, store, tmp_path)
    assert shelf._asked[0].duration_ms == 1800
