"""What people read and ask, counted by day; and whether it helped. Nobody's name is in it."""

from __future__ import annotations

from datetime import date

from sqlalchemy.orm import Mapped, mapped_column

from xuexin_api.models.base import Base


class HelpInterest(Base):
    """How often a topic was opened and asked for on one day in China."""

    __tablename__ = "help_interest"

    day: Mapped[date] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(primary_key=True)
    opened: Mapped[int]
    asked: Mapped[int]


class HelpFeedback(Base):
    """How many said on one day that the article helped, and how many that it did not."""

    __tablename__ = "help_feedback"

    day: Mapped[date] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(primary_key=True)
    helped: Mapped[int]
    not_helped: Mapped[int]
