"""Caption styles that people save: everyone their own, checked as files are, kept while something names them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, text

from vidgen_pipeline.domain.errors import Conflict, InvalidInput, NotFound, StaleVersion
from vidgen_pipeline.domain.video import VideoStatus
from vidgen_pipeline.services.caption_styles import (
    MOST_PER_USER,
    StyleOrigin,
    list_styles,
    own_styles,
    remove_style,
    save_style,
    show_style,
)
from vidgen_pipeline.services.planning import Wishes, plan
from vidgen_pipeline.services.recurring import Recurrence, add_recurring_plan, remove_recurring_plan
from vidgen_pipeline.services.settings import defaults_of
from vidgen_pipeline.services.settings_changes import update_settings
from vidgen_pipeline.services.videos import plan_video
from vidgen_pipeline.subtitles.styles import STYLE_NAMES, caption_style, fields_of, style_from_fields
from vidgen_pipeline_tests.services.people import somebody
from vidgen_pipeline_tests.services.racing import at_once

FIELDS: dict[str, Any] = {"font": "Helvetica Neue", "size": 30, "colour": "#ffffff", "highlight_colour": "#FF3366"}


def planned(engine: Engine, user_id: UUID, style: str) -> UUID:
    own = own_styles(engine, user_id, None)
    made = plan(Wishes(script_text="Cats purr.", subtitle_style=style), defaults_of(engine, user_id), own)
    return plan_video(engine, user_id, made.request, title=made.title)


def test_a_saved_style_is_found_by_its_name_and_by_nobody_else(engine: Engine, user_id: UUID, tmp_path: Path) -> None:
    view, is_new = save_style(engine, user_id, " Brand ", FIELDS)
    assert (view.name, view.origin, view.version, is_new) == ("brand", StyleOrigin.OWN, 1, True)
    style = caption_style("BRAND", own_styles(engine, user_id, tmp_path))
    assert (style, style.font, style.font_asked, style.colour) == (view.style, "Inter", "Helvetica Neue", "#FFFFFF")
    assert style_from_fields("brand", fields_of(style)) == style
    stranger = somebody(engine, "stranger")
    with pytest.raises(InvalidInput, match="brand"):
        caption_style("brand", own_styles(engine, stranger, tmp_path))
    with pytest.raises(NotFound):
        show_style(engine, stranger, None, "brand")
    with pytest.raises(NotFound):
        remove_style(engine, stranger, "brand")
    assert show_style(engine, user_id, None, "Brand").style == style


def test_all_that_can_be_named_are_listed_and_one_s_own_comes_before_a_file(
    engine: Engine, user_id: UUID, tmp_path: Path
) -> None:
    (tmp_path / "brand.toml").write_text('font = "Roboto"\nsize = 20\ncolour = "#000000"\nhighlight_colour = "#111111"')
    (tmp_path / "news.toml").write_text('font = "Roboto"\nsize = 20\ncolour = "#000000"\nhighlight_colour = "#111111"')
    (tmp_path / "odd.toml").write_text("size = 0")
    save_style(engine, user_id, "brand", FIELDS)
    views = {view.name: view for view in list_styles(engine, user_id, tmp_path)}
    assert tuple(views) == (*STYLE_NAMES, "brand", "news", "odd")
    assert (views["bold"].origin, views["news"].origin) == (StyleOrigin.PRODUCT, StyleOrigin.MACHINE)
    assert (views["brand"].origin, views["brand"].style and views["brand"].style.size) == (StyleOrigin.OWN, 30)
    assert views["odd"].style is None
    told = str(views["odd"].problem)
    assert "odd.toml" in told
    assert str(tmp_path.parent) not in told, "where folders are is for this machine's owner to know"


@pytest.mark.parametrize(
    ("name", "change", "told"),
    [
        ("brand", {"size": 0}, "'size' must be greater"),
        ("brand", {"font": "Comic Sans MS"}, "'Comic Sans MS'"),
        ("brand", {"glow": 1}, "'glow' is no field"),
        ("modern", {}, "style of this product"),
        ("my style", {}, "a name that a style can't have"),
        ("../brand", {}, "a name that a style can't have"),
        ("x" * 21, {}, "a name that a style can't have"),
        ("", {}, "a name that a style can't have"),
    ],
)
def test_what_is_no_style_is_told_and_nothing_is_saved(
    engine: Engine, user_id: UUID, name: str, change: dict[str, Any], told: str
) -> None:
    save_style(engine, user_id, "brand", FIELDS)
    before = list_styles(engine, user_id, None)
    with pytest.raises(InvalidInput) as refused:
        save_style(engine, user_id, name, {**FIELDS, **change})
    assert told in str(refused.value)
    assert list_styles(engine, user_id, None) == before


def test_a_style_is_changed_from_the_version_that_was_seen(engine: Engine, user_id: UUID) -> None:
    with pytest.raises(StaleVersion):
        save_style(engine, user_id, "brand", FIELDS, version=1)
    save_style(engine, user_id, "brand", FIELDS)
    view, is_new = save_style(engine, user_id, "brand", {**FIELDS, "size": 40}, version=1)
    assert (view.version, is_new) == (2, False)
    with pytest.raises(StaleVersion):
        save_style(engine, user_id, "brand", FIELDS, version=1)
    kept = show_style(engine, user_id, None, "brand")
    assert (kept.version, kept.style and kept.style.size) == (2, 40)


def test_a_video_is_planned_with_it_and_it_stays_while_something_names_it(engine: Engine, user_id: UUID) -> None:
    save_style(engine, user_id, "brand", FIELDS)
    update_settings(engine, user_id, {"subtitle_style": "brand"}, own_styles=own_styles(engine, user_id, None))
    planned(engine, user_id, "brand")
    recurrence = Recurrence(
        name="facts", cron="0 9 * * *", time_zone="UTC", prompt_template="About {topic}", topics=("cats",)
    )
    wishes = Wishes(test_mode=True, providers={"script": "openai_gpt"})  # type: ignore[dict-item]
    now, defaults = datetime.now(UTC), defaults_of(engine, user_id)
    add_recurring_plan(
        engine, user_id, recurrence, wishes, defaults, now=now, own_styles=own_styles(engine, user_id, None)
    )
    with pytest.raises(Conflict, match=r"settings and a video .* and a recurring plan; nothing was removed"):
        remove_style(engine, user_id, "brand")
    update_settings(engine, user_id, {"subtitle_style": None})
    remove_recurring_plan(engine, user_id, "facts", now=now)
    with pytest.raises(Conflict, match=r"named by a video that is not finished; nothing"):
        remove_style(engine, user_id, "brand")
    assert show_style(engine, user_id, None, "brand").style is not None
    for status in (VideoStatus.FAILED, VideoStatus.COMPLETED):
        with engine.begin() as connection:
            connection.execute(text("UPDATE videos SET status = :ended"), {"ended": status})
        if status is VideoStatus.FAILED:
            with pytest.raises(Conflict):  # it can be retried
                remove_style(engine, user_id, "brand")
    remove_style(engine, user_id, "brand")
    with pytest.raises(NotFound):
        remove_style(engine, user_id, "brand")
    with pytest.raises(InvalidInput, match="no subtitle style called 'brand'"):
        planned(engine, user_id, "brand")


def test_a_style_saved_twice_at_once_is_one_style_and_no_more_are_saved_than_may_be(
    engine: Engine, user_id: UUID
) -> None:
    def save(name: str, size: int = 30) -> Callable[[], object]:
        return lambda: save_style(engine, user_id, name, {**FIELDS, "size": size})

    assert set(at_once(*(save("brand", size) for size in range(20, 28)))) == {None}
    assert show_style(engine, user_id, None, "brand").version == 8
    for number in range(MOST_PER_USER - 3):
        save(f"style-{number}")()
    refusals = at_once(*(save(f"more-{number}") for number in range(6)))
    assert sum(isinstance(refusal, Conflict) for refusal in refusals) == 4
    assert len(list_styles(engine, user_id, None)) == len(STYLE_NAMES) + MOST_PER_USER


def test_there_is_a_number_that_is_enough(engine: Engine, user_id: UUID) -> None:
    for number in range(MOST_PER_USER):
        save_style(engine, user_id, f"style-{number}", FIELDS)
    with pytest.raises(Conflict, match=f"{MOST_PER_USER} styles"):
        save_style(engine, user_id, "one-more", FIELDS)
    save_style(engine, user_id, "style-0", {**FIELDS, "size": 40})
    save_style(engine, somebody(engine, "stranger"), "one-more", FIELDS)


def test_a_saved_style_whose_font_went_away_is_told_and_the_others_are_still_there(
    engine: Engine, user_id: UUID
) -> None:
    save_style(engine, user_id, "brand", FIELDS)
    with engine.begin() as connection:
        connection.execute(text("""UPDATE caption_styles SET fields = fields || '{"font": "Gone Sans"}'"""))
    view = show_style(engine, user_id, None, "brand")
    assert view.style is None
    assert "Gone Sans" in str(view.problem)
    assert planned(engine, user_id, "modern")
    with pytest.raises(InvalidInput, match="Gone Sans"):
        planned(engine, user_id, "brand")
    save_style(engine, user_id, "brand", FIELDS)
    assert planned(engine, user_id, "brand")
