"""`vidgen report`: what is printed, written and drawn."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from PIL import Image
from sqlalchemy import Engine, text

from vidgen_pipeline.domain.errors import InvalidInput
from vidgen_pipeline.services.charts import MOST_BARS, Bar, draw_bars
from vidgen_pipeline.services.reports import Kind, Report, first_day, make_report, write_chart, write_csv
from vidgen_pipeline_tests.analytics.seed import ADA, AS_OF, BEES, BOB, RAIN
from vidgen_pipeline_tests.cli.conftest import Run, run

__all__ = ["run"]  # the fixture

TODAY = AS_OF.date()
BLUE, ORANGE = (0x2F, 0x6F, 0xDE), (0xD9, 0x82, 0x2B)


def rows(report: Report, *columns: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in report.table[list(columns)].itertuples(index=False)]


def made(world: Engine, kind: str, **how: Any) -> Report:
    return make_report(world, kind, today=TODAY, **how)


def test_cost_by_every_grouping_sums_up_to_the_same(world: Engine):
    assert rows(made(world, "cost"), "provider", "calls", "usd", "share_percent") == [
        ("elevenlabs", 3, Decimal("1.02"), Decimal("65.4")),
        ("runway", 3, Decimal("0.33"), Decimal("21.2")),
        ("openai_gpt", 2, Decimal("0.21"), Decimal("13.5")),
    ]
    assert rows(made(world, "cost", by="day"), "day", "usd") == [
        (date(2026, 11, 1), 0),
        (date(2026, 11, 3), Decimal("1.45")),
        (date(2026, 11, 4), Decimal("0.11")),
    ]
    assert rows(made(world, "cost", by="video"), "video_id", "usd")[:2] == [
        (RAIN, Decimal("0.8")),
        (BEES, Decimal("0.65")),
    ]
    assert rows(made(world, "cost", since="2026-11-04"), "provider", "usd") == [("openai_gpt", Decimal("0.11"))]
    assert rows(made(world, "cost", user_id=BOB), "provider", "usd") == [("elevenlabs", Decimal("0.8"))]
    totals = {made(world, "cost", by=by).table["usd"].sum() for by in ("provider", "step", "day", "model", "video")}
    assert totals == {Decimal("1.56")}


def test_health_merges_hours_and_endpoints(world: Engine):
    whole = made(world, "health", by="step")
    assert rows(whole, "step", "calls", "errors", "limited", "unanswered", "p50_ms") == [
        ("voice", 6, 3, 2, 1, 100),
        ("video_ai", 1, 0, 0, 0, 48),
    ]
    assert rows(
        made(world, "health", by="endpoint", since="6d", user_id=ADA), "provider", "endpoint", "calls", "error_percent"
    ) == [
        ("elevenlabs", "/v1/text-to-speech/{id}", 1, 100),
        ("runway", "/v1/image_to_video", 1, 0),
    ]


def test_drift_by_step_has_the_whole_videos_as_a_line_and_by_provider_has_not(world: Engine):
    assert rows(made(world, "drift"), "estimate_of", "estimates", "bias_percent", "p90_off_percent") == [
        ("script", 1, 25, 25),
        ("video", 2, Decimal("-3.3"), 29),
        ("video_ai", 1, 0, 0),
        ("voice", 2, 2, 9),
    ]
    assert rows(made(world, "drift", by="provider"), "provider", "bias_percent") == [
        ("openai_gpt", 25),
        ("runway", 0),
        ("elevenlabs", 2),
    ]
    assert rows(made(world, "drift", by="video"), "title", "drift_percent") == [("Bees", 30), ("Rain", -20)]


def test_limits_are_ones_own_and_those_of_all(world: Engine):
    with world.begin() as connection:
        connection.execute(text("UPDATE budgets SET period = 'video' WHERE period = 'month'"))  # today is not November
    assert rows(made(world, "budget", user_id=ADA), "who", "period") == [("ada", "video"), ("all together", "video")]
    assert len(made(world, "budget").table) == 4


@pytest.mark.parametrize(
    ("written", "begins"),
    [(None, date(2026, 10, 11)), ("7d", date(2026, 11, 3)), (" 0D ", TODAY), ("2026-02-28", date(2026, 2, 28))],
)
def test_since_is_a_number_of_days_or_a_date(written: str | None, begins: date):
    assert first_day(written, TODAY) == begins


@pytest.mark.parametrize("written", ["", "yesterday", "7", "-7d", "9999d", "2026-02-30", "2027-01-01", "0001-01-01"])
def test_a_since_that_means_nothing_is_refused(written: str):
    with pytest.raises(InvalidInput, match="30d or 2026-10-31"):
        first_day(written, TODAY)


def recent(engine: Engine) -> None:
    """The world as if it were of these days."""
    with engine.begin() as connection:
        shift = {"days": (datetime.now(UTC).date() - TODAY).days}
        connection.execute(
            text("UPDATE provider_calls SET finished_at = finished_at + make_interval(days => :days)"), shift
        )


def read_csv(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_the_command_prints_writes_and_draws(world: Engine, run: Run):
    recent(world)
    printed = run("report")
    assert printed.exit_code == 0
    assert [word in printed.stdout for word in ("Cost by provider since", "elevenlabs", "1.0200", "65.4")] == [True] * 4
    written = run("report", "cost", "--by", "model", "--csv", "cost.csv", "--plot", "cost.png")
    assert (written.exit_code, written.stdout) == (0, "Written: cost.csv\nDrawn: cost.png\n")
    assert read_csv(Path("cost.csv")) == [
        ["provider", "model", "calls", "usd", "share_percent"],
        ["elevenlabs", "v3", "3", "1.020000", "65.4"],
        ["runway", "gen4", "3", "0.330000", "21.2"],
        ["openai_gpt", "gpt", "2", "0.210000", "13.5"],
    ]
    with Image.open("cost.png") as image:
        assert (image.format, image.width) == ("PNG", 1200)
    assert "all together" in run("report", "budget").stdout
    assert "There is nothing to report." in run("report", "health", "--since", "0d").stdout


@pytest.mark.parametrize(
    ("arguments", "phrase"),
    [
        (("costs",), "Did you mean 'cost'?"),
        (("cost", "--by", "colour"), "There are: provider, step, day, model, video."),
        (("health", "--by", "video"), "There are: provider, endpoint, step, day, model."),
        (("budget", "--by", "day"), "Leave out --by"),
        (("cost", "--since", "soon"), "30d or"),
        (("cost", "--csv", "no/such/folder/a.csv"), "can't be written"),
        (("cost", "--plot", "no/such/folder/a.png"), "can't be written"),
    ],
)
def test_what_can_not_be_reported_is_a_sentence(arguments: Sequence[str], phrase: str, run: Run):
    ran = run("report", *arguments)
    assert ran.exit_code == 2
    assert phrase in ran.stderr


def test_no_cell_of_a_file_is_taken_for_a_formula(tmp_path: Path):
    titles = ["=1+1", "+49 30", "-2 nights", "@home", "\tx", "\r=1", " =1", "2 = 2", 'a "quoted", one', "Bees"]
    table = pd.DataFrame({"title": titles, "drift_usd": [Decimal("-0.2")] * len(titles)})
    write_csv(Report(Kind.DRIFT, "Drift", table), tmp_path / "a.csv")
    cells = [row[0] for row in read_csv(tmp_path / "a.csv")[1:]]
    assert cells[:7] == ["'=1+1", "'+49 30", "'-2 nights", "'@home", "'\tx", "'\r=1", "' =1"]
    assert cells[7:] == ["2 = 2", 'a "quoted", one', "Bees"]
    assert read_csv(tmp_path / "a.csv")[1][1] == "-0.2"  # a number stays one


def lengths(image: Image.Image, colour: tuple[int, int, int]) -> list[int]:
    """How long the bars of this colour are, in px, from top to bottom."""
    found: list[int] = []
    pixels = image.load()
    assert pixels is not None
    inside = False
    for y in range(image.height):
        length = sum(pixels[x, y] == colour for x in range(image.width))
        if length and not inside:
            found.append(length)
        inside = bool(length)
    return found


def test_bars_are_as_long_as_their_numbers():
    image = draw_bars([Bar("a", 100), Bar("b", 50), Bar("c", -25), Bar("d", 0)], title="Bars", unit="USD")
    blue, orange = lengths(image, BLUE), lengths(image, ORANGE)
    assert len(blue) == 3
    assert blue[0] == pytest.approx(2 * blue[1], abs=3)
    assert orange[0] == pytest.approx(blue[0] / 4, abs=3)
    assert blue[2] <= 2


def test_a_chart_of_nothing_or_of_much_is_still_a_picture(tmp_path: Path, world: Engine):
    assert lengths(draw_bars([], title="None", unit="USD"), BLUE) == []
    many = draw_bars([Bar(f"{'a very long endpoint ' * 9}{n}", n + 1) for n in range(60)], title="Many", unit="ms")
    assert len(lengths(many, BLUE)) == MOST_BARS
    for kind, by in (("drift", "video"), ("drift", "step"), ("health", None), ("cost", "day"), ("budget", None)):
        write_chart(made(world, kind, by=by), tmp_path / f"{kind}-{by}.png")
        with Image.open(tmp_path / f"{kind}-{by}.png") as image:
            image.load()
