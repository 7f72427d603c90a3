"""Many videos from a file: every row is looked at, and all or none are planned."""

from __future__ import annotations

import csv
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import StringIO
from pathlib import Path
from uuid import UUID

import pytest
from PIL import Image
from sqlalchemy import Engine, text

from vidgen_pipeline.domain.errors import InvalidInput
from vidgen_pipeline.domain.video import VideoStatus
from vidgen_pipeline.services import lifecycle
from vidgen_pipeline.services.bulk_file import COLUMNS, read_file, write_file
from vidgen_pipeline.services.bulk_plan import BulkOptions, BulkPreview, errors_file, plan_rows, preview_file
from vidgen_pipeline.services.videos import VideoView, list_videos
from vidgen_pipeline_tests.services.lives import new_user

NEXT_YEAR = datetime.now(UTC).year + 1
HEAD = "title,script,scheduled_at,timezone\n"
TEA = f'Tea,"Tea is hot, and good.",{NEXT_YEAR}-01-15 09:00,America/New_York\n'
COFFEE = "Coffee,Coffee is hot.,,\n"


def _preview(engine: Engine, user_id: UUID, content: str | bytes, *, test_mode: bool = False) -> BulkPreview:
    data = content.encode() if isinstance(content, str) else content
    return preview_file(engine, user_id, data, BulkOptions(test_mode=test_mode))


def _videos(engine: Engine, user_id: UUID) -> dict[str, VideoView]:
    return {video.title: video for video in list_videos(engine, user_id, limit=1000)}


def test_a_file_s_rows_become_plans_and_drafts_once(engine: Engine, user_id: UUID):
    everything = (
        "Title,PROMPT,script,scheduled_at,timezone,duration,look,subtitle_style,aspect_ratio,voice,language\r\n"
        f'Tea,,"Tea is ""hot"".\r\nAnd good.",{NEXT_YEAR}-01-15 09:00,america/new york,,storybook,bold,1:1,heart,en\r\n'
        "\r\n"
        " Coffee ,,Coffee is hot.,,,,,,,,\r\n"
    )
    preview = _preview(engine, user_id, b"\xef\xbb\xbf" + everything.encode())
    assert [row.row.number for row in preview.new] == [2, 4]
    assert (preview.bad, preview.cost_usd) == ([], Decimal(0))
    assert list_videos(engine, user_id) == []
    ids = plan_rows(engine, user_id, preview)
    videos = _videos(engine, user_id)
    tea, coffee = videos["Tea"], videos["Coffee"]
    assert ids == [tea.id, coffee.id]
    assert (tea.status, tea.scheduled) == (VideoStatus.PLANNED, f"{NEXT_YEAR}-01-15 09:00 America/New_York")
    assert (tea.request.subtitle_style, tea.request.voice, tea.request.aspect_ratio) == ("bold", "heart", "1:1")
    assert (tea.request.look, tea.request.music_mood, coffee.request.look) == ("storybook", "tender", None)
    assert (coffee.status, coffee.scheduled_at) == (VideoStatus.DRAFT, None)

    # The same rows in another file, in another order, one of them already in the trash.
    lifecycle.delete(engine, user_id, coffee.id)
    again = _preview(engine, user_id, everything.replace("Coffee is hot.", "Coffee is hot. ") + "New,,Water.,,,,,,,,\n")
    assert [row.before[:15] for row in again.rows] == ["Planned before,", "Planned before,", ""]
    assert "deleted" in again.rows[1].before
    assert len(plan_rows(engine, user_id, again)) == 1
    assert len(plan_rows(engine, user_id, again)) == 0  # the preview is old by now
    stranger = new_user(engine, "eve")
    assert len(_preview(engine, stranger, everything).new) == 2


def test_a_row_that_is_there_twice_is_planned_once(engine: Engine, user_id: UUID):
    preview = _preview(engine, user_id, HEAD + COFFEE + TEA + COFFEE)
    assert preview.rows[2].before == "The same as row 2."
    assert len(plan_rows(engine, user_id, preview)) == 2


def test_one_file_planned_by_many_at_once_is_planned_once(engine: Engine, user_id: UUID):
    preview = _preview(engine, user_id, HEAD + TEA + COFFEE)
    with ThreadPoolExecutor(6) as pool:
        planned = list(pool.map(lambda _: plan_rows(engine, user_id, preview), range(6)))
    assert sorted(map(len, planned)) == [0, 0, 0, 0, 0, 2]


def test_bad_rows_are_told_and_hold_up_the_others_unless_they_are_left_out(engine: Engine, user_id: UUID):
    preview = _preview(
        engine,
        user_id,
        "title,prompt,script,scheduled_at,timezone,duration,subtitle_style\n"
        "Good,,Tea is hot.,,,,\n"
        "Both,About tea,Tea.,,,,\n"
        "Nothing,,,,,,\n"
        ",,Tea.,tomorrow 9:00,,,\n"
        ",,Tea.,2020-01-01 09:00,,,\n"
        ",,Tea.,2027-01-01 09:00,Mars/Base,5 min,bolt\n"
        f"{'x' * 201},,Tea.,,,,\n"
        ",,Tea.,,,0,\n"
        ",,[pause 9h],,,,\n",
    )
    assert [row.row.number for row in preview.bad] == [3, 4, 5, 6, 7, 8, 9, 10]
    said = [" ".join(row.errors) for row in preview.bad]
    for sentence, words in zip(
        said,
        ("both a prompt", "neither", "only one moment", "past", "Mars/Base", "title", "'0' is no duration", "pause"),
        strict=True,
    ):
        assert words in sentence
    with pytest.raises(InvalidInput, match="8 of 9 rows can't be planned; nothing was"):
        plan_rows(engine, user_id, preview)
    assert list_videos(engine, user_id) == []
    assert len(plan_rows(engine, user_id, preview, only_valid=True)) == 1
    assert list(_videos(engine, user_id)) == ["Good"]


