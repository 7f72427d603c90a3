"""The OpenAPI document: as it is in docs/, complete, and with examples that are what they are examples of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import FastAPI
from jsonschema_rs import Draft202012Validator

from vidgen_pipeline.api.__main__ import openapi_text

DOCS = Path(__file__).parents[2] / "docs"


def test_the_document_in_docs_is_that_of_the_code():
    assert (DOCS / "openapi.json").read_text(encoding="utf-8") == openapi_text(), (
        "python -m vidgen_pipeline.api --openapi > docs/openapi.json"
    )


def test_every_operation_is_named_tagged_guarded_and_described(app: FastAPI):
    document = app.openapi()
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    names = [operation["operationId"] for operation in operations]
    assert len(set(names)) == len(names)
    known = {tag["name"] for tag in document["tags"]}
    for operation in operations:
        assert set(operation["tags"]) <= known
        assert operation["summary"]
        assert operation["description"]
        assert "security" in operation, operation["operationId"]
        if operation["security"]:
            assert {"401", "403", "429", "500"} <= set(operation["responses"])


def test_every_json_body_and_answer_has_an_example_that_is_one(app: FastAPI):
    document = app.openapi()
    checked = 0
    for where, media in _json_contents(document):
        assert "example" in media, where
        schema = {**media["schema"], "components": document["components"]}
        errors = [error.message for error in Draft202012Validator(schema).iter_errors(media["example"])]
        assert errors == [], (where, errors)
        checked += 1
    assert checked > 80


def _json_contents(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    found = []
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            holders = [operation.get("requestBody", {}), *operation["responses"].values()]
            for holder in holders:
                for kind, media in holder.get("content", {}).items():
                    if kind.endswith("json"):
                        found.append((f"{method} {path} {kind}", media))
    for name, response in document["components"]["responses"].items():
        found += [(name, media) for media in response["content"].values()]
    return found
