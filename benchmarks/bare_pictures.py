"""Pillow alone: opened, set upright and written again as they came, by as many threads as cores.

A worker process: {"seconds": S} is answered with {"per_second": N}.

python -m benchmarks.bare_pictures FOLDER
"""

from __future__ import annotations

import io
import itertools
import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps
from PIL.JpegImagePlugin import get_sampling


def _draw_anew(data: bytes) -> bytes:
    picture: Any = Image.open(io.BytesIO(data), formats=["JPEG"])
    how = {"qtables": picture.quantization, "subsampling": get_sampling(picture)}
    upright = ImageOps.exif_transpose(picture)
    stream = io.BytesIO()
    upright.save(stream, "JPEG", exif=b"", **how)
    return stream.getvalue()


def main(folder: str) -> None:
    """Answer until the input ends."""
    photos = [file.read_bytes() for file in sorted(Path(folder).glob("*.jpg"))]
    threads = os.cpu_count() or 1

    def draw_until(ends: float, first: int) -> int:
        for count, photo in enumerate(itertools.cycle(photos[first:] + photos[:first])):
            if time.perf_counter() >= ends:
                return count
            assert _draw_anew(photo)
        raise AssertionError("it never ends")

    with ThreadPoolExecutor(threads) as pool:
        for line in sys.stdin:
            started = time.perf_counter()
            ends = started + json.loads(line)["seconds"]
            done = sum(pool.map(draw_until, [ends] * threads, range(threads)))
            print(json.dumps({"per_second": done / (time.perf_counter() - started)}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
