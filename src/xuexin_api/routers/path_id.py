"""The ids that stand in addresses."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path

from xuexin_api.schemas.types import Id

PathId = Annotated[Id, Path(examples=["0199a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b"])]
