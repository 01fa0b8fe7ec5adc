"""What a roster's staged rows are asked, and what becomes of them: the statements, in the order in which they run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from xuexin_api.core.record_life import ROSTER_MOVES
from xuexin_api.core.roster_rows import Cohort

# The record's columns as a roster gives them; what a later roster may change is compared column by column.
_FIXED: Final = ("student_number", "document_type", "document_key", "document_ciphertext")
_PERSONAL: Final = ("name", "sex", "birth_date", "ethnicity", "candidate_number")
_CHANGEABLE: Final = (*_PERSONAL, *(field for field in Cohort._fields if field != "institution_code"))
# What a certificate does not say may change until the day of leaving.
_UNCERTIFIED: Final = frozenset({"branch", "department", "class_name", "status"})
_CERTIFIED: Final = [column for column in _CHANGEABLE if column not in _UNCERTIFIED]
STAGED_COLUMNS: Final = (
    "line",
    "fingerprint",
    "person_id",
    "enrollment_id",
    *_FIXED,
    *_PERSONAL,
    *Cohort._fields,
    "registered_year",
)
RECOGNISED_COLUMNS: Final = ("line", "institution_code", "fingerprint")
REJECTED_COLUMNS: Final = ("line", "column_name", "code", "params")


def _list(alias: str, columns: Sequence[str]) -> str:
    return ", ".join(f"{alias}.{column}" for column in columns)


# 学年注册: the year of a row that says 注册学籍, unless the record is registered for a later one.
_YEAR: Final = "greatest(e.registered_year, s.registered_year)"
_NEW: Final = f"ROW({_list('s', _CHANGEABLE)}, {_YEAR})"
_OLD: Final = f"ROW({_list('e', _CHANGEABLE)}, e.registered_year)"
_MOVES: Final = ", ".join(f"('{source}', '{target}')" for source, target in sorted(ROSTER_MOVES))
_SAME_RECORD: Final = "e.institution_code = s.institution_code AND e.student_number = s.student_number"
_AS_JSON: Final = ", ".join(f"'{column}', {{0}}.{column}" for column in _CHANGEABLE)

CREATE: Final = f"""
CREATE {{kind}} TABLE IF NOT EXISTS staged AS SELECT 0 AS line, 0::bigint AS fingerprint, e.person_id,
e.id AS enrollment_id, {_list("e", STAGED_COLUMNS[4:])}, e.id AS known_id FROM enrollments e WITH NO DATA;
CREATE {{kind}} TABLE IF NOT EXISTS rejected (line integer, column_name text, code text, params text);
CREATE {{kind}} TABLE IF NOT EXISTS recognised (line integer, institution_code text, fingerprint bigint)
"""
# Every row of the file has been staged, rejected or recognised, up to the last line of them.
LAST_LINE: Final = """
SELECT greatest((SELECT max(line) FROM staged), (SELECT max(line) FROM rejected),
                (SELECT max(line) FROM recognised), 0)
"""
FINGERPRINTS: Final = """
SELECT roster_fingerprint # version FROM enrollments
WHERE institution_code = $1 AND roster_fingerprint IS NOT NULL ORDER BY 1
"""
LOCK: Final = """
SELECT pg_advisory_xact_lock(hashtext('roster ' || code))
FROM (SELECT institution_code AS code FROM staged UNION SELECT institution_code FROM recognised ORDER BY 1) AS schools
"""


def _repeated(column_name: str, code: str, *keys: str) -> str:
    """Rows of the file whose key stands in an earlier row of it."""
    same = " AND ".join(f"s.{key} = twice.{key}" for key in keys)
    present = " AND ".join(f"{key} IS NOT NULL" for key in keys)
    return f"""
    WITH twice AS (
        SELECT {", ".join(keys)}, min(line) AS first FROM staged WHERE {present}
        GROUP BY {", ".join(keys)} HAVING count(*) > 1
    )
    INSERT INTO rejected
    SELECT s.line, '{column_name}', '{code}', json_build_object('first_line', twice.first)::text
    FROM staged s JOIN twice ON {same} WHERE s.line > twice.first
    """


# Asked once, and before anything is written: a statement that looks for rows in the table it fills may, by an
# unlucky plan, go over all that it has written for each row that it writes.
FIND_RECORDS: Final = "UPDATE staged s SET known_id = e.id FROM enrollments e WHERE " + _SAME_RECORD
# What is published is judged as it stays: whoever withdraws a student meanwhile was here before, or comes after.
HOLD_RECORDS: Final = """
SELECT count(*) FROM (SELECT FROM enrollments e WHERE e.id IN (SELECT known_id FROM staged) ORDER BY e.id
                      FOR NO KEY UPDATE) AS held
