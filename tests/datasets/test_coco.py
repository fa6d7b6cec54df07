"""datasets/coco/get.sh against a small host of our own: fetch, go on, verify, and say why it cannot."""

import contextlib
import hashlib
import os
import re
import socket
import subprocess
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "datasets" / "coco" / "get.sh"
CONTENT = {"coco2014_captions.h5": os.urandom(70_000), "coco2014_vocab.json": b"{}\n" * 50,
           "val2014_urls.txt": b"http://a/b.jpg\n" * 9}


class Host(ThreadingHTTPServer):
    """Serves one archive; knows ranges or not; remembers from which byte it was asked to send."""

    def __init__(self, archive: bytes, ranges: bool = True):
        super().__init__(("127.0.0.1", 0), Answer)
        self.archive, self.ranges, self.asked = archive, ranges, []
        self.url = f"http://127.0.0.1:{self.server_port}/coco_captioning.zip"
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()


class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        found = re.match(r"bytes=(\d+)-", self.headers.get("Range", ""))
        start = int(found[1]) if found else 0
        self.server.asked.append(start)
        whole = self.server.archive
        if found and not self.server.ranges:
            found, start = None, 0
        if start >= len(whole):
            self.send_response(416)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(206 if found else 200)
        if found:
            self.send_header("Content-Range", f"bytes {start}-{len(whole) - 1}/{len(whole)}")
        self.send_header("Content-Length", str(len(whole) - start))
        self.end_headers()
        with contextlib.suppress(OSError):                  # curl hangs up when it cannot go on
            self.wfile.write(whole[start:])

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def archive(tmp_path_factory) -> bytes:
    path = tmp_path_factory.mktemp("coco") / "coco.zip"
    with zipfile.ZipFile(path, "w") as packed:
        for name, content in CONTENT.items():
            packed.writestr(f"coco_captioning/{name}", content)
            packed.writestr(f"__MACOSX/coco_captioning/{name}", b"not this one")
        packed.writestr("coco_captioning/train2014_images.txt", b"not listed")
    return path.read_bytes()


@pytest.fixture
def host(archive):
    with Host(archive) as host:
        yield host
        host.shutdown()


def listing(tmp_path: Path, **changed: str) -> Path:
    def digest(name: str) -> str:
        return changed.get(name.split(".")[0]) or hashlib.sha256(CONTENT[name]).hexdigest()[:8]
    lines = [f"{name} {len(content)} {digest(name)}" for name, content in CONTENT.items()]
    path = tmp_path / "files.txt"
    path.write_text("# name size sha256\n" + "\n".join(lines) + "\n")
    return path


def get(tmp_path: Path, url: str, *options: str, files: Path | None = None) -> subprocess.CompletedProcess:
    surroundings = os.environ | {"COCO_URL": url, "COCO_DIR": str(tmp_path / "data"), "no_proxy": "*",
                                 "COCO_FILES": str(files or listing(tmp_path))}
    return subprocess.run(["bash", str(SCRIPT), *options], env=surroundings, capture_output=True, text=True,
                          timeout=60)


def held(tmp_path: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (tmp_path / "data").iterdir()}


def test_it_fetches_unpacks_and_verifies_and_then_rests(tmp_path, host):
    run = get(tmp_path, host.url)
    assert run.returncode == 0, run.stderr
    assert held(tmp_path) == CONTENT
    again = get(tmp_path, host.url)
    assert again.returncode == 0 and "complete" in again.stdout
    assert host.asked == [0]


def test_it_goes_on_where_it_stopped(tmp_path, host, archive):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "coco_captioning.zip.part").write_bytes(archive[:30_000])
    assert get(tmp_path, host.url).returncode == 0
    assert held(tmp_path) == CONTENT and host.asked == [30_000]


def test_it_begins_anew_where_the_host_cannot_go_on(tmp_path, host, archive):
    host.ranges = False
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "coco_captioning.zip.part").write_bytes(archive[:30_000])
    assert get(tmp_path, host.url).returncode == 0
    assert held(tmp_path) == CONTENT


def test_it_begins_anew_where_the_part_is_longer_than_the_archive(tmp_path, host, archive):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "coco_captioning.zip.part").write_bytes(b"?" * (len(archive) + 9))
    assert get(tmp_path, host.url).returncode == 0
    assert held(tmp_path) == CONTENT


def test_a_whole_part_is_not_fetched_again(tmp_path, host, archive):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "coco_captioning.zip.part").write_bytes(archive)
    assert get(tmp_path, host.url).returncode == 0
    assert held(tmp_path) == CONTENT and host.asked == []


def test_offline_it_keeps_the_part_and_names_the_scenes(tmp_path, archive):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/coco.zip"         # bound, but nobody listens
        (tmp_path / "data").mkdir()
        (tmp_path / "data" / "coco_captioning.zip.part").write_bytes(archive[:30_000])
        run = get(tmp_path, url)
    assert run.returncode == 1
    assert run.stderr.splitlines()[-3:] == [
        f"the archive {url}", "it could not be fetched; what has come so far is kept",
        "hint: run this again later to go on, or use the scenes, which need none: "
        "python datasets/scenes/make.py"]
    assert held(tmp_path) == {"coco_captioning.zip.part": archive[:30_000]}


def test_a_page_in_place_of_the_archive_is_refused(tmp_path):
    with Host(b"<html>we have moved</html>") as host:
        run = get(tmp_path, host.url)
        host.shutdown()
    assert run.returncode == 1 and "what came is not a zip archive" in run.stderr
    assert held(tmp_path) == {}


def test_a_file_with_another_digest_is_refused(tmp_path, host):
    run = get(tmp_path, host.url, files=listing(tmp_path, coco2014_vocab="00000000"))
    assert run.returncode == 1
    assert "coco2014_vocab.json does not begin its sha256 with 00000000" in run.stderr
    assert held(tmp_path) == {}


def test_a_damaged_archive_is_refused(tmp_path, archive):
    damaged = bytearray(archive)
    damaged[20_000:20_100] = bytes(100)
    with Host(bytes(damaged)) as host:
        run = get(tmp_path, host.url)
        host.shutdown()
    assert run.returncode == 1 and "it is damaged" in run.stderr
    assert held(tmp_path) == {}


def test_check_says_what_is_wrong_and_fetches_nothing(tmp_path, host):
    assert get(tmp_path, host.url).returncode == 0
    assert get(tmp_path, host.url, "--check").returncode == 0
    (tmp_path / "data" / "val2014_urls.txt").write_bytes(b"short")
    (tmp_path / "data" / "coco2014_vocab.json").unlink()
    run = get(tmp_path, host.url, "--check")
    assert run.returncode == 1 and host.asked == [0]
    assert run.stderr.splitlines()[1] == \
        f"coco2014_vocab.json is missing,val2014_urls.txt has 5 bytes, not {9 * 15}"


def test_too_little_room_is_said_before_anything_is_fetched(tmp_path, host):
    files = tmp_path / "files.txt"
    files.write_text(f"huge.h5 {10**18} -\n")
    run = get(tmp_path, host.url, files=files)
    assert run.returncode == 1 and "MB of room" in run.stderr and host.asked == []
