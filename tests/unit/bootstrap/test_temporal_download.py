import hashlib
import threading
import zlib
from dataclasses import replace

import pytest

from bootstrap.failures import SetupFailed
from bootstrap.places import Places
from bootstrap.temporal_cli import PROGRAM, Release, fetch_release, fetched_program
from tests.unit.bootstrap.archive_server import Site, archive_of

RECORD = "temporal-9.9.9.sha256"


def refusal_to_fetch(places: Places, release: Release) -> str:
    """Fetch in vain; return the one line that was told, nothing being left behind."""
    with pytest.raises(SetupFailed) as failure:
        fetch_release(places, release)
    told = str(failure.value)
    assert "\n" not in told
    assert set(files_of(places)) <= {RECORD}
    return told


def files_of(places: Places) -> list[str]:
    return sorted(path.name for path in places.tools.rglob("*") if path.is_file() and path.suffix != ".lock")


def test_a_fetch_leaves_the_program_and_nothing_else(places: Places, site: Site) -> None:
    fetch_release(places, site.true_release())

    assert files_of(places) == [PROGRAM]


def test_many_who_ask_at_once_fetch_once(places: Places, site: Site) -> None:
    site.gate.clear()
    asking = [threading.Thread(target=fetch_release, args=(places, site.true_release())) for _ in range(5)]
    for thread in asking:
        thread.start()
    site.gate.set()
    for thread in asking:
        thread.join(timeout=20)

    assert site.asked == 1
    assert fetched_program(places, site.true_release()).read_bytes() == b"the program"


def test_a_wrong_checksum_is_refused(places: Places, site: Site) -> None:
    told = refusal_to_fetch(places, site.release(sha256="0" * 64))

    assert f"its SHA-256 is {hashlib.sha256(site.body).hexdigest()}, not {'0' * 64}" in told
    assert "set TEMPORAL_CLI" in told


@pytest.mark.parametrize("status", [403, 404, 407, 503])
def test_an_http_refusal_is_told_by_its_number(status: int, places: Places, site: Site) -> None:
    site.status = status

    assert f"HTTP Error {status}" in refusal_to_fetch(places, site.true_release())


def test_a_connection_cut_short_is_told(places: Places, site: Site) -> None:
    site.announced_bytes = len(site.body) + 1000

    told = refusal_to_fetch(places, site.release(sha256=None))

    assert f"the connection ended after {len(site.body)} of {len(site.body) + 1000} bytes" in told


def test_a_site_that_cannot_be_reached_is_told(places: Places, site: Site) -> None:
    told = refusal_to_fetch(places, replace(site.true_release(), url="http://127.0.0.1:1/archive"))

    assert "127.0.0.1:1" in told
    assert "refused" in told.lower()


def test_a_proxy_that_cannot_be_reached_is_told(
    places: Places, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "")

    assert "refused" in refusal_to_fetch(places, site.true_release()).lower()
    assert site.asked == 0


def test_too_little_room_is_told_before_anything_is_asked(places: Places, site: Site) -> None:
    told = refusal_to_fetch(places, replace(site.true_release(), room_bytes=10**18))

    assert "MB are needed" in told
    assert site.asked == 0


def test_a_folder_that_takes_no_files_is_told_before_anything_is_asked(places: Places, site: Site) -> None:
    places.tools.mkdir()
    fetched_program(places, site.true_release()).parent.write_bytes(b"a file in the way")

    with pytest.raises(FileExistsError):
        fetch_release(places, site.true_release())

    assert site.asked == 0


def test_a_checksum_nobody_looked_up_is_recorded_on_first_use(places: Places, site: Site) -> None:
    fetch_release(places, site.release(sha256=None))

    recorded = (places.tools / RECORD).read_text().strip()
    assert recorded == hashlib.sha256(site.body).hexdigest()


def test_a_recorded_checksum_holds_for_the_next_fetch(places: Places, site: Site) -> None:
    fetch_release(places, site.release(sha256=None))
    fetched_program(places, site.true_release()).unlink()
    first, site.body = site.body, archive_of(b"another program")

    told = refusal_to_fetch(places, site.release(sha256=None))

    assert f"not {hashlib.sha256(first).hexdigest()}" in told


def a_spoilt_archive() -> bytes:
    """One whose directory is whole while the program in it cannot be unpacked."""
    deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    packed = deflate.compress(b"the program") + deflate.flush()
    assert packed in archive_of(b"the program")
    return archive_of(b"the program").replace(packed, b"\xff" * len(packed))


@pytest.mark.parametrize(
    "body", [b"<html>log in first</html>", archive_of(b"", member="other.exe"), a_spoilt_archive()]
)
def test_an_answer_without_the_program_is_told_and_not_recorded(
    body: bytes, places: Places, site: Site
) -> None:
    site.body = body

    told = refusal_to_fetch(places, site.release(sha256=None))

    assert "is not a zip with temporal.exe in it" in told
    assert files_of(places) == []


def test_what_a_killed_fetch_left_is_overwritten(places: Places, site: Site) -> None:
    target = fetched_program(places, site.true_release())
    target.parent.mkdir(parents=True)
    target.with_suffix(".zip.part").write_bytes(b"half an archive" * 10_000)
    target.with_suffix(".part").write_bytes(b"half a program")

    fetch_release(places, site.true_release())

    assert files_of(places) == [PROGRAM]
    assert target.read_bytes() == b"the program"