"""
FIND_PERSONS: Final = """
UPDATE staged s SET person_id = p.id FROM persons p
WHERE p.document_key = s.document_key AND p.document_type = s.document_type AND p.id <> s.person_id
  AND s.known_id IS NULL
"""
# What begins by this roster: a new record, and one that would have begun earlier than it says. Else two uploads would
# do what one may not.
_BEGINS: Final = """
FROM staged s LEFT JOIN enrollments e ON e.id = s.known_id WHERE (e.id IS NULL OR s.admission_date < e.admission_date)
"""
ENTRY_DATES: Final = f"SELECT DISTINCT s.admission_date {_BEGINS}"
REJECT_LATE: Final = f"""
INSERT INTO rejected SELECT s.line, 'RXRQ', 'entered_too_long_ago', '{{}}' {_BEGINS} AND s.admission_date = ANY ($1)
"""
# What is about who brings it: records with the number, of their own or of the person whose they are by now, and new
# rows with it or with one that stands for the same person. Two halves, for an index leads to each.
REJECT_OWN: Final = """
WITH own AS (
    SELECT id, roster_fingerprint # version AS fingerprint FROM enrollments
    WHERE institution_code = $2 AND document_key = ANY ($1)
    UNION
    SELECT e.id, e.roster_fingerprint # e.version FROM persons p JOIN enrollments e ON e.person_id = p.id
    WHERE e.institution_code = $2 AND p.document_key = ANY ($1)
), numbers AS (
    SELECT unnest($1::bytea[]) AS document_key
    UNION
    SELECT f.document_key FROM former_identities f JOIN persons p ON p.id = f.person_id
    WHERE p.document_key = ANY ($1) AND f.stands_for AND f.undone_at IS NULL
)
INSERT INTO rejected SELECT line, 'SFZH', 'row_about_yourself', '{}' FROM (
    SELECT line FROM staged WHERE document_key IN (SELECT document_key FROM numbers) OR known_id IN (SELECT id FROM own)
    UNION
    SELECT k.line FROM recognised k JOIN own USING (fingerprint) WHERE k.institution_code = $2
) AS lines
"""
_CORRECTED_COLUMNS: Final = ", ".join(
    f"('{field}', '{column}')"
    for field, column in {
        "name": "XM",
        "sex": "XB",
        "birth_date": "CSRQ",
        "ethnicity": "MZ",
        "candidate_number": "KSH",
        "level": "CC",
        "programme_code": "ZYDM",
        "programme_name": "ZYMC",
        "duration_years": "XZ",
        "study_form": "XXXS",
        "category": "XXXS",
        "branch": "FY",
        "department": "XSH",
        "class_name": "BH",
        "admission_date": "RXRQ",
        "expected_graduation_date": "YJBYRQ",
    }.items()
)
# A correction was decided, perhaps by the province: the school's old list does not put back what was wrong, nor make a
# second record under the number that it had. Something new in a later list is the school's word, as everything else.
_REJECT_UNCORRECTED: Final = f"""
INSERT INTO rejected
SELECT DISTINCT s.line, corrected.column_name, 'corrected_meanwhile', '{{}}'
FROM enrollment_changes c
JOIN staged s ON s.known_id = c.enrollment_id
JOIN enrollments e ON e.id = c.enrollment_id
CROSS JOIN (VALUES {_CORRECTED_COLUMNS}) AS corrected (field, column_name)
WHERE c.change = 'correct_enrollment' AND c.before -> field = to_jsonb(s) -> field
  AND to_jsonb(e) -> field <> to_jsonb(s) -> field
