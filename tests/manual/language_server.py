"""The real yaml-language-server, as an editor runs it: JSON-RPC over its standard input and output."""

from __future__ import annotations

import json
import os
import queue
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import Any

import pytest

PACKAGE, VERSION = "yaml-language-server", "1.25.0"
TIMEOUT_S = 60.0


def installed() -> Path:
    """The server's program, installed into the user's cache where it is not yet; skips where it cannot be."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("npm is missing, which installs yaml-language-server")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "serfsim-tests"
    folder = cache / f"{PACKAGE}-{VERSION}"
    program = folder / "node_modules" / ".bin" / PACKAGE
    if not program.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as fresh:
            command = [npm, "install", "--no-audit", "--no-fund", "--prefix", fresh, f"{PACKAGE}@{VERSION}"]
            done = subprocess.run(command, capture_output=True, text=True, timeout=300)
            if done.returncode:
                pytest.skip(f"npm could not install {PACKAGE}: {done.stderr.strip()[-200:]}")
            folder.mkdir(exist_ok=True)
            if not program.exists():
                Path(fresh, "node_modules").rename(folder / "node_modules")
    return program


class LanguageServer:
    """One server with one open document."""

    def __init__(self, text: str, uri: str) -> None:
        self._process = subprocess.Popen(
            [str(installed()), "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._answers: queue.Queue[dict[str, Any]] = queue.Queue()
        self._diagnostics: queue.Queue[list[dict[str, Any]]] = queue.Queue()
        self._number = 0
        self.uri = uri
        threading.Thread(target=self._listen, daemon=True).start()
        self._ask("initialize", {"processId": os.getpid(), "rootUri": None, "capabilities": CAPABILITIES})
        self._send({"method": "initialized", "params": {}})
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
        self._send({"method": "textDocument/didOpen", "params": {"textDocument": document}})

    def __enter__(self) -> LanguageServer:
        return self

    def __exit__(self, *error: object) -> None:
        self._process.kill()
        self._process.wait(TIMEOUT_S)

    def completion(self, line: int, character: int) -> list[str]:
        """The labels offered at a place, counted from 0."""
        answer = self._ask("textDocument/completion", self._place(line, character))
        items = answer["items"] if isinstance(answer, dict) else answer
        return [item["label"] for item in items]

    def hover(self, line: int, character: int) -> str:
        """The text shown at a place."""
        answer = self._ask("textDocument/hover", self._place(line, character))
        return "" if answer is None else str(answer["contents"]["value"])

    def diagnostics(self) -> list[tuple[int, str]]:
        """The line and the message of each mistake in the document as it was opened."""
        found = self._diagnostics.get(timeout=TIMEOUT_S)
        return [(one["range"]["start"]["line"], one["message"]) for one in found]

    def _place(self, line: int, character: int) -> dict[str, Any]:
        return {"textDocument": {"uri": self.uri}, "position": {"line": line, "character": character}}

    def _ask(self, method: str, params: dict[str, Any]) -> Any:
        self._number += 1
        self._send({"id": self._number, "method": method, "params": params})
        answer = self._answers.get(timeout=TIMEOUT_S)
        assert answer["id"] == self._number
        assert "error" not in answer, answer["error"]
        return answer["result"]

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._process.stdin.flush()

    def _listen(self) -> None:
        stream = self._process.stdout
        assert stream is not None
        while header := stream.readline():
            length = int(header.split(b":")[1])
            while stream.readline().strip():
                pass
            message = json.loads(stream.read(length))
            if message.get("method") == "workspace/configuration":
                result = [SETTINGS.get(item["section"]) for item in message["params"]["items"]]
                self._send({"id": message["id"], "result": result})
            elif message.get("method") == "textDocument/publishDiagnostics":
                self._diagnostics.put(message["params"]["diagnostics"])
            elif "method" in message and "id" in message:
                self._send({"id": message["id"], "result": None})
            elif "id" in message:
                self._answers.put(message)


CAPABILITIES = {
    "workspace": {"configuration": True},
    "textDocument": {"hover": {"contentFormat": ["markdown"]}, "completion": {}},
}
SETTINGS = {"yaml": {"completion": True, "hover": True, "validate": True, "schemaStore": {"enable": False}}}
