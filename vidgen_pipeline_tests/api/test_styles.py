"""Caption styles through the API: listed, seen, saved, used, removed."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from vidgen_pipeline.api.models.styles import StyleGiven
from vidgen_pipeline.domain.captions import CaptionStyle
from vidgen_pipeline.runtime.home import Home
from vidgen_pipeline.subtitles.styles import STYLE_NAMES
from vidgen_pipeline_tests.api.conftest import Somebody
from vidgen_pipeline_tests.subtitles.samples import Pixels, like

BRAND: dict[str, Any] = {"font": "Impact", "size": 34, "colour": "#20E040", "highlight_colour": "#ff3366"}


def picture(answer: Any) -> Pixels:
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png"), answer.text
    with Image.open(io.BytesIO(answer.content)) as image:
        return np.asarray(image.convert("RGB")).astype(np.int16)


def test_a_style_is_saved_seen_changed_and_used(owner: Somebody):
    new = owner.put("/styles/Brand", json=BRAND)
    assert (new.status_code, new.json()["name"], new.json()["origin"]) == (201, "brand", "own")
    assert (new.json()["font_drawn"], new.json()["style"]["font"]) == ("Anton", "Impact")
    assert new.json()["style"] | {"colour": "#20E040", "highlight": "word", "position": "bottom"} == new.json()["style"]

    words = {"script_text": "Cats purr.", "subtitle_style": "brand"}
    assert owner.post("/videos", json=words).json()["subtitle_style"] == "brand"
    settings = owner.put("/settings/generation", json={"subtitle_style": "brand"}, headers={"If-Match": "*"})
    assert settings.json()["subtitle_style"] == "brand"

    seen = {"If-Match": new.headers["ETag"]}
    assert owner.get("/styles/brand", headers={"If-None-Match": new.headers["ETag"]}).status_code == 304
    again = owner.put("/styles/brand", json=new.json()["style"] | {"size": 40}, headers=seen)
    assert (again.status_code, again.json()["style"]["size"], again.json()["version"]) == (200, 40, 2)
    stale = owner.put("/styles/brand", json=BRAND, headers=seen)
    assert (stale.status_code, stale.json()["code"]) == (412, "stale_version")

    refused = owner.delete("/styles/brand")
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    assert "your settings" in refused.json()["detail"]
    assert owner.get("/styles/brand").json()["version"] == 2


def test_everybody_has_the_four_those_of_the_machine_and_their_own(owner: Somebody, stranger: Somebody, api_home: Home):
    api_home.styles.mkdir()
    (api_home.styles / "house.toml").write_text(
        'font = "Roboto"\nsize = 20\ncolour = "#000000"\nhighlight_colour = "#111111"'
    )
    (api_home.styles / "odd.toml").write_text("size = 0")
    owner.put("/styles/brand", json=BRAND)
    styles = {style["name"]: style for style in owner.get("/styles").json()["data"]}
    assert list(styles) == [*STYLE_NAMES, "brand", "house", "odd"]
    assert [styles[name]["origin"] for name in ("modern", "brand", "house")] == ["product", "own", "machine"]
    assert styles["odd"]["style"] is None
    assert "odd.toml" in styles["odd"]["problem"]
    assert str(api_home.root) not in owner.get("/styles").text
    assert owner.get("/styles/odd/preview").status_code == 422
    assert [style["name"] for style in stranger.get("/styles").json()["data"]] == [*STYLE_NAMES, "house", "odd"]
    assert stranger.get("/styles/brand").status_code == stranger.get("/styles/brand/preview").status_code == 404
    assert stranger.delete("/styles/brand").status_code == 404
    assert owner.delete("/styles/house").status_code == 404, "it is the machine's"
    assert owner.delete("/styles/brand").status_code == 204
    assert owner.get("/styles/brand").status_code == 404


@pytest.mark.parametrize(
    ("name", "change", "code"),
    [
        ("modern", {}, "invalid_input"),
        ("my style", {}, "invalid_input"),
        ("brand", {"font": "Comic Sans MS"}, "invalid_input"),
        ("brand", {"outline_width": 2}, "invalid_input"),
        ("brand", {"size": 7}, "validation_failed"),
        ("brand", {"size": "30"}, "validation_failed"),
        ("brand", {"bold": "yes"}, "validation_failed"),
        ("brand", {"colour": "red"}, "validation_failed"),
        ("brand", {"highlight": "bounce"}, "validation_failed"),
    ],
)
def test_what_is_no_style_is_refused(owner: Somebody, name: str, change: dict[str, Any], code: str):
    refused = owner.put(f"/styles/{name}", json={**BRAND, **change})
    assert (refused.status_code, refused.json()["code"]) == (422, code), refused.text
    assert [style["name"] for style in owner.get("/styles").json()["data"]] == list(STYLE_NAMES)


def test_a_preview_shows_the_style_on_light_and_dark_and_changes_with_it(owner: Somebody):
    owner.put("/styles/brand", json=BRAND)
    dark = owner.get("/styles/brand/preview")
    pixels = picture(dark)
    assert pixels.shape == (960, 540, 3)
    assert like(pixels, "#20E040", 40).sum() > 100
    assert like(pixels, "#FF3366", 40).sum() > 60
    assert pixels[:40].mean() < 60
    assert picture(owner.get("/styles/brand/preview", params={"background": "light"}))[:40].mean() > 180
    square = {"aspect_ratio": "1:1", "text": "جدار الصين العظيم", "highlight": "karaoke"}
    assert picture(owner.get("/styles/modern/preview", params=square)).shape == (540, 540, 3)
    same = owner.get("/styles/brand/preview", headers={"If-None-Match": dark.headers["ETag"]})
    assert (same.status_code, same.content) == (304, b"")
    owner.put("/styles/brand", json=BRAND | {"colour": "#2040E0"})
    changed = owner.get("/styles/brand/preview", headers={"If-None-Match": dark.headers["ETag"]})
    assert like(picture(changed), "#2040E0", 40).sum() > 100
    for odd in ({"text": "x" * 301}, {"text": "🎉"}, {"background": "pink"}, {"aspect_ratio": "4:3"}):
        assert owner.get("/styles/brand/preview", params=odd).status_code == 422


def test_this_machine_s_folders_are_nobody_s_business(owner: Somebody, api_home: Home):
    api_home.cache.mkdir(parents=True, exist_ok=True)
    (api_home.cache / "style-previews").write_text("in the way")
    told = owner.get("/styles/modern/preview")
    assert told.status_code == 422
    assert "style-previews can't be written" in told.json()["detail"]
    unknown = owner.put("/styles/brand", json={**BRAND, "font": "Comic Sans MS"})
    assert "Arimo" in unknown.json()["remedy"]
    for answer in (told, unknown):
        assert str(api_home.root) not in answer.text
        assert "VIDGEN_" not in answer.text


def test_the_document_says_of_each_field_what_a_style_says():
    given, style = (model.model_json_schema()["properties"] for model in (StyleGiven, CaptionStyle))
    assert given.keys() == style.keys() - {"name", "font_asked"}
    for name, field in given.items():
        for bound in ("minimum", "maximum", "minLength", "maxLength", "default"):
            assert field.get(bound) == style[name].get(bound), (name, bound)
