"""What Alipay publishes in the tests of its own SDKs: keys of its test applications, and what was signed by them.

- `APP_KEY` (public, like all of this: it opens nothing of ours), `SIGNED`: github.com/alipay/alipay-sdk-java-all,
  v2/src/test: fixture/privateKey.json (ProdCert) and RSACheckTest.java (RSA2, and UTF-8).
- `ALIPAY_KEY`, `ANSWER`: github.com/alipay/alipay-sdk-nodejs-all, test: fixtures/alipay-public-key.pem and
  alipay.test.ts (checkResponseSign, "from a real test"), an answer of the sandbox.
- `EXTRACTED`: alipay-sdk-java-all, AlipaySignatureTest.java: the text that an answer's signature is over.
"""

from __future__ import annotations

APP_KEY = (
    "MIIEvAIBADANBgkqhkiG9w0BAQEFAASCBKYwggSiAgEAAoIBAQCMX6Bnzr670auI0EvdyavHsIbeaCyBLrJ0kuPMDIAJF8G6cHdV"
    "p3GwOG0gnS3wNBxoNUKS+Qvkg6jO5IL8H2IHDxi1p1MtVEaQP1/X5GtzK9dHv+pTYzzxGEa+P8MKAUeRhlruFVif6v6OGlDZj0ru"
    "jBUvf9gQ79zFm9XxHTm4zDvNnABomU+fokFdg/wddYBAunYDg0YoCHqY8Qso1xv0n4/zYa+s1/Qqbd2PsQsDHfj2tqX6oPUMIRsL"
    "cLaD4wfD/75kS30SSpH2daLZgT/PkHQspey1QNGII9B7wd5vqld2RaErvov44/2JlkAYcZLbrZmA669kyj6MMUzVq3rjAgMBAAEC"
    "ggEAQyIsxdjDsXGqNulfjze3Fu6e4dkyh6m8oTHrDhhgV3jsJu1ItUc6gQvLbRCe+sUBXPkz2LSQ8n3hCumQl2Gu8S9QIvheOEyY"
    "3r3gaZENrmwmLmNjfvP0Hl3831oBPlS0VK3L6Rd+ZiTuDyoYxqPYM1P9gdUDkb4VeNB5tjHC/FS9d0qKuUAEMXkQrYLdnDdtxegi"
    "8FJ+977YSJ+HZFxihm//CQ5F5+FibKCgpc5SDTa/FmL/5kNjYiC9XzDAqPOj+bE9QGywrBsniuG0Zw8OB4LLLLSvK4GnOgbdz53R"
    "dQwgtv8fz4PEXc1bmUkEXlcoNRyD/Bs9ArQNfdTs3DxPgQKBgQD0qkf9kkzW9FWneqbgieHxGmu22SYHARNP4042MqbotsvPyo17"
    "whsyr8PGHYkcrKNzoBP6xBD+zxTmdtwaN6m09iP49YimqYB2ZyVVWVpqrbKtDerJTgK2JrmaPL9lzIJrKxkS3gCbhOWSX3ZMMc4C"
    "TnWMdU0uyXOgpJ6y2XtwQQKBgQCS4HN2+ail+KlYEwpdKZFOEyvjZtvaCtZ9HiKTEMzqJGFqV1M4ClX0Z5WSdLy7L/YevjFhbI5+"
    "nDd1GPpQ3QSxAfEt4C2a1foDmHOJLPnxMzUw52d6RfgHw6vl1uQUIo0EOVZNcm0vrsdqAfWQs43LFEH3O4mEw75P781jDEKiIwKB"
    "gE566IjACwHQckE8qJbR47XRAcgvM3F/uNAhW48rBDsVl57ZnDSceNjzZFsCUl7uSafnK0F+7uytREkAy21leXxgj/1l1SWQrXJN"
    "d74+4S/i87NrCWr1KQ2Asnx1C/f9d8AknPBeYdeA85rWID4ko649uJsLbWyalgprg7Re6qeBAoGAKkmvVOD6upaGg1IwGLSgHl+M"
    "slNqFzQpnypu//LFXOCOn6R21Fq9drngKaOstyRO83kFFKzBthhaKz++yktoT2JkwzWZS8wxyJk7IpKtf9GjjeoCNAUzLWEb+/fM"
    "ATQVb9LmUzQP1bu3tIDN6BSaTY8OkxU0OeJ1x+QeOVdNVAsCgYBWZKsijVfBrKbsvXGAR1m4U2bEGHOtyrbOBdaj1iJy3JY518iu"
    "tI+2IFBT/SItdTkvsnLThLlS9JG1IYTAOZKss01Be7ce46LJM3SlBfXmWgyOaZvgY2VrbEeVaIEQ4sby1yY1Plv8bagYHqPx6Bka"
    "Nm6yjuMHzSTRzRg/Pzp9tw=="
)

