"""A roster's rows: what they say of a student, and everything that is wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from operator import itemgetter
from typing import Any, Final, NamedTuple

from xuexin_api.core.code_tables import EnrollmentStatus
from xuexin_api.core.documents import (
    Document,
    Sex,
    birth_date_of,
    document_from_roster,
    id_card_of_birth,
    sex_of,
    sex_of_id_card,
)
from xuexin_api.core.errors import BrokenRuleError
from xuexin_api.core.names import normalise_name
from xuexin_api.core.roster import COLUMNS, MAY_BE_MISSING, NOT_KEPT, Cell, InstitutionNames, RowError, parse_header
from xuexin_api.core.roster_cells import (
    CELL_RULES,
    LONGEST_CELL,
    LONGEST_TEXT,
    check_cell,
    read_candidate_number,
    read_student_number,
    text_of_cell,
)

_BETWEEN: Final = "\x1f"
# Of what becomes of a row: another number where a row of the same text would become another record.
_RULES_VERSION: Final = 1
_MEMORY: Final = 20_000
_COHORTS: Final = 5_000
_LONGEST_OF_COHORT: Final = 400
_COHORT_COLUMNS: Final = frozenset("YXDM YXMC ZYDM ZYMC FY XSH BH CC XZ XXXS DQSZJ RXRQ YJBYRQ ZCZT".split())
_FURTHEST_ADMISSION: Final = timedelta(days=366)
EARLIEST_ADMISSION: Final = date(1949, 10, 1)


class Cohort(NamedTuple):
    """What the rows of a class have in common."""

    institution_code: str
    level: str
    programme_code: str
    programme_name: str
    duration_years: Decimal
    category: str
    study_form: str
    branch: str | None
    department: str | None
    class_name: str | None
    grade: int | None
    admission_date: date
    status: EnrollmentStatus
    expected_graduation_date: date | None


class RosterRow(NamedTuple):
    """A student as the school reports it, every word in the archive's spelling."""

    student_number: str
    document: Document
    name: str
    sex: Sex
    birth_date: date
    ethnicity: str
    candidate_number: str | None
    cohort: Cohort


def _remember(known: dict[Any, Any], key: object, value: object, most: int = _MEMORY) -> None:
    """Most columns of a roster have few values. Bounded, and emptied when full."""
    if len(known) >= most:
        known.clear()
    known[key] = value


