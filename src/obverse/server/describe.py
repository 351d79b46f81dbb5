"""Routes described for OpenAPI: bodies, examples, and the problems each may end in."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from obverse.server.errors import MEDIA_TYPE

PROBLEM: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What happened."},
        "code": {"type": "string", "description": "The class of the error."},
        "where": {"type": "string", "description": "The field concerned."},
        "hint": {"type": "string", "description": "What to do next."},
    },
    "example": {
        "type": "about:blank",
        "title": "Unsupported Media Type",
        "status": 415,
        "detail": "not a picture in any known format",
        "code": "NotAPhoto",
        "hint": "use JPEG, PNG, WebP, AVIF, HEIC, TIFF, BMP or GIF",
    },
}
ALWAYS = {
    400: "The request makes no sense.",
    401: "A key is needed, or the one sent is wrong.",
    403: "Refused, whatever the key.",
    422: "A parameter or a field makes no sense, or a photo cannot be used.",
    429: "You ask faster than is served; see Retry-After.",
    501: "A part or a model that it needs is not installed.",
    503: "Everyone together does; see Retry-After.",
}
BODY = {
    408: "The body took too long to arrive.",
    413: "The body, or a picture, is too large.",
    415: "Not a picture, or a body of a media type that is not taken.",
}
ATTRIBUTES: dict[str, Any] = {
    "name": "attributes",
    "in": "query",
    "description": "Attributes that some item has, each a parameter of its own with its value.",
    "style": "form",
    "explode": True,
    "schema": {"type": "object", "additionalProperties": {"type": "string"}},
    "example": {"country": "Norland"},
}
MISSING = {404: "No such thing."}
TAKEN = {409: "Another item has that id."}
CHANGED = {409: "What it would take back was changed since."}


def responses(
    *more: dict[int, str],
    example: Any = None,
    kind: str = "application/json",
    status: int = 200,
    text: str = "Done.",
    schema: dict[str, Any] | None = None,
) -> dict[int | str, dict[str, Any]]:
    """For a route's ``responses``: what it answers, and the problems it may end in."""
    content: dict[str, Any] = {"schema": schema or {"type": "object"}}
    if example is not None:
        content["example"] = example
    if kind.startswith(("image/", "application/zip")):
        content = {"schema": {"type": "string", "format": "binary"}}
    told: dict[int | str, dict[str, Any]] = {status: {"description": text}}
    if status != 204:
        told[status]["content"] = {kind: content}
    reference = {"schema": {"$ref": "#/components/schemas/Problem"}}
    for part in (ALWAYS, *more):
        for code, what in part.items():
            told[code] = {"description": what, "content": {MEDIA_TYPE: reference}}
    return told


def upload(
    model: type[BaseModel],
    *,
    most: int,
    least: int = 1,
    name: str = "photo",
    as_json: bool = True,
) -> dict[str, Any]:
    """For a route's ``openapi_extra``: photos and fields, as a form or as JSON."""
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    fields = schema.get("properties", {})
    needed = [*schema.get("required", []), *([name] if least else [])]
    binary = {"type": "string", "format": "binary"}
    files = {"type": "array", "items": binary, "minItems": least, "maxItems": most}
    form = {"type": "object", "properties": {name: binary if most == 1 else files, **fields}}
    content: dict[str, Any] = {
        "multipart/form-data": {"schema": {**form, "required": needed} if needed else form}
    }
    if as_json:
        texts = {
            "type": "array",
            "items": {"type": "string", "format": "byte"},
            "minItems": least,
            "maxItems": most,
            "description": "The pictures in base64.",
        }
        needed = [*schema.get("required", []), *([f"{name}s"] if least else [])]
        whole = {"type": "object", "properties": {f"{name}s": texts, **fields}}
        content["application/json"] = {"schema": {**whole, "required": needed} if needed else whole}
    return {"requestBody": {"required": True, "content": content}}


def body(model: type[BaseModel], example: Any) -> dict[str, Any]:
    """For a route's ``openapi_extra``: a JSON body."""
    content = {"schema": model.model_json_schema(), "example": example}
    return {"requestBody": {"required": True, "content": {"application/json": content}}}
