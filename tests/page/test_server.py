"""The server: who may speak to it, what it refuses, what it does when it or a job is ended."""

from __future__ import annotations

import http.client
import json
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.page.served import PROGRAM, TOKEN, Served

FAST = {"prior": "tv:0.02", "sigma": "0.06"}
SLOW = {"prior": "dip:iterations=100000", "sigma": "0.001", "task": "inpaint"}


def test_only_the_token_opens(served: Served) -> None:
    assert served.ask("GET", "/", cookie="")[0] == 403
    assert served.ask("GET", "/api/state", cookie="")[0] == 403
    assert served.ask("GET", "/api/state", cookie=f"invprior-{served.port}=wrong")[0] == 403
    assert served.ask("GET", "/?token=wrong", cookie="")[0] == 403
    status, _, headers = served.ask("GET", f"/?token={TOKEN}", cookie="")
    assert (status, headers["location"]) == (303, "/")
    assert "HttpOnly" in headers["set-cookie"]
    assert "SameSite=strict" in headers["set-cookie"]
    assert served.ask("GET", f"/api/state?token={TOKEN}", cookie="")[0] == 200


def test_other_names_and_other_pages_are_refused(served: Served) -> None:
    assert served.ask("GET", "/", host="evil.example")[0] == 403
    assert served.ask("GET", "/", host=f"evil.example:{served.port}")[0] == 403
    assert served.ask("GET", "/api/state", origin="http://evil.example")[0] == 403
    assert served.ask("POST", "/api/jobs", b"{}", origin="null")[0] == 403
    assert served.ask("POST", "/api/jobs", b"{}", sec_fetch_site="cross-site")[0] == 403
    assert served.ask("GET", "/", host=f"localhost:{served.port}")[0] == 200


def test_every_answer_says_what_a_browser_may_do_with_it(served: Served) -> None:
    for path in ("/", "/main.js", "/api/state", "/nothing"):
        _, _, headers = served.ask("GET", path)
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
    _, text, _ = served.ask("GET", "/")
    assert b"http://" not in text.replace(b"http://www.w3.org", b"")
    assert b"https://" not in text


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/api/jobs", b"nonsense"),
        ("POST", "/api/jobs", b"[" * 100_000),
        ("POST", "/api/jobs", b"{}"),
        ("POST", "/api/jobs", b'{"picture": "../../x", "task": "denoise"}'),
        ("POST", "/api/jobs", b'{"picture": "x", "task": "denoise", "out": "/etc/passwd"}'),
        ("POST", "/api/plan", b'"' + b"x" * 2_000_000 + b'"'),
        ("POST", "/api/jobs/..%2f..%2fx/cancel", b""),
        ("GET", "/api/layers/picture-..%2f..%2fetc", None),
        ("GET", "/api/layers/moment-x-..%2f..%2fetc%2fpasswd", None),
        ("GET", "/api/layers/result-", None),
        ("GET", "/api/layers/nonsense", None),
        ("DELETE", "/api/pictures/..", None),
        ("POST", "/api/masks/nothing", b"\xff"),
        ("POST", "/api/pictures", b"not a picture"),
        ("GET", "/../../etc/passwd", None),
        ("GET", "/static/../app.py", None),
        ("PUT", "/api/state", b""),
    ],
)
def test_a_hostile_request_is_a_sentence_and_the_page_lives(
    served: Served, method: str, path: str, body: bytes | None
) -> None:
    status, text, _ = served.ask(method, path, body)
    assert status in (400, 404, 405)
    assert b"Traceback" not in text
    if status == 400:
        assert 0 < len(json.loads(text)["error"]) < 300
    assert served.process.poll() is None
    assert "Traceback" not in served.said()