class RosterRowParser:
    """Parses rows of one file. A broken row gives every broken cell, not only the first."""

    def __init__(
        self,
        header: Sequence[Cell],
        institutions: InstitutionNames,
        today: date,
        only_institution: str | None = None,
    ) -> None:
        self._places = parse_header(header)
        self._today = today
        self._latest_admission = today + _FURTHEST_ADMISSION
        self._width = max(self._places.values()) + 1
        words: dict[str, dict[str, Any]] = {code: {} for code, _, worth in CELL_RULES if worth}
        self._rules: list[tuple[str, int, dict[str, Any] | None, Callable[[str], Any], bool]] = [
            (code, self._places[code], words.get(code), rule, code in MAY_BE_MISSING)
            for code, rule, _ in CELL_RULES
            if code in self._places
        ]
        kept = [code for code in COLUMNS if code in self._places and code not in NOT_KEPT]
        self._kept_cells = itemgetter(*(self._places[code] for code in kept))
        self._kept_columns = f"{_RULES_VERSION}{_BETWEEN}{','.join(kept)}{_BETWEEN}"
        self._institution = institutions.resolve
        self._only_institution = only_institution
        self._school_cells = itemgetter(self._places["YXDM"], self._places["YXMC"])
        self._known_institutions: dict[tuple[Cell, Cell], str] = {}
        # What rows in a row are alike in, and what the good ones among them said.
        self._cohort_cells = itemgetter(*(self._places[code] for code in kept if code in _COHORT_COLUMNS))
        self._cohorts: dict[tuple[Cell, ...], Cohort] = {}
        self._own_cells = itemgetter(*(self._places[code] for code in ("XH", "XM", "XB", "CSRQ", "SFZH", "MZ")))
        self._candidate_place = self._places.get("KSH")
        self._sexes, self._ethnicities = words["XB"], words["MZ"]
        self._births: dict[str, tuple[date, str]] = {}

    def text_of(self, cells: Sequence[Cell]) -> str:
        """All that is kept of a row as one text: of two equal ones the same becomes."""
        if len(cells) < self._width:
            cells = [*cells, *[None] * (self._width - len(cells))]
        kept = self._kept_cells(cells)
        try:
            return self._kept_columns + _BETWEEN.join(kept)
        except TypeError:
            texts = [cell.strip() if isinstance(cell, str) else text_of_cell(cell) for cell in kept]
            return self._kept_columns + _BETWEEN.join(texts)

    def institution_of(self, cells: Sequence[Cell]) -> str | None:
        """The school of a row, where it is one that may come in."""
        if len(cells) < self._width:
            return None
        return self._known_institutions.get(self._school_cells(cells)) or self._school(0, cells, [])

    def parse(self, line: int, cells: Sequence[Cell]) -> RosterRow | list[RowError]:
        """The row, or everything that is wrong with it."""
        return self._parse_familiar(cells) or self._parse_cell_by_cell(line, cells)

    def _parse_familiar(self, cells: Sequence[Cell]) -> RosterRow | None:
        """A row whose words have been met, of a mainland number: nearly all are. None of what needs a closer look.

        What stands in the memories came out of good rows, and was text or nothing.
        """
        try:
            cohort = self._cohorts[self._cohort_cells(cells)]
            number, name, sex_word, birth_word, card, ethnicity_word = self._own_cells(cells)
            sex, ethnicity = self._sexes[sex_word], self._ethnicities[ethnicity_word]
            birth_date, digits = self._births[birth_word]
            document = id_card_of_birth(card, digits)
            candidate: Any = None if self._candidate_place is None else cells[self._candidate_place]
            if document is None or sex_of_id_card(card) is not sex or birth_date >= cohort.admission_date:
                return None
            return RosterRow(
                read_student_number(number),
                document,
                normalise_name(name),
                sex,
                birth_date,
                ethnicity,
                read_candidate_number(candidate) if candidate else None,
                cohort,
            )
        except (LookupError, TypeError, AttributeError, BrokenRuleError):
            # Not met yet, too short a row, no text, or broken.
            return None

    def _parse_cell_by_cell(self, line: int, cells: Sequence[Cell]) -> RosterRow | list[RowError]:
        errors: list[RowError] = []
        if len(cells) < self._width:
            cells = [*cells, *[None] * (self._width - len(cells))]
        values: dict[str, Any] = {}
        for code, place, remembered, rule, optional in self._rules:
            cell = cells[place]
            # Most cells have been seen before, exactly like this; they are text, and not longer than is kept.
            if remembered is not None and cell in remembered and isinstance(cell, str):
                values[code] = remembered[cell]
                continue
            text = cell.strip() if isinstance(cell, str) else text_of_cell(cell)
            if not text:
                values[code] = None
                if not optional:
                    errors.append(RowError(line, code, "cell_empty", {}))
                continue
            try:
                check_cell(code, cell, text)
                values[code] = value = rule(text)
                if remembered is not None and isinstance(cell, str) and len(cell) <= LONGEST_CELL:
                    _remember(remembered, cell, value)
            except BrokenRuleError as broken:
                errors.append(RowError(line, code, broken.code, broken.params))
        document = self._document(line, cells[self._places["SFZH"]], errors)
        institution = self._school(line, cells, errors)
        if document is not None:
            self._check_agreement(line, document, values, errors)
        self._check_dates(line, values, errors)
        if errors or document is None or institution is None:
            return errors
        return RosterRow(
            values["XH"],
            document,
            values["XM"],
            values["XB"],
            values["CSRQ"],
            values["MZ"],
            values.get("KSH"),
            self._cohort(cells, institution, values),
        )

    def _cohort(self, cells: Sequence[Cell], institution: str, values: Mapping[str, Any]) -> Cohort:
        """Of a good row; the next one like it will be familiar."""
        study_form, category = values["XXXS"]
        cohort = Cohort(
            institution,
            values["CC"],
            values["ZYDM"],
            values["ZYMC"],
            values["XZ"],
            category,
            study_form,
            values.get("FY"),
            values.get("XSH"),
            values.get("BH"),
            values.get("DQSZJ"),
            values["RXRQ"],
            values["ZCZT"],
            values.get("YJBYRQ"),
        )
        alike = self._cohort_cells(cells)
        texts = [cell or "" for cell in alike if cell is None or isinstance(cell, str)]
        if len(texts) == len(alike) and sum(map(len, texts)) <= _LONGEST_OF_COHORT:
            _remember(self._cohorts, alike, cohort, _COHORTS)
        born = cells[self._places["CSRQ"]]
        if isinstance(born, str) and len(born) <= LONGEST_CELL:
            _remember(self._births, born, (values["CSRQ"], f"{values['CSRQ']:%Y%m%d}"))
        return cohort

    def _document(self, line: int, cell: Cell, errors: list[RowError]) -> Document | None:
        if isinstance(cell, int | float):
            # A spreadsheet keeps 15 digits of a number: the last three of an 18-digit one are already zeros.
            errors.append(RowError(line, "SFZH", "number_stored_as_number", {}))
            return None
        text = text_of_cell(cell)
        if not text:
            errors.append(RowError(line, "SFZH", "cell_empty", {}))
            return None
        try:
            return document_from_roster(text, self._today)
        except BrokenRuleError as broken:
            errors.append(RowError(line, "SFZH", broken.code, broken.params))
            return None

    def _school(self, line: int, cells: Sequence[Cell], errors: list[RowError]) -> str | None:
        typed = (cells[self._places["YXDM"]], cells[self._places["YXMC"]])
        known = self._known_institutions.get(typed)
        if known is not None:
            return known
        pair = (text_of_cell(typed[0]), text_of_cell(typed[1]))
        if max(map(len, pair)) > LONGEST_TEXT:
            column = "YXDM" if len(pair[0]) > LONGEST_TEXT else "YXMC"
            errors.append(RowError(line, column, "cell_too_long", {"longest": LONGEST_TEXT}))
            return None
        try:
            found = self._institution(*pair)
            if self._only_institution not in {None, found}:
                raise BrokenRuleError("institution_not_yours")
        except BrokenRuleError as broken:
            column = "YXMC" if broken.code == "institution_name_mismatch" or not pair[0] else "YXDM"
            errors.append(RowError(line, column, broken.code, broken.params))
            return None
        if pair == typed:
            _remember(self._known_institutions, typed, found)
        return found

    @staticmethod
    def _check_agreement(line: int, document: Document, values: Mapping[str, Any], errors: list[RowError]) -> None:
        born, sex = birth_date_of(document), sex_of(document)
        if born is not None and values.get("CSRQ") not in {None, born}:
            errors.append(RowError(line, "CSRQ", "birth_date_mismatch", {}))
        if sex is not None and values.get("XB") not in {None, sex}:
            errors.append(RowError(line, "XB", "sex_mismatch", {}))

    def _check_dates(self, line: int, values: Mapping[str, Any], errors: list[RowError]) -> None:
        born, entered, leaves = values.get("CSRQ"), values.get("RXRQ"), values.get("YJBYRQ")
        if born is not None and born > self._today:
            errors.append(RowError(line, "CSRQ", "date_impossible", {}))
        if entered is not None and (
            not EARLIEST_ADMISSION <= entered <= self._latest_admission or (born is not None and entered <= born)
        ):
            errors.append(RowError(line, "RXRQ", "date_impossible", {}))
        if leaves is not None and entered is not None and leaves <= entered:
            errors.append(RowError(line, "YJBYRQ", "date_impossible", {}))
