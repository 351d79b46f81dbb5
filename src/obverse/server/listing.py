"""The API on one page for people, made from its OpenAPI document; no scripts, nothing fetched."""

from __future__ import annotations

import json
from base64 import b64encode
from hashlib import sha256
from html import escape
from typing import Any

from fastapi import APIRouter, Request, Response

routes = APIRouter()

STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 56rem; margin: 2rem auto; padding: 0 1rem; }
h2 { margin: 2.5rem 0 .5rem; text-transform: capitalize; }
details { border-top: 1px solid #8884; padding: .5rem 0; }
summary { cursor: pointer; }
code, pre { font: 14px/1.45 ui-monospace, monospace; }
summary b { display: inline-block; min-width: 4.5rem; font: 600 13px ui-monospace, monospace; }
pre { overflow-x: auto; padding: .75rem; background: #8881; border-radius: 6px; }
td { padding: .1rem 1rem .1rem 0; vertical-align: top; }
"""
POLICY = (
    f"default-src 'none'; style-src 'sha256-{b64encode(sha256(STYLE.encode()).digest()).decode()}'"
)


@routes.get("/docs", include_in_schema=False)
async def docs(request: Request) -> Response:
    page = render(request.app.openapi())
    headers = {"Content-Security-Policy": POLICY}
    return Response(page, headers=headers, media_type="text/html; charset=utf-8")


def render(told: dict[str, Any]) -> str:
    """The document as a page."""
    parts: dict[str, list[str]] = {}
    for path, methods in told["paths"].items():
        for method, route in methods.items():
            parts.setdefault(route["tags"][0], []).append(_route(method, path, route))
    title = f"{escape(told['info']['title'])} {escape(told['info']['version'])}"
    about = "".join(f"<p>{escape(text)}" for text in told["info"]["description"].split("\n\n"))
    body = "".join(f"<h2>{escape(tag)}</h2>{''.join(found)}" for tag, found in parts.items())
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style>'
        f'<h1>{title}</h1>{about}<p>The same for programs: <a href="/openapi.json">openapi.json</a>'
        f"{body}</html>"
    )


def _route(method: str, path: str, route: dict[str, Any]) -> str:
    fields = _fields(route)
    rows = "".join(f"<tr><td><code>{escape(n)}</code><td>{escape(t)}" for n, t in fields)
    codes = "".join(
        f"<tr><td>{code}<td>{escape(answer['description'])}"
        for code, answer in sorted(route["responses"].items())
    )
    table = f"<table>{rows}</table>" if rows else ""
    return (
        f"<details><summary><b>{method.upper()}</b><code>{escape(path)}</code> – "
        f"{escape(route['summary'])}</summary><p>{escape(route.get('description', ''))}"
        f"{table}{_example(route)}<table>{codes}</table></details>"
    )


def _fields(route: dict[str, Any]) -> list[tuple[str, str]]:
    found = [(p["name"], f"in the {p['in']}") for p in route.get("parameters", [])]
    content = route.get("requestBody", {}).get("content", {})
    schema = next(iter(content.values()))["schema"] if content else {}
    for name, field in schema.get("properties", {}).items():
        usual = f", {json.dumps(field['default'])} if left out" if "default" in field else ""
        found.append((name, f"{field.get('description', 'in the body')}{usual}"))
    return found


def _example(route: dict[str, Any]) -> str:
    for answer in route["responses"].values():
        for content in answer.get("content", {}).values():
            if "example" in content:
                shown = content["example"]
                text = shown if isinstance(shown, str) else json.dumps(shown, indent=1)
                return f"<pre>{escape(text)}</pre>"
    return ""
