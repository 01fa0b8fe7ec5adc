"""How lists are asked for, page by page."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from xuexin_api.schemas.types import Cursor, Number

PageCursor = Annotated[Cursor | None, Query(description="`next_cursor` of the page before.")]
PageLimit = Annotated[Number, Query(ge=1, le=100, description="Entries per page.")]
