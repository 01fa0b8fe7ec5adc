"""Fictional students from a seed: valid numbers, no real person. Phones have the prefixes 170 and 171."""

from __future__ import annotations

import random  # noqa: TID251 - made-up data come from a seed, so that they can be made again
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

_SURNAMES: Final = (
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏水窦章云苏潘葛范彭郎鲁韦昌马"
)
_GIVEN: Final = "安邦晨初达恩芳刚禾吉佳康乐敏宁培琪然书桐文溪雅泽志卓颖宇轩逸怡欣晓彤婷涛松瑞锐清庆鹏诺妮明朗露林"
_RARE: Final = ("𠮷", "𬭩", "㛃", "䶮")
_DOTTED: Final = ("古丽·阿依", "买买提·艾山", "巴特尔·那顺", "卓玛·央金")
# Provinces that exist, counties that do not: a number like these was given to nobody.
_REGIONS: Final = ("119999", "319998", "329997", "439996", "449995", "519994", "619993", "659992")
_PERMIT_REGIONS: Final = ("810000", "820000", "830000")
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_DIGITS: Final = "10X98765432"
_ETHNICITIES: Final = ("汉族", "汉族", "汉族", "汉族", "汉", "回族", "壮族", "满族", "维吾尔族", "其它")
_PROGRAMMES: Final = (
    ("080901", "计算机科学与技术", "信息学院", "计科"),
    ("050101", "汉语言文学", "文学院", "中文"),
    ("020101", "经济学", "经济学院", "经济"),
    ("100201", "临床医学", "医学院", "临床"),
    ("081001", "土木工程", "土木学院", "土木"),
    ("130202", "音乐学", "艺术学院", "音乐"),
)
_STATUSES: Final = ("注册学籍",) * 17 + ("休学", "暂缓注册", "待注册")
_FIRST_BIRTHDAY: Final = date(2003, 9, 1)


@dataclass(frozen=True, slots=True)
class DemoStudent:
    """One made-up student, as a school would report him or her."""

    name: str
    sex: str
    birth_date: date
    document_number: str
    ethnicity: str
    candidate_number: str
    student_number: str
    institution_code: str
    institution_name: str
    programme_code: str
    programme_name: str
    department: str
    class_name: str
    level: str
    duration: str
    admission_date: date
    expected_graduation_date: date
    status: str
    phone: str


def id_number(region: str, birth_date: date, sequence: int) -> str:
    """An 18-character number with its right check digit; an odd sequence is a man's."""
    body = f"{region}{birth_date:%Y%m%d}{sequence:03d}"
    total = sum(int(digit) * weight for digit, weight in zip(body, _WEIGHTS, strict=True))
    return body + _CHECK_DIGITS[total % 11]


def make_students(count: int, *, seed: int, schools: list[tuple[str, str]], start: int = 0) -> Iterator[DemoStudent]:
    """`count` students, the same for the same seed and start; no document, candidate or student number twice.

    Document numbers go by the index: those of two seeds meet where the ranges from `start` overlap.
    """
    chance = random.Random(seed)  # noqa: S311 - made-up data, not secrets
    for index in range(start, start + count):
        yield _make_student(index, chance, seed, schools)


def _make_student(index: int, chance: random.Random, seed: int, schools: list[tuple[str, str]]) -> DemoStudent:
    # Days and sequence numbers are walked through, not drawn: no number comes twice in 30 million.
    region = _PERMIT_REGIONS[index % 3] if index % 50 == 49 else _REGIONS[(index + seed) % len(_REGIONS)]
    day = _FIRST_BIRTHDAY + timedelta(days=index // 999 % 1400)
    sequence = index % 999 + 1 if index < 999 * 1400 else (index * 7 + seed) % 999 + 1
    if index >= 999 * 1400:
        day -= timedelta(days=1400 * (index // (999 * 1400)))
    male = sequence % 2 == 1
    code, name = schools[index % len(schools)]
    programme = chance.choice(_PROGRAMMES)
    year = 2022 + index % 3
    years = 3 if index % 7 == 6 else 4
    return DemoStudent(
        name=_make_name(index, chance),
        sex="男" if male else "女",
        birth_date=day,
        document_number=id_number(region, day, sequence),
        ethnicity=chance.choice(_ETHNICITIES),
        candidate_number=f"{year % 100:02d}{seed % 10000:04d}{index:08d}",
        student_number=f"{year}{seed % 10000:04d}{index:08d}",
        institution_code=code,
        institution_name=name,
        programme_code=programme[0],
        programme_name=programme[1],
        department=programme[2],
        class_name=f"{programme[3]}{year % 100}{index % 9 + 1:02d}",
        level="专科" if years == 3 else "本科",
        duration=str(years),
        admission_date=date(year, 9, 1),
        expected_graduation_date=date(year + years, 7, 1),
        status=chance.choice(_STATUSES),
        phone=f"17{index % 2}{(seed * 7919 + index) % 10**8:08d}",
    )


def _make_name(index: int, chance: random.Random) -> str:
    if index % 97 == 96:
        return chance.choice(_DOTTED)
    given = "".join(chance.choices(_GIVEN, k=chance.choice((1, 2, 2))))
    if index % 89 == 88:
        given = chance.choice(_RARE) + given[1:]
    return chance.choice(_SURNAMES) + given
