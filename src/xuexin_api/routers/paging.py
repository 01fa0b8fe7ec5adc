"""How lists are asked for, page by page."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from xuexin_api.schemas.types import PLAINLY_WRITTEN, Cursor

PageCursor = Annotated[
    Cursor | None, Query(description="`next_cursor` of the page before.", examples=["AZmhssPUfl-Ka3yNng8aKw"])
]
PageLimit = Annotated[int, Query(ge=1, le=100, description="Entries per page."), PLAINLY_WRITTEN]
