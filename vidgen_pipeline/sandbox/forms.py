"""Multipart forms, read by Python's own MIME parser."""

from __future__ import annotations

from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP

from vidgen_pipeline.sandbox.validation import Detail, Problem, Refusal


@dataclass(frozen=True)
class Upload:
    """A file in a form."""

    file_name: str
    media_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class Form:
    """A form's text fields and files. A field named like `words[]`, or sent more than once, is a list."""

    fields: dict[str, str | list[str]]
    files: dict[str, Upload]


def read_form(content: bytes, content_type: str) -> Form:
    """The form in a `multipart/form-data` body. Raises Refusal."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1")
    message = BytesParser(policy=HTTP).parsebytes(head + content)
    if message.get_content_type() != "multipart/form-data" or not message.is_multipart():
        said = "Expected a multipart/form-data body"
        raise Refusal(Problem.INVALID, said, details=(Detail(("body",), said, "multipart_invalid"),))
    fields: dict[str, str | list[str]] = {}
    files: dict[str, Upload] = {}
    for part in message.iter_parts():
        name = str(part.get_param("name", header="content-disposition") or "")
        value = part.get_payload(decode=True)
        data = value if isinstance(value, bytes) else b""
        if (file_name := part.get_filename()) is not None:
            files[name] = Upload(file_name, part.get_content_type(), data)
            continue
        text = data.decode("utf-8", "replace")
        known = fields.get(name)
        if known is None:
            fields[name] = [text] if name.endswith("[]") else text
        else:
            fields[name] = [*(known if isinstance(known, list) else [known]), text]
    return Form(fields, files)
