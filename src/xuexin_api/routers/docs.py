"""The documentation page: served whole by us, so that it works where nothing else can be reached."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from importlib import resources
from typing import Final

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from xuexin_api.routers.entity_tags import tagged

router = APIRouter(include_in_schema=False)

_KINDS: Final = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon-32x32.png": "image/png",
    "start.js": "text/javascript",
}
_PAGE: Final = """<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>学信 API</title>
<link rel="icon" href="/docs/assets/favicon-32x32.png">
<link rel="stylesheet" href="/docs/assets/swagger-ui.css">
</head>
<body>
<div id="contract"></div>
<script src="/docs/assets/swagger-ui-bundle.js"></script>
<script src="/docs/assets/start.js"></script>
</body>
</html>
"""
# A file of its own: the page's content security policy allows no script inside the page.
_START: Final = """SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#contract",
  deepLinking: true,
  docExpansion: "list",
  validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis],
});
"""


@cache
def _asset(name: str) -> bytes:
    if name == "start.js":
        return _START.encode()
    return (resources.files("fastapi_swagger") / "resources" / name).read_bytes()


@router.get("/docs")
async def get_docs() -> Response:
    """The page."""
    return Response(_PAGE, media_type="text/html")


@router.get("/docs/assets/{name}")
async def get_docs_asset(name: str) -> Response:
    """One of a few files of the page, by name."""
    if name not in _KINDS:
        raise HTTPException(404)
    return Response(_asset(name), media_type=_KINDS[name], headers={"Cache-Control": "public, max-age=86400"})


@router.get("/openapi.json")
async def get_openapi_document(request: Request) -> Response:
    """The contract, with an entity tag."""
    state = request.app.state
    if getattr(state, "openapi_json", None) is None:
        content = json.dumps(request.app.openapi(), ensure_ascii=False, separators=(",", ":")).encode()
        state.openapi_json = content, hashlib.sha256(content).hexdigest()
    content, tag = state.openapi_json
    known = request.headers.get("if-none-match")
    return tagged(content, tag, known, media_type="application/json", cache_control="no-cache")