_PLAIN = (
    "NQHIJKRCoCJCUXqzzK8WUtA/58m4/e3NGLutUFxFUD8udlauzRCgCINxDqs3atXrJ8KeSxpf8IU8nrnK7qzCQiYdj2XjfkXDrZll"
    "PEXlrelHitj9qpPqMXlAbP1HArNlBTpaGmq6hwvf/W50O/8kOjPEpmdpFcYZrlR/aA3uwdiOXHGNfd6p2wA7JjHiLQtPXGVm2oLL"
    "p+HDEtdhqxs66Br4bTQZPrQNKJrhqRcqwTzA5ZyDMQK724ECTYBI/+8PEvFCpi4Ny6piO78clFE/bSAuKCdhbivBzWDYkvmQymq0"
    "M86W3usljVENbnOyBatl7/y4f7S53Ht/yBmO/f+gYg=="
)
_CHINESE = (
    "LhPRG5h6xo8Pk1tFIbiCt2S81S3jvDs5is9yO8uH87kVY0vpnOuxGgauKim9SnFGGxGmhQY4TJSrASlW6NsML2qIaxqsSFTNVUbc"
    "t7MgdBBKqkoORNOq1gpLIymyI+G88qDaodOXkEAtUNYm4I6r1wkJVvdumrmRoHg8GcLpP//3J3hNELIJB2SC5SJ2pe4als+Psmjp"
    "d5xyK/qgDXf2qTmBooA0z673xqxjtd8H1FBlUCnGmTG3ClnGatmfjxIL0HF+PLyrmqzDO8UOjod0Kh2SwxH7zQikhr4VUihQ04Mr"
    "P08nsGKjIPvZFAZiW7dnchVr4I/Tid0cbuthjmoWyw=="
)
SIGNED: list[tuple[dict[str, str], str]] = [
    (
        {
            "method": "koubei.marketing.data.indicator.query",
            "app_id": "2019090366875133",
            "sign_type": "RSA2",
        },
        _PLAIN,
    ),
    (
        {
            "method": "koubei.marketing.data.indicator.query",
            "app_id": "2019090366875133",
            "extra": "中文测试",
            "sign_type": "RSA2",
        },
        _CHINESE,
    ),
]

ALIPAY_KEY = (
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAk7LzhmMa2c4qQd4fqAqenfbuFoA7stPKvoS1LrZEsVnOOGUUjwoa1oU9"
    "xsSPjcOWhIerU/VAN4J95GIAXx59ipcleIyfLn2FhHXPgLJpvo+b2jJFyn/1/DbeJDh+0yDVAOf50Z7HhI0mdUhFMkXlT7BU0ZMt"
    "Jf/TmISFEfhDU/w6qFd6D42L97byAkq0K6LroglSVF24GqJEa7hSeUIkZWj7RasykXrc2uVJ1+ejkXE0LyPxa2AHykMGbJLf5SiZ"
    "vaNzUZgnKIR36mLOHpQ/2JCXxhXZYUWHzy0kMH54JcUEeksFWBYLGvLjV1phbcUIc3Q76tIuqApY6E222OoZZQIDAQAB"
)

_SIGNATURE = (
    "F+LDzpTNiavn7xVZPGuPCSSVRSmWzJGgtuji6tVELGEaqMaNj0jRKXUEr5nloZJBBmwEnddOyCjjepMmrTKTvoOqQ0Efxpr/R1iE"
    "eHTHVbb/Q8TTh6Up5gHJDkILdaWS2q1cWeQ6VT+HQY9P3WRXS7uhILHuDODIhpAyCu5KhWGt0rMCIG+Im6NODJP2oohtSCtmTFXg"
    "58HH587Z2y2bdbjzOxLvzD9IrU1imghXQ2S/Q+wMIvRk9on6cWnBLkrNvJKapA2ReNGWOwyuASvB9zDVzhMPbR+3mfRGkVDxsq5H"
    "YLjBKGskJMXHw0HuugZij6ScRuaLPODhmHwr/pJ9yw=="
)
ANSWER = (
    '{"alipay_open_file_upload_response":{"code":"10000","msg":"Success","file_id":"CAxAToWB1JsAAAAAAAAAAAAADgSLAQBr"},'
    f'"sign":"{_SIGNATURE}"}}'
)

EXTRACTED = [
    r'{"code":"10000","msg":"Success","out_trade_no":"20150320010101001","trade_no":"2019062322001446881000041395"}',
    r'{"code":"10000","nested":{"a":1,"b":"2","array":["1","2","3"]},"out_{trade}_{no}":"201{5}0320010101001{}"}',
    r'{"co{de":"100}00","ms}g":"Suc}cess","ne{sted":{"a":1,"array":["{1","2","3"]},"trade_no}":"2019062{322001446881"}',
    r'{"co{de":"100}00","ms}g":"Suc\"}cess","array":["\"{1","2"],"{out_{trade}_{no}":"201{5\"}0320010101001{}"}',
    r'{"code":"10000\\",         "msg": "Success",         "\\out_trade_no\\": "\\\\20150320010101001\\\\"     }',
    r'"eyJjb2RlIjoiMTAwMDAiLCJtc2ciOiJTdWNjZXNzIiwib3V0X3RyYWRlX25vIjoiMjAxNTAzMjAwMTAxMDEwMDEifQ=="',
]
"""Shortened where the case is the same: braces, quotes and backslashes inside of texts are no ends of the object."""