def test_all_or_nothing(engine: Engine, user_id: UUID):
    preview = _preview(engine, user_id, HEAD + COFFEE + TEA)
    with engine.begin() as connection:  # the second row meets a database that won't take it
        connection.execute(text("ALTER TABLE videos ADD CONSTRAINT no_tea CHECK (title <> 'Tea')"))
    with pytest.raises(Exception, match="no_tea"):
        plan_rows(engine, user_id, preview)
    assert list_videos(engine, user_id) == []


def test_five_hundred_bad_rows_are_all_told(engine: Engine, user_id: UUID):
    rows = "".join(f"=Row {number},Tea is hot.,soon,Nowhere\n" for number in range(500))
    preview = _preview(engine, user_id, HEAD + rows)
    assert (len(preview.bad), len(preview.new)) == (500, 0)
    exported = list(csv.DictReader(StringIO(errors_file(preview))))
    assert len(exported) == 500
    assert (exported[499]["row"], exported[499]["title"]) == ("501", "'=Row 499")
    assert "Nowhere" in exported[0]["error"]
    with pytest.raises(InvalidInput, match="501 rows; the limit is 500"):
        _preview(engine, user_id, HEAD + rows + COFFEE)


def test_what_vendors_take_is_summed_up_before(engine: Engine, user_id: UUID, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-0000")
    content = "prompt,duration\nWhy bees dance,60\nWhy cats purr,60\n"
    preview = _preview(engine, user_id, content)
    assert [row.plan is not None for row in preview.rows] == [True, True]
    assert preview.cost_usd == 2 * preview.rows[0].cost_usd > 0
    assert preview.most_usd >= preview.cost_usd
    assert _preview(engine, user_id, content, test_mode=True).most_usd == 0


def test_a_time_that_has_passed_since_is_still_known(engine: Engine, user_id: UUID):
    soon = f"{datetime.now(UTC) - timedelta(minutes=3):%Y-%m-%d %H:%M}"
    content = f"script,scheduled_at\nTea is hot.,{soon}\n"
    plan_rows(engine, user_id, _preview(engine, user_id, content))
    later = content.replace(soon, "2020-01-01 09:00")
    assert _preview(engine, user_id, later).bad  # another row
    assert _preview(engine, user_id, content).rows[0].before


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf \n", "is empty"),
        (b"title,script\n", "no rows below"),
        (b"titel,script\na,b\n", "Did you mean 'title'"),
        (b"title,script,colour\na,b,c\n", "no column called 'colour'"),
        (b"title,Title\na,b\n", "twice"),
        (b"title;script\na;b\n", "semicolons"),
        (b"title,script\na,b,c\n", "Line 2 of The file has 3 cells, and there are 2 columns"),
        (b"title,\na,b\n", "a column without a name"),
        (b'title,script\na,"b\n', "quotation marks"),
        ("title\nTée\n".encode("latin-1"), "not UTF-8 text .line 2."),
        ("title\nTea\n".encode("utf-16"), "not UTF-8"),
        (b"title,script\na,b\0c\n", "not a text file"),
        (b"title\n" + b"x" * 1_000_000, "the limit is 1 MB"),
    ],
)
def test_what_is_no_such_table_is_refused_as_a_whole(data: bytes, said: str):
    with pytest.raises(InvalidInput, match=said):
        read_file(data)


def test_cells_are_taken_as_they_are_written():
    data = b"title,script,duration\nNA,0012,007\nnull,1e5\n-5,3.0,nan\n"
    assert [dict(row.cells) for row in read_file(data)] == [
        {"title": "NA", "script": "0012", "duration": "007"},
        {"title": "null", "script": "1e5"},
        {"title": "-5", "script": "3.0", "duration": "nan"},
    ]
    assert set(COLUMNS) == {
        "title", "prompt", "script", "scheduled_at", "timezone", "duration", "look", "subtitle_style", "aspect_ratio",
        "voice", "language",
    }  # fmt: skip


def test_no_spreadsheet_runs_what_is_written():
    dangerous = ("=1+1", "+1", "-1", "@x", "\tx", "\rx")
    harmless = ("a=1", 'a "b", c', "two\nlines", "")
    written = write_file(["title"], [[cell] for cell in (*dangerous, *harmless)])
    cells = [row["title"] for row in csv.DictReader(StringIO(written, newline=""))]
    assert cells == [*(f"'{cell}" for cell in dangerous), *harmless]


def test_a_picture_is_looked_up_beside_the_file_only_where_there_is_one(engine: Engine, user_id: UUID, tmp_path: Path):
    Image.new("RGB", (800, 600)).save(tmp_path / "fox.jpg")
    content = b"script\n[image: fox.jpg] The fox runs.\n"
    assert preview_file(engine, user_id, content, BulkOptions(folder=tmp_path)).new
    assert "fox.jpg" in " ".join(preview_file(engine, user_id, content, BulkOptions()).rows[0].errors)
