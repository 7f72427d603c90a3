from pathlib import Path

from vidgen_pipeline.services.provider_docs import providers_page

PAGE = Path(__file__).parents[2] / "docs" / "providers.md"


def test_the_page_says_what_the_catalogue_says():
    again = "python -m vidgen_pipeline.services.provider_docs > docs/providers.md"
    assert PAGE.read_text(encoding="utf-8") == providers_page(), f"write it anew: {again}"
