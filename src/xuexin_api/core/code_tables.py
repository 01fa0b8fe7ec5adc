"""The words of the archive: code tables, and what rosters write for them."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from xuexin_api.core.documents import Sex


class EnrollmentStatus(StrEnum):
    """学籍状态: a code, the words it is shown with, and whether the student is in school."""

    REGISTERED = "registered"
    SUSPENDED = "suspended"
    RETAINED = "retained"
    REGISTRATION_DEFERRED = "registration_deferred"
    REGISTRATION_PENDING = "registration_pending"
    GRADUATED = "graduated"
    COMPLETED = "completed"
    INCOMPLETE = "incomplete"
    WITHDRAWN = "withdrawn"
    TRANSFERRED_OUT = "transferred_out"
    EXPELLED = "expelled"
    DECEASED = "deceased"

    @property
    def enrolled(self) -> bool:
        """在籍 or 不在籍."""
        return self in _ENROLLED

    @property
    def word(self) -> str:
        """As rosters write it: `注册学籍`."""
        return _STATUS_WORDS[self]

    @property
    def display(self) -> str:
        """As the source shows it: `在籍（注册学籍）`."""
        return f"{'在籍' if self.enrolled else '不在籍'}（{self.word}）"


_STATUS_WORDS: Final = {
    EnrollmentStatus.REGISTERED: "注册学籍",
    EnrollmentStatus.SUSPENDED: "休学",
    EnrollmentStatus.RETAINED: "保留学籍",
    EnrollmentStatus.REGISTRATION_DEFERRED: "暂缓注册",
    EnrollmentStatus.REGISTRATION_PENDING: "待注册",
    EnrollmentStatus.GRADUATED: "毕业",
    EnrollmentStatus.COMPLETED: "结业",
    EnrollmentStatus.INCOMPLETE: "肄业",
    EnrollmentStatus.WITHDRAWN: "退学",
    EnrollmentStatus.TRANSFERRED_OUT: "转出",
    EnrollmentStatus.EXPELLED: "开除",
    EnrollmentStatus.DECEASED: "死亡",
}
_ON_ROSTERS: Final = (
    EnrollmentStatus.REGISTERED,
    EnrollmentStatus.SUSPENDED,
    EnrollmentStatus.REGISTRATION_DEFERRED,
    EnrollmentStatus.REGISTRATION_PENDING,
)
_ENROLLED: Final = frozenset({*_ON_ROSTERS, EnrollmentStatus.RETAINED})
# A roster is of students in school: it registers, suspends or defers, and ends nothing.
ROSTER_STATUSES: Final = {_STATUS_WORDS[status]: status for status in _ON_ROSTERS}

SEXES: Final = {"男": Sex.MALE, "女": Sex.FEMALE, "1": Sex.MALE, "2": Sex.FEMALE}

_ETHNICITIES: Final = (
    "汉族 蒙古族 回族 藏族 维吾尔族 苗族 彝族 壮族 布依族 朝鲜族 满族 侗族 瑶族 白族 土家族 哈尼族 哈萨克族 傣族 黎族 "
    "傈僳族 佤族 畲族 高山族 拉祜族 水族 东乡族 纳西族 景颇族 柯尔克孜族 土族 达斡尔族 仫佬族 羌族 布朗族 撒拉族 "
    "毛南族 仡佬族 锡伯族 阿昌族 普米族 塔吉克族 怒族 乌孜别克族 俄罗斯族 鄂温克族 德昂族 保安族 裕固族 京族 塔塔尔族 "
    "独龙族 鄂伦春族 赫哲族 门巴族 珞巴族 基诺族"
).split()
_OTHER_ETHNICITIES: Final = {
    "其他": "其他",
    "其它": "其他",
    "外国血统中国籍人士": "外国血统中国籍人士",
    "外国血统": "外国血统中国籍人士",
    "穿青人族": "其他",
    "穿青人": "其他",
}
# GB/T 3304, with or without the last 族.
ETHNICITIES: Final = (
    {name: name for name in _ETHNICITIES}
    | {name.removesuffix("族"): name for name in _ETHNICITIES}
    | _OTHER_ETHNICITIES
)

LEVELS: Final = {
    "专科": "专科",
    "高职": "专科",
    "大专": "专科",
    "专科(高职)": "专科",
    "高职(专科)": "专科",
    "本科": "本科",
    "第二学士学位": "第二学士学位",
    "第二学士": "第二学士学位",
    "硕士研究生": "硕士研究生",
    "硕士": "硕士研究生",
    "博士研究生": "博士研究生",
    "博士": "博士研究生",
}

_ORDINARY: Final = "普通高等教育"
_ADULT: Final = "成人高等教育"
CATEGORIES: Final = (_ORDINARY, _ADULT, "高等教育自学考试", "网络教育", "开放教育")
# 学习形式 and the category (学历类别) that follows from it: rosters do not say the category.
STUDY_FORMS: Final = {
    "普通全日制": ("普通全日制", _ORDINARY),
    "全日制": ("全日制", _ORDINARY),
    "非全日制": ("非全日制", _ORDINARY),
    "业余": ("业余", _ADULT),
    "夜大学": ("业余", _ADULT),
    "函授": ("函授", _ADULT),
    "脱产": ("脱产", _ADULT),
    "网络教育": ("网络教育", "网络教育"),
    "开放教育": ("开放教育", "开放教育"),
}