def test_a_mask_arrives_pixel_by_pixel(served: Served, picture: Path) -> None:
    key = served.upload(picture)
    hole = np.random.default_rng(1).integers(0, 256, (64, 96), dtype=np.uint8)
    status, text, _ = served.ask("POST", f"/api/masks/{key}", hole.tobytes())
    assert status == 200
    mask = json.loads(text)["id"]
    _, file, headers = served.ask("GET", f"/api/pictures/{mask}/file")
    place = served.folder.parent / "mask.png"
    place.write_bytes(file)
    with Image.open(place) as image:
        assert np.array_equal(np.asarray(image), hole)
    assert "cat-mask.png" in headers["content-disposition"]
    for wrong in (hole.tobytes()[1:], hole.tobytes() + b"\0", bytes(64 * 96)):
        status, text, _ = served.ask("POST", f"/api/masks/{key}", wrong)
        assert status == 400
        assert "mask of cat" in json.loads(text)["error"] or "nothing is marked" in json.loads(text)["error"]


def test_a_result_is_that_of_the_command_bit_for_bit_and_in_other_kinds(served: Served, picture: Path) -> None:
    key = served.upload(picture)
    plan = served.post("/api/plan", {"picture": key, "task": "denoise", **FAST})
    assert any("prior tv:0.02, takes about" in sentence for sentence in plan["sentences"])
    job = served.post("/api/jobs", {"picture": key, "task": "denoise", **FAST})["id"]
    told = served.wait(job, "done", "failed")
    assert told["state"] == "done", told
    result = (served.folder / told["out"]).read_bytes()
    words = told["command"]
    assert words[0] == "invprior"
    again = served.folder.parent / "again.png"
    words[words.index("-o") + 1] = str(again)
    subprocess.run([sys.executable, "-c", PROGRAM, *words[1:]], check=True, capture_output=True)
    assert again.read_bytes() == result
    assert served.ask("GET", f"/api/jobs/{job}/result")[1] == result

    _, tiff, headers = served.ask("GET", f"/api/jobs/{job}/result?format=.tif&depth=16&strength=0.5")
    assert headers["content-disposition"].endswith('cat-denoise.tif"')
    place = served.folder.parent / "half.tif"
    place.write_bytes(tiff)
    from invprior.io import read

    half, whole, before = read(place), read(again), read(picture)
    assert half.format == "ushort"
    assert float((half.x - (whole.x + before.x) / 2).abs().max()) < 0.6 / 255
    assert json.loads(served.ask("GET", f"/api/jobs/{job}/record")[1])["prior"] == "tv:0.02"
    _, shared, _ = served.ask("GET", f"/api/jobs/{job}/share")
    assert shared.count(b"data:image/jpeg") == 2
    layer = served.get(f"/api/layers/result-{job}")
    assert (layer["width"], layer["height"]) == (96, 64)
    assert served.ask("GET", f"/api/layers/result-{job}/0/0/0")[1].startswith(b"\x89PNG")
    assert served.ask("GET", f"/api/layers/result-{job}/0/9/0")[0] == 404


def test_a_damaged_picture_is_refused_by_its_name(served: Served, picture: Path) -> None:
    before = len(served.get("/api/state")["pictures"])
    status, text, _ = served.ask("POST", "/api/pictures", picture.read_bytes()[:3000], x_name="half.png")
    assert status == 400
    assert json.loads(text)["error"].startswith("half.png is damaged: ")
    assert len(served.get("/api/state")["pictures"]) == before


def test_a_mask_is_found_again_and_older_ones_go(served: Served, picture: Path) -> None:
    key = served.upload(picture)
    for value in (50, 100, 150, 200):
        served.ask("POST", f"/api/masks/{key}", bytes([value]) * (64 * 96))
    _, mask = [upload for upload in served.get("/api/state")["pictures"] if upload["of"] == key]
    assert served.ask("GET", f"/api/pictures/{mask['id']}/values")[1] == bytes([200]) * (64 * 96)


def test_a_job_that_fails_says_why(served: Served, picture: Path) -> None:
    key = served.upload(picture)
    job = served.post("/api/jobs", {"picture": key, "task": "denoise", "prior": "nonsense"})["id"]
    told = served.wait(job, "done", "failed")
    assert told["state"] == "failed"
    assert any("nonsense" in sentence for sentence in told["sentences"])
    assert served.ask("GET", f"/api/jobs/{job}/result")[0] == 400
    served.post(f"/api/jobs/{job}/remove")
    assert all(j["id"] != job for j in served.get("/api/state")["jobs"])


