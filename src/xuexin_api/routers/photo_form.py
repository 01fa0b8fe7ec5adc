"""One photo as multipart/form-data: read as it arrives, bounded in every part, and only once somebody wants it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Final, get_args

from fastapi import Depends, Query, Request, Response
from fastapi.routing import APIRoute
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from xuexin_api.core.errors import (
    PICTURE_REFUSALS,
    ContentEncodedError,
    FieldProblem,
    FormNeededError,
    InvalidRequestError,
    PhotoLimitReachedError,
    RefusalError,
    ServiceBusyError,
    TooManyOperationsError,
    UploadNotFoundError,
)
from xuexin_api.dependencies.wiring import Wiring, wiring
from xuexin_api.routers.once import answer_once_read
from xuexin_api.schemas.photos import Side
from xuexin_api.services.photos.sent_photos import SentPhoto, UnreadablyLarge

_MOST_HEADERS: Final = 4
_LONGEST_HEADER: Final = 512
_LONGEST_SIDE: Final = 16
_PARTS: Final = ("side", "file")
_PARTS_WITHOUT_SIDE: Final = ("file",)
_AROUND_A_PHOTO: Final = 4 * 1024
"""What a form needs beside the file in it."""
_GLANCE: Final = 64 * 1024
"""How much of what is too large is looked at for its side, which stands before the file where pages are made well."""
_MOST_NOTED: Final = 2**31 - 1
SIDES: Final[tuple[str, ...]] = get_args(Side)
PHOTO_REFUSALS: Final[tuple[type[RefusalError], ...]] = (
    PhotoLimitReachedError,
    TooManyOperationsError,
    ServiceBusyError,
    UploadNotFoundError,
    *PICTURE_REFUSALS,
)
"""Of a photo on its way, wherever it is sent to."""


def _refused(code: str, pointer: str = "") -> InvalidRequestError:
    return InvalidRequestError([FieldProblem(pointer, code, {})])


class _Parts:
    """What the parser finds. The names of files are not looked at: nothing from outside names anything here."""

    def __init__(self, wanted: tuple[str, ...]) -> None:
        self.found: dict[str, bytearray] = {}
        self._wanted = wanted
        self.ended = False
        self._header = bytearray()
        self._value = bytearray()
        self._disposition = b""
        self._data = bytearray()
        self._most: int | None = None

    def on_part_begin(self) -> None:
        self._disposition = b""

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def on_header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = bytes(self._value)
        self._header.clear()
        self._value.clear()

    def on_headers_finished(self) -> None:
        kind, options = parse_options_header(self._disposition)
        name = options.get(b"name", b"").decode("latin-1")
        if kind != b"form-data" or name not in self._wanted:
            raise _refused("multipart_part_unknown")
        if name in self.found:
            raise _refused("multipart_part_repeated", f"/{name}")
        self._most = _LONGEST_SIDE if name == "side" else None
        self._data = self.found[name] = bytearray()

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        self._data += data[start:end]
        if self._most is not None and len(self._data) > self._most:
            raise _refused("not_in_list", "/side")

    def on_end(self) -> None:
        self.ended = True

    @property
    def side(self) -> str | None:
        """Where all of it was read, for another part has begun."""
        side = self.found.get("side", b"").decode("latin-1")
        return side if side in SIDES and "file" in self.found else None

    def photo(self) -> SentPhoto:
        """Every part, whole."""
        if not self.ended:
            raise _refused("multipart_malformed")
        missing = [FieldProblem(f"/{name}", "required", {}) for name in self._wanted if not self.found.get(name)]
        if missing:
            raise InvalidRequestError(missing)
        if "side" not in self._wanted:
            return SentPhoto(None, self.found["file"])
        side = self.found["side"].decode("latin-1")
        if side not in SIDES:
            raise _refused("not_in_list", "/side")
        return SentPhoto(side, self.found["file"])


class PhotoForm:
    """The form of one request, unread."""

    def __init__(self, request: Request, largest: int, wanted: tuple[str, ...]) -> None:
        self._request = request
        self._largest = largest
        self._wanted = wanted
        announced = request.headers.get("content-length", "")
        self._announced = int(announced) if announced.isdigit() else None

    @property
    def most_bytes(self) -> int:
        """What was announced, as far as it is read; else the largest form."""
        if self._announced is None:
            return self._largest
        return self._announced if self._announced <= self._largest else _GLANCE

    async def was_begun(self) -> bool:
        """Whether something was sent under this key before."""
        return bool(await self._request.state.was_begun_once())

    async def read(self) -> SentPhoto | UnreadablyLarge:
        """The photo, unless this key sent it before: the same is the same side, `fit` and bytes of the file."""
        announced = self._announced or 0
        most = self._largest if announced <= self._largest else 0
        _, options = parse_options_header(self._request.headers.get("content-type"))
        parts = _Parts(self._wanted)
        try:
            parser = MultipartParser(
                options.get(b"boundary", b""),
                {
                    "on_part_begin": parts.on_part_begin,
                    "on_header_field": parts.on_header_field,
                    "on_header_value": parts.on_header_value,
                    "on_header_end": parts.on_header_end,
                    "on_headers_finished": parts.on_headers_finished,
                    "on_part_data": parts.on_part_data,
                    "on_end": parts.on_end,
                },
                max_header_count=_MOST_HEADERS,
                max_header_size=_LONGEST_HEADER,
            )
            received = 0
            async for chunk in self._request.stream():
                received += len(chunk)
                parser.write(chunk)
                if received > most and (most or parts.side or received > _GLANCE):
                    return UnreadablyLarge(parts.side, min(max(received, announced), _MOST_NOTED))
        except FormParserError:
            raise _refused("multipart_malformed") from None
        photo = parts.photo()
        digest = hashlib.sha256(photo.data).hexdigest()
        await self._request.state.begin_once(f"{photo.side or ''} {self._request.url.query} {digest}".encode())
        return photo


async def _photo_form(request: Request, parts: Annotated[Wiring, Depends(wiring)]) -> PhotoForm:
    return PhotoForm(request, parts.settings.picture_fit_bytes + _AROUND_A_PHOTO, _PARTS)


async def _picture_form(request: Request, parts: Annotated[Wiring, Depends(wiring)]) -> PhotoForm:
    return PhotoForm(request, parts.settings.picture_fit_bytes + _AROUND_A_PHOTO, _PARTS_WITHOUT_SIDE)


SentPhotoForm = Annotated[PhotoForm, Depends(_photo_form)]
SentPictureForm = Annotated[PhotoForm, Depends(_picture_form)]
"""A file and nothing else: a picture that is of no side of anything."""
WantsFit = Annotated[
    bool,
    Query(
        description="Reduce a picture of up to 8 MB until it is within the limit of 1 MB: its quality, down to 70 and "
        "no further, then its pixels, down to 2,400 on the long side and no further, so that the text of a card that "
        "takes a quarter of that side stays readable. What would be too large even so is refused: "
        "`picture_does_not_fit`."
    ),
]


class PhotoRoute(APIRoute):
    """Takes `multipart/form-data`, as it is, and leaves its body to whoever asks for it after the caller is known."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_photo(request: Request) -> Response:
            kind, options = parse_options_header(request.headers.get("content-type"))
            if kind != b"multipart/form-data" or not options.get(b"boundary"):
                raise FormNeededError
            if {one.strip().lower() for one in request.headers.getlist("content-encoding")} - {"identity"}:
                raise ContentEncodedError
            return await answer_once_read(request, handle, route=f"{request.method} {request.url.path}")

        return handle_photo
