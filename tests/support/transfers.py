"""转学 between two schools: asked, and ready to be agreed."""

from __future__ import annotations

from typing import Any

from support.records import OFFICE, OTHER
from support.staff import Member


async def agreement(here: Member, there: Member, record: str, **place: Any) -> Any:
    """One school has asked the other, and this makes that agree."""
    found = (await here.client.get(f"{OFFICE}/{record}?purpose=student_request")).json()
    body = {"to_institution_code": OTHER, "reason": "hardship", "note": None}
    asked = await here.client.post(f"{OFFICE}/{record}/transfers", body, headers={"If-Match": f'"{found["version"]}"'})
    assert asked.status_code == 201, asked.text
    path = f"/v1/staff/transfers/{asked.json()['transfer']['id']}/agree"
    fixed = {
        "student_number": "2031T0001",
        "programme_code": "080902",
        "programme_name": "软件工程",
        "duration_years": 4,
        "grade": 2023,
        "expected_graduation_date": "2033-07-01",
    }
    return there.client.post(path, fixed | place)
