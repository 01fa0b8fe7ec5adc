"""Which keys this database was filled under."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from xuexin_api.models.base import Base


class Installation(Base):
    """One row: a known word, hashed and sealed under the keys of the first start."""

    __tablename__ = "installation"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(SmallInteger(), primary_key=True, autoincrement=False)
    lookup_mark: Mapped[bytes]
    sealed_mark: Mapped[bytes]
