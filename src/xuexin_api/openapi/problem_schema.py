"""The shape of every refusal."""

from __future__ import annotations

from typing import Any, Final

PROBLEM_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "title": "Problem",
    "description": "RFC 9457.",
    "required": ["type", "title", "status", "code", "detail", "request_id"],
    "properties": {
        "type": {
            "type": "string",
            "format": "uri",
            "description": "`urn:xuexin:problem:` and the code.",
            "examples": ["urn:xuexin:problem:code_rejected"],
        },
        "title": {"type": "string", "description": "For people, in the language of the answer."},
        "status": {"type": "integer", "description": "That of the answer."},
        "code": {"type": "string", "description": "For programs; never changes its meaning."},
        "detail": {"type": "string", "description": "The same as `title`."},
        "request_id": {"type": "string", "description": "Quote it when asking for help."},
        "errors": {
            "type": "array",
            "description": "With 422: every broken field.",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "detail"],
                "properties": {
                    "pointer": {
                        "type": "string",
                        "description": "RFC 6901, into the body; elsewhere `/path/…`, `/query/…`, `/header/…`.",
                    },
                    "code": {"type": "string", "description": "For programs."},
                    "detail": {"type": "string", "description": "For people."},
                },
            },
        },
        "options": {
            "type": "array",
            "description": "What can be done now.",
            "items": {
                "type": "object",
                "required": ["id", "title"],
                "properties": {
                    "id": {"type": "string", "description": "What to do, for programs."},
                    "title": {"type": "string", "description": "What to do, for people."},
                },
            },
        },
        "warning": {
            "type": "object",
            "description": "With document_registered and warning_not_acknowledged: what re-registering does elsewhere.",
            "required": ["id", "title"],
            "properties": {
                "id": {"type": "string", "description": "Name it in `acknowledged_warning`, once it was read."},
                "title": {"type": "string", "description": "The warning, for people."},
            },
        },
        "photo_id": {
            "type": "string",
            "description": "With a refused picture: under which id it stays to be seen that it was sent.",
        },
        "received_sha256": {"type": "string", "description": "With a refused picture: of the file as it arrived."},
        "received_bytes": {"type": "integer", "description": "With a refused picture: how much arrived."},
        "rules": {
            "type": "array",
            "description": "With a refused picture: every rule that was looked at; the last is the broken one.",
            "items": {
                "type": "object",
                "required": ["name", "passed", "said"],
                "properties": {
                    "name": {"type": "string", "description": "Which rule, as in the `rules` of sent pictures."},
                    "passed": {"type": "boolean", "description": "Whether the picture keeps it."},
                    "said": {"type": "string", "description": "For people, in the language of the answer."},
                },
            },
        },
        "allowed": {
            "type": "array",
            "description": "With change_not_allowed: the changes that the record's status allows.",
            "items": {"type": "string"},
        },
        "fields": {
            "type": "array",
            "description": "With correction_unfit: the fields whose correction does not fit the record any more.",
            "items": {"type": "string"},
        },
        "why": {
            "type": "string",
            "description": "With province_needed: why the school may not decide.",
            "enum": ["published", "identity", "frozen", "entry", "moved"],
        },
        "grant_from": {
            "type": "string",
            "format": "date-time",
            "description": "With `claim_notice_running`: when it can be granted.",
        },
        "object_until": {
            "type": "string",
            "format": "date-time",
            "description": "With `objection_late`: until when one could object.",
        },
        "enrollment_id": {
            "type": "string",
            "format": "uuid",
            "description": "With record_shows: the record that shows already.",
        },
        "methods": {
            "type": "array",
            "description": "With insufficient_user_authentication: the ways to verify.",
            "items": {
                "type": "object",
                "required": ["method", "title", "strength", "available", "reason", "explanation"],
                "properties": {
                    "method": {"type": "string", "description": "The way, as verifications are begun with it."},
                    "title": {"type": "string", "description": "The way, for people."},
                    "strength": {
                        "type": "string",
                        "description": "`weak` or `strong`: which wins where a document number is contested.",
                    },
                    "available": {"type": "boolean", "description": "Whether it is open to this account."},
                    "reason": {"type": ["string", "null"], "description": "Why it is not, for programs; else null."},
                    "explanation": {"type": ["string", "null"], "description": "The reason, for people."},
                },
            },
        },
    },
}
