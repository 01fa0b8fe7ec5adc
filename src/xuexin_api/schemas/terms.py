"""Words of the archive: fields that several answers have, each described once."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import Field, PlainSerializer

from xuexin_api.schemas.types import Output, Sex


class CodedName(Output):
    code: str = Field(
        description="Of a school 学校标识码 (10 digits), of a programme 专业代码, as the school registered it.",
        examples=["080901"],
    )
    name: str = Field(description="The name that goes with the code, in Chinese.", examples=["计算机科学与技术"])


RegisteredName = Annotated[
    str, Field(description="姓名: name of the student, as the school registered it.", examples=["示例同学"])
]
RegisteredSex = Annotated[
    Sex, Field(description="性别: sex of the student, as the school registered it.", examples=["female"])
]
RegisteredBirthDate = Annotated[
    date,
    Field(description="出生日期: day of birth of the student, as the school registered it.", examples=["2005-03-07"]),
]
Ethnicity = Annotated[str, Field(description="民族: ethnic group, by its name in GB/T 3304.", examples=["汉族"])]
DocumentNumberMasked = Annotated[
    str,
    Field(
        description="证件号码: number of the identity document, its middle masked by asterisks.",
        examples=["4301**********1234"],
    ),
]
School = Annotated[
    CodedName,
    Field(description="院校: the school whose record it is.", examples=[{"code": "4199990001", "name": "示例大学"}]),
]
Level = Annotated[
    str, Field(description="层次: 专科, 本科, 第二学士学位, 硕士研究生 or 博士研究生.", examples=["本科"])
]
Programme = Annotated[
    CodedName,
    Field(description="专业: the programme.", examples=[{"code": "080901", "name": "计算机科学与技术"}]),
]
ProgrammeName = Annotated[str, Field(description="专业: name of the programme.", examples=["计算机科学与技术"])]
DurationYears = Annotated[
    Decimal,
    PlainSerializer(float, return_type=float, when_used="json"),
    Field(description="学制: length of the programme in years, with one decimal.", examples=[4.0]),
]
Category = Annotated[
    str,
    Field(
        description="学历类别: 普通高等教育, 成人高等教育, 高等教育自学考试, 网络教育 or 开放教育.",
        examples=["普通高等教育"],
    ),
]
StudyForm = Annotated[
    str,
    Field(
        description="学习形式: 普通全日制, 全日制, 非全日制, 业余, 函授, 脱产, 网络教育 or 开放教育.",
        examples=["普通全日制"],
    ),
]
Branch = Annotated[
    str | None, Field(description="分院: branch of the school; null where none is registered.", examples=[None])
]
Department = Annotated[
    str | None, Field(description="系所: department; null where none is registered.", examples=["信息学院"])
]
ClassName = Annotated[
    str | None, Field(description="班级: class; null where none is registered.", examples=["计科2301"])
]
StudentNumber = Annotated[
    str, Field(description="学号: the school's number of the student, unique in the school.", examples=["2023010001"])
]
CandidateNumber = Annotated[
    str | None,
    Field(
        description="考生号: number in the entrance examination; null where none is registered.",
        examples=["23430101150001"],
    ),
]
AdmissionDate = Annotated[date, Field(description="入学日期: day of entry.", examples=["2023-09-01"])]
RegisteredGrade = Annotated[
    int | None,
    Field(description="年级, by the year of its entry; null where no roster said it.", examples=[2023]),
]
GraduationDate = Annotated[
    date, Field(description="毕业日期: day of 毕业 or 结业, as on the certificate.", examples=["2027-07-01"])
]
PresidentName = Annotated[
    str, Field(description="校（院）长姓名: name of the president on the certificate.", examples=["示例校长"])
]
CertificateNumber = Annotated[
    str,
    Field(
        description="证书编号 of the 学历: 18 digits: school, type, year, level, serial (17 before 2002).",
        examples=["900011202705000001"],
    ),
]
DegreeName = Annotated[str, Field(description="学位: name of the degree.", examples=["工学学士学位"])]
DegreeNumber = Annotated[
    str, Field(description="学位证书编号: number of the degree's certificate.", examples=["9000142027000001"])
]
AwardedOn = Annotated[date, Field(description="学位授予日期: day on which it was conferred.", examples=["2027-07-01"])]
