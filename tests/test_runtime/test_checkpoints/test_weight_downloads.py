"""One download for all processes: real ones, and a server that counts."""

import hashlib
import os
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
CONTENT = bytes(range(256)) * 40
NAME = f'net-{hashlib.sha256(CONTENT).hexdigest()[:8]}.pth'
SCRIPT = (
    'import sys; '
    'from projects.amr.runtime.checkpoints import pretrained; '
    "print('found', pretrained.find_weights(sys.argv[1]), flush=True)"
)
SECONDS = 120  # at the most, on a busy machine


class Server(ThreadingHTTPServer):
    """Counts requests; answers in full once ``open`` is set."""

    def __init__(self):
        super().__init__(('127.0.0.1', 0), Handler)
        self.requests = 0
        self.open = threading.Event()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.requests += 1
        self.send_response(200)
        self.send_header('Content-Length', str(len(CONTENT)))
        self.end_headers()
        self.wfile.write(CONTENT[:100])
        self.wfile.flush()
        if self.server.open.wait(SECONDS):
            self.wfile.write(CONTENT[100:])

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def server():
    made = Server()
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    yield made
    made.open.set()
    made.shutdown()
    made.server_close()


@pytest.fixture
def start(server, tmp_path):
    """Starts a process that wants the file; its output is in a log."""
    started = []

    def run():
        log = tmp_path / f'{len(started)}.log'
        with log.open('w') as file:
            process = subprocess.Popen(
                [
                    *(sys.executable, '-c', SCRIPT),
                    f'http://127.0.0.1:{server.server_port}/{NAME}',
                ],
                cwd=ROOT,
                env={**os.environ, 'TORCH_HOME': str(tmp_path / 'cache')},
                stdout=file,
                stderr=file,
            )
        started.append(process)
        return process, log

    yield run
    for process in started:
        process.kill()
        process.wait()


def until(condition):
    """Wait for something that must come."""
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_two_processes_download_once(start, server, tmp_path):
    pairs = start(), start()
    cached = tmp_path / 'cache/hub/checkpoints' / NAME
    until(lambda: any('waiting' in log.read_text() for _, log in pairs))
    until(lambda: server.requests)
    assert not cached.exists()
    server.open.set()
    for process, log in pairs:
        assert process.wait(SECONDS) == 0, log.read_text()
        assert f'found {cached}' in log.read_text()
    assert server.requests == 1
    assert cached.read_bytes() == CONTENT
