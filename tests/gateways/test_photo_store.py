"""Photos at rest: in a folder and in a bucket alike, sealed, and each only under its own name."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from moto.moto_server.threaded_moto_server import ThreadedMotoServer
from obstore.store import LocalStore, S3Store

from support.entropy import KnownEntropy
from support.keys import keys_for_tests
from xuexin_api.core.errors import NotReadyError, StoredPhotoDamagedError
from xuexin_api.core.sealing import Sealer
from xuexin_api.gateways.photo_store import Bucket, PhotoStore, in_bucket, in_folder

PHOTO = b"not a photo, and nobody's" * 100


def _bucket(endpoint: str, *, in_host: bool = False) -> Bucket:
    return Bucket("pictures", endpoint, "us-east-1", "key-of-a-test", "secret-of-a-test", in_host)


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    made = urllib.request.Request(f"{address}/pictures", method="PUT")
    urllib.request.urlopen(made, timeout=10).close()
    yield address
    server.stop()


@pytest.fixture
def sealer(entropy: KnownEntropy) -> Sealer:
    return Sealer(keys_for_tests().sealing, entropy)


@pytest.mark.parametrize("kind", ["folder", "bucket"])
async def test_a_photo_is_sealed_under_its_name_and_gone_when_it_is_deleted(
    kind: str, tmp_path: Path, endpoint: str, sealer: Sealer
) -> None:
    bare: LocalStore | S3Store
    bare = in_folder(tmp_path / "photos") if kind == "folder" else in_bucket(_bucket(endpoint), "photos", seconds=5)
    store = PhotoStore(bare, sealer)
    await store.put("one", PHOTO)
    assert await store.get("one") == PHOTO
    kept = bytes((await bare.get_async("one")).bytes())
    assert PHOTO[:12] not in kept
    await bare.put_async("another", kept)
    with pytest.raises(StoredPhotoDamagedError):
        await store.get("another")
    for _ in range(2):
        await store.delete("one")
        assert await store.get("one") is None


async def test_kinds_of_photos_do_not_meet_in_a_bucket(endpoint: str, sealer: Sealer) -> None:
    handheld, archive = (
        PhotoStore(in_bucket(_bucket(endpoint), name, seconds=5), sealer) for name in ("handheld", "photos")
    )
    await handheld.put("same", PHOTO)
    assert await archive.get("same") is None


async def test_a_bucket_that_is_not_there_or_does_not_answer_is_told_as_not_ready(
    endpoint: str, sealer: Sealer
) -> None:
    strange = Bucket("elsewhere", endpoint, "us-east-1", "key", "secret", in_host=False)
    silent = _bucket("http://127.0.0.1:9")
    for bucket in (strange, silent):
        with pytest.raises(NotReadyError):
            await PhotoStore(in_bucket(bucket, "photos", seconds=1), sealer).put("one", PHOTO)
    assert "secret-of-a-test" not in repr(silent)
