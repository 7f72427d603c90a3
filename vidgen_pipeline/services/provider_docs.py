"""The providers' page of the documentation, made from the catalogue.

`python -m vidgen_pipeline.services.provider_docs > docs/providers.md` writes it anew; a test compares the two.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from vidgen_pipeline.domain.providers import CatalogueModel, Category, Provider
from vidgen_pipeline.providers.catalogue import providers_of
from vidgen_pipeline.services.providers import describe_prices

_HEAD = """# Providers

Made from `vidgen_pipeline/providers/catalogue.toml`; `vidgen providers` shows the same with what is set up on your
machine. Every price has the date on which it was looked up.
"""


def providers_page() -> str:
    """The whole page, as Markdown."""
    return "\n".join([_HEAD, *_sections()])


def _sections() -> Iterator[str]:
    for category in Category:
        yield f"## {category.value.replace('_', ' ').capitalize().replace('ai', 'AI')}\n"
        yield "| provider | model | price | as of | key | remarks |\n|---|---|---|---|---|---|"
        for provider in providers_of(category):
            for model in provider.models:
                yield _row(provider, model)
        yield ""


def _row(provider: Provider, model: CatalogueModel) -> str:
    name = f"**{model.name}**" if model.name == provider.recommended_model and len(provider.models) > 1 else model.name
    remarks = [f"ends {model.retires_on}"] if model.retires_on else []
    if provider.retired_on is not None:
        remarks.append(
            f"retired {provider.retired_on}" + (f"; use {provider.replacement}" if provider.replacement else "")
        )
    if not provider.enabled:
        remarks.append("switched off")
    if model.name == provider.recommended_model and provider.note:
        remarks.append(provider.note)
    keys = ", ".join(f"`{variable}`" for variable in provider.key_variables) if provider.needs_key else "none"
    cells = [f"`{provider.id}`", name, describe_prices(model), str(model.price.as_of), keys, ". ".join(remarks)]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    sys.stdout.write(providers_page())