def test_events_tell_the_state_at_once(served: Served) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=30)
    cookie = {"cookie": f"invprior-{served.port}={TOKEN}", "host": f"127.0.0.1:{served.port}"}
    connection.request("GET", "/api/events", headers=cookie)
    answer = connection.getresponse()
    assert answer.headers["content-type"].startswith("text/event-stream")
    line = answer.readline()
    assert line.startswith(b"data: ")
    assert json.loads(line[6:])["folder"] == str(served.folder)
    connection.close()


def slow(served: Served, picture: Path) -> str:
    """A job that would take hours, once it is running."""
    key = served.upload(picture)
    hole = np.zeros((64, 96), np.uint8)
    hole[20:30, 20:40] = 255
    mask = json.loads(served.ask("POST", f"/api/masks/{key}", hole.tobytes())[1])["id"]
    job = str(served.post("/api/jobs", {"picture": key, "mask": mask, **SLOW})["id"])
    served.until(lambda: (served.job(job)["iteration"] or 0) > 3)
    return job


def test_cancel_ends_a_job_within_a_second(served: Served, picture: Path) -> None:
    job = slow(served, picture)
    lock = served.folder / ".invprior-page" / "jobs" / job / "alive"
    process = int(lock.read_text())
    begin = time.monotonic()
    served.post(f"/api/jobs/{job}/cancel")
    served.until(lambda: not Path(f"/proc/{process}").exists() or _zombie(process), 5)
    assert time.monotonic() - begin < 5  # a second, on a machine that does other things
    assert served.job(job)["state"] == "cancelled"
    assert served.ask("POST", f"/api/jobs/{job}/cancel")[0] == 400


def _zombie(process: int) -> bool:
    return Path(f"/proc/{process}/stat").read_text().split()[2] == "Z"


def test_a_job_outlives_its_server_and_goes_on_from_what_was_kept(tmp_path: Path, picture: Path) -> None:
    first = Served(tmp_path / "results")
    job = slow(first, picture)
    seen = first.job(job)["iteration"]
    first.kill()
    second = Served(tmp_path / "results")
    try:
        told = second.job(job)
        assert told["state"] == "running"
        second.until(lambda: second.job(job)["iteration"] > seen)
        second.post(f"/api/jobs/{job}/keep")
        told = second.wait(job, "stopped", "failed")
        assert told["state"] == "stopped", told
        assert told["result"]
        assert told["goes_on"]
        kept = told["iteration"]
        written = (second.folder / told["out"]).read_bytes()
        assert second.ask("GET", f"/api/jobs/{job}/result")[1] == written
        second.post(f"/api/jobs/{job}/go-on")
        second.until(lambda: (told := second.job(job))["state"] == "running" and told["iteration"] > kept)
        second.post(f"/api/jobs/{job}/cancel")  # what was kept before stays
        told = second.wait(job, "stopped", "cancelled")
        assert (told["state"], told["result"], told["goes_on"]) == ("stopped", True, True)
        assert (second.folder / told["out"]).read_bytes() == written
        second.post(f"/api/jobs/{job}/go-on")
        second.until(lambda: (told := second.job(job))["state"] == "running" and told["iteration"] > kept)
        second.process.send_signal(signal.SIGTERM)  # a server that is ended ends its job, as by Stop
        second.process.wait(20)
        third = Served(tmp_path / "results")
        try:
            told = third.wait(job, "stopped")
            assert told["iteration"] >= kept
        finally:
            third.close()
    finally:
        second.close()
        first.close()


def test_the_folder_of_a_page_is_that_of_one_page(served: Served) -> None:
    words = ["serve", str(served.folder), "--port", "0", "--no-browser"]
    done = subprocess.run([sys.executable, "-c", PROGRAM, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "another command writes into" in done.stderr


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--host 0.0.0.0", "lets others in; add --token"),
        ("--token short", "--token takes 16 characters"),
        ("--host 203.0.113.1 --token 0123456789abcdef", "cannot listen on 203.0.113.1"),
    ],
)
def test_what_cannot_be_served_is_said(line: str, said: str, tmp_path: Path) -> None:
    words = ["serve", str(tmp_path / "f"), "--no-browser", *shlex.split(line)]
    done = subprocess.run([sys.executable, "-c", PROGRAM, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