UNION
SELECT s.line, 'XH', 'corrected_meanwhile', '{{}}'
FROM enrollment_changes c
JOIN enrollments e ON e.id = c.enrollment_id
JOIN staged s ON s.institution_code = e.institution_code AND s.student_number = c.before ->> 'student_number'
WHERE c.change = 'correct_enrollment' AND s.known_id IS NULL
"""
REJECT: Final = (
    _REJECT_UNCORRECTED,
    _repeated("XH", "duplicate_student_number", "institution_code", "student_number"),
    _repeated("KSH", "duplicate_candidate_number", "institution_code", "candidate_number"),
    _repeated("SFZH", "duplicate_document_number", "institution_code", "level", "document_type", "document_key"),
    """
    INSERT INTO rejected SELECT s.line, 'KSH', 'candidate_number_taken', '{}'
    FROM staged s JOIN enrollments e ON e.candidate_number = s.candidate_number
    WHERE e.institution_code = s.institution_code AND e.student_number <> s.student_number
    """,
    # The school cannot hand a student's record to somebody else by a roster: that is a correction. Whose the record is
    # by a claim may come with the number that they have now.
    """
    INSERT INTO rejected SELECT s.line, 'XH', 'student_number_taken', '{}'
    FROM staged s JOIN enrollments e ON e.id = s.known_id
    WHERE (e.document_key <> s.document_key OR e.document_type <> s.document_type)
      AND NOT EXISTS (SELECT FROM persons p WHERE p.id = e.person_id AND p.document_key = s.document_key
                      AND p.document_type = s.document_type)
    """,
    # What may become of a record, a roster cannot exceed: it brings nobody back who has left.
    f"""
    INSERT INTO rejected SELECT s.line, 'ZCZT', 'status_move_not_allowed', '{{}}'
    FROM staged s JOIN enrollments e ON e.id = s.known_id
    WHERE e.status <> s.status AND (e.status, s.status) NOT IN ({_MOVES})
    """,
)
# What a recognised row is about: the record that is still exactly as that row.
# The schools are asked for first: of a file that is one school's, nobody goes over the records of all others.
_RECOGNISED: Final = """
    e.institution_code = ANY (ARRAY(SELECT DISTINCT institution_code FROM recognised))
    AND k.institution_code = e.institution_code AND k.fingerprint = e.roster_fingerprint # e.version
"""
REJECT_BESIDE_RECOGNISED: Final = (
    # Changed by somebody since the row was recognised, which was not looked at any more.
    f"""
    INSERT INTO rejected SELECT k.line, 'XH', 'record_changed_meanwhile', '{{}}'
    FROM recognised k LEFT JOIN enrollments e ON {_RECOGNISED} WHERE e.id IS NULL
    """,
    f"""
    INSERT INTO rejected SELECT s.line, 'XH', 'duplicate_student_number', json_build_object('first_line', k.line)::text
    FROM staged s JOIN enrollments e ON e.id = s.known_id JOIN recognised k ON {_RECOGNISED}
    """,
    f"""
    INSERT INTO rejected
    SELECT s.line, 'SFZH', 'duplicate_document_number', json_build_object('first_line', k.line)::text
    FROM staged s
    JOIN persons p ON p.document_key = s.document_key AND p.document_type = s.document_type
    JOIN enrollments e ON e.person_id = p.id AND e.institution_code = s.institution_code AND e.level = s.level
    JOIN recognised k ON {_RECOGNISED}
    WHERE e.id IS DISTINCT FROM s.known_id
    """,
    "DELETE FROM recognised k USING rejected r WHERE r.line = k.line",
)
REJECT_FROZEN: Final = f"""
INSERT INTO rejected SELECT s.line, 'YJBYRQ', 'record_frozen', '{{}}'
FROM staged s JOIN enrollments e ON e.id = s.known_id
WHERE date_part('year', e.expected_graduation_date) = $1
  AND ROW({_list("s", _CERTIFIED)}) IS DISTINCT FROM ROW({_list("e", _CERTIFIED)})
"""
DROP_REJECTED: Final = "DELETE FROM staged s USING rejected r WHERE r.line = s.line"
ADD_PERSONS: Final = """
INSERT INTO persons (id, document_type, document_key, document_ciphertext, name, sex, birth_date, ethnicity, created_at)
SELECT person_id, document_type, document_key, document_ciphertext, name, sex, birth_date, ethnicity, $1
FROM staged WHERE known_id IS NULL ON CONFLICT (document_key, document_type) DO NOTHING
"""
# The id made for the record serves as the id of its change where the record was there.
NOTE_CHANGES: Final = f"""
INSERT INTO enrollment_changes (id, enrollment_id, change, roster_import_id, before, after, at)
SELECT s.enrollment_id, e.id, 'roster', $2,
       jsonb_build_object({_AS_JSON.format("e")}, 'registered_year', e.registered_year),
       jsonb_build_object({_AS_JSON.format("s")}, 'registered_year', {_YEAR}), $1
FROM staged s JOIN enrollments e ON e.id = s.known_id WHERE {_OLD} IS DISTINCT FROM {_NEW}
"""
CHANGE: Final = f"""
UPDATE enrollments e SET ({", ".join(_CHANGEABLE)}, registered_year, roster_import_id, updated_at, version,
                          roster_fingerprint)
    = ({_list("s", _CHANGEABLE)}, {_YEAR}, $2, $1, e.version + 1, s.fingerprint # (e.version + 1))
FROM staged s WHERE e.id = s.known_id AND {_OLD} IS DISTINCT FROM {_NEW}
"""
ADD: Final = f"""
INSERT INTO enrollments (id, person_id, {", ".join(STAGED_COLUMNS[4:])}, roster_import_id, updated_at, version,
                         roster_fingerprint)
SELECT s.enrollment_id, s.person_id, {_list("s", STAGED_COLUMNS[4:])}, $2, $1, 1, s.fingerprint # 1
FROM staged s WHERE s.known_id IS NULL
"""
# Rows that are as last year register the students for this one: the only thing that they can change.
_DUE: Final = f"""
FROM recognised k JOIN enrollments e ON {_RECOGNISED}
WHERE e.status = 'registered' AND (e.registered_year IS NULL OR e.registered_year < $1)
"""
COUNT_DUE: Final = f"SELECT count(*) {_DUE}"
# These records are not held: who changed one meanwhile has made it another than the row, and it stays as it is. The id
# of the change is of the import's moment and the row's line.
REGISTER_YEARS: Final = f"""
WITH due AS MATERIALIZED (
    SELECT k.line, k.fingerprint, e.id, e.version, e.registered_year {_DUE}
), registered AS (
    UPDATE enrollments r SET registered_year = $1, roster_import_id = $3, updated_at = $2, version = r.version + 1,
                             roster_fingerprint = due.fingerprint # (r.version + 1)
    FROM due WHERE r.id = due.id AND r.version = due.version
    RETURNING r.id
)
INSERT INTO enrollment_changes (id, enrollment_id, change, roster_import_id, before, after, at)
SELECT encode(substr(uuid_send($3), 1, 9) || substr(int8send(due.line), 2, 7), 'hex')::uuid, due.id, 'roster', $3,
       jsonb_build_object('registered_year', due.registered_year), jsonb_build_object('registered_year', $1::int), $2
FROM due JOIN registered USING (id)
"""
# A number that a school granted to be somebody's former one means that person. After the records are added: adding them
# waits for a grant that is under way, and a later one waits for this import. Nobody who holds the number by a
# verification is passed over, and without former numbers nothing is read. What was given is kept: a correction may
# change the number, and an undone grant still finds it.
GIVE_TO_WHO_HAD_THE_NUMBER: Final = """
WITH given AS (
    UPDATE enrollments e SET person_id = f.person_id FROM former_identities f, staged s
    WHERE f.stands_for AND f.undone_at IS NULL
      AND s.document_key = f.document_key AND s.document_type = f.document_type AND s.known_id IS NULL
      AND e.id = s.enrollment_id AND e.person_id = f.from_person_id
      AND NOT EXISTS (SELECT FROM accounts a WHERE a.person_id = f.from_person_id AND a.state IN ('active', 'closing'))
    RETURNING e.id, f.id AS former_identity_id
)
INSERT INTO roster_gifts (enrollment_id, former_identity_id) SELECT id, former_identity_id FROM given
"""
RECORD: Final = """
INSERT INTO roster_imports (id, file_name, started_at, published_at, rows_read, rows_added, rows_changed,
                            rows_unchanged, rows_rejected, institution_codes)
SELECT $1, $2, $3, $4, $5, 0, 0, 0, 0, coalesce(array_agg(institution_code), '{}')
FROM (SELECT institution_code FROM staged UNION SELECT institution_code FROM recognised) AS schools
"""
COMPLETE: Final = """
UPDATE roster_imports SET rows_added = $2, rows_changed = $3, rows_unchanged = $4, rows_rejected = $5 WHERE id = $1
"""
# Locked: a member who is being disabled is so before this is published, or when it is.
REGISTRARS: Final = """
SELECT id FROM staff WHERE id = ANY ($1) AND institution_code = $2 AND role = 'registrar' AND state = 'active'
ORDER BY id FOR SHARE
"""
# Whoever has lost the lease, or was asked to stop, must not commit. A dry run that meanwhile became the real thing
# waits for a process again. Who brought what is published is known when the job is long forgotten.
END_JOB: Final = """
WITH ended AS (
    UPDATE import_jobs SET
        state = CASE WHEN $3::uuid IS NOT NULL THEN 'published' WHEN dry_run THEN 'checked' ELSE 'queued' END,
        roster_import_id = $3, rows_read = $4, rows_added = $5, rows_changed = $6, rows_unchanged = $7,
        rows_rejected = $8, lease_owner = NULL, lease_until = NULL, attempts = 0, progress_at = $9, finished_at = $9,
        expires_at = $10
    WHERE id = $1 AND lease_owner = $2 AND state = 'judging' AND cancel_asked_at IS NULL
    RETURNING id
), brought AS (
    UPDATE roster_imports SET sender_ids = $11 WHERE id = $3 AND EXISTS (SELECT FROM ended)
)
SELECT id FROM ended
"""
COUNT: Final = f"""
SELECT count(*) FILTER (WHERE e.id IS NOT NULL AND {_OLD} IS DISTINCT FROM {_NEW}),
       count(*) FILTER (WHERE e.id IS NULL), count(*) + (SELECT count(*) FROM recognised)
FROM staged s LEFT JOIN enrollments e ON e.id = s.known_id
"""
COUNT_KEPT: Final = "SELECT (SELECT count(*) FROM staged) + (SELECT count(*) FROM recognised)"
KEEP_ERRORS: Final = """
INSERT INTO roster_errors (roster_import_id, line, column_name, code)
SELECT DISTINCT ON (line, column_name) $1::uuid, line, column_name, code FROM rejected ORDER BY line, column_name
"""
# How many rows there are and how often a key repeats decides the plans; a small sample tells.
ANALYZE_STAGED: Final = """
SET LOCAL default_statistics_target = 10;
ANALYZE staged (line, known_id, person_id, institution_code, student_number, candidate_number, level, document_key,
                document_type), recognised
"""
COUNT_NEW: Final = "SELECT count(*) FROM staged WHERE known_id IS NULL"
# Where a tenth was added the server will look by itself, soon and closely; until then a small sample of what statements
# look for must do. Where less was added, what is known still holds.
IS_MUCH: Final = "SELECT $1 > reltuples / 10 FROM pg_class WHERE oid = 'enrollments'::regclass"
ANALYZE: Final = """
SET default_statistics_target = 10;
ANALYZE persons (document_key, document_type),
        enrollments (person_id, institution_code, student_number, candidate_number, status, registered_year);
RESET default_statistics_target
"""
