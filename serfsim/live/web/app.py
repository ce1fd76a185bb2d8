"""The addresses of the page's server.

    GET  /             the page
    GET  /api/run      the run so far and all that follows, as long as the page listens
    POST /api/act      {entry}: carry out an entry of `faults` or `workload`, a mapping or the text of one
    POST /api/end      {position}: end a fault
    POST /api/pace     {paused}, {speed} or {step}: the pace of simulated time
    POST /api/save     {}: the scenario that repeats the run, and its digest

The answer of /api/run is a sequence of documents (`replays.document`), each after its length in 4 bytes,
little-endian. Other answers are JSON; refusals have a status of 400 or more and say why under `error`.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from functools import partial
from typing import Any, Final

from pydantic_core import PydanticCustomError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from serfsim.live.rpc.pacing import Controlled
from serfsim.live.web.control_room import INVALID, ControlRoom, Refused
from serfsim.live.web.ending import digest_at
from serfsim.live.web.feed import Feed
from serfsim.live.web.guard import refusal
from serfsim.replays.page import live_page
from serfsim.scenario.problems import found_expected, quoted
from serfsim.scenario.units import read_duration

LONGEST_BODY: Final = 1 << 16  # bytes
FASTEST: Final = 1e6  # simulated seconds per second
JSON: Final = "application/json"

Answer = dict[str, Any]
Handler = Callable[["Page", Mapping[str, Any]], Awaitable[Answer]]


class Page:
    """The page's requests, carried out."""

    def __init__(self, room: ControlRoom, feed: Feed, pace: Controlled) -> None:
        self.room = room
        self.feed = feed
        self.pace = pace

    async def act(self, given: Mapping[str, Any]) -> Answer:
        entry = given.get("entry")
        if isinstance(entry, str):
            try:
                entry = YAML(typ="safe", pure=True).load(entry)
            except YAMLError as error:
                raise Refused(f"found text that is no YAML: {str(error).splitlines()[0]}") from None
        if not isinstance(entry, Mapping) or not all(isinstance(key, str) for key in entry):
            raise Refused(found_expected(quoted(entry), "`entry`, a mapping such as {crash: [node-03]}"))
        return self.room.act(entry)._asdict()

    async def end(self, given: Mapping[str, Any]) -> Answer:
        position = given.get("position")
        if not isinstance(position, int) or isinstance(position, bool):
            raise Refused(found_expected(quoted(position), "`position`, the number of a fault"))
        return self.room.end(position)._asdict()

    async def set_pace(self, given: Mapping[str, Any]) -> Answer:
        pace = self.pace
        if given.keys() == {"paused"} and isinstance(given["paused"], bool):
            if given["paused"]:
                pace.paused = True
            else:
                pace.go()
        elif given.keys() == {"speed"}:
            speed = given["speed"]
            if not isinstance(speed, (int, float)) or isinstance(speed, bool) or not 0.0 < speed <= FASTEST:
                raise Refused(f"speed: {found_expected(quoted(speed), 'a number above 0, at most 1000000')}")
            pace.set_speed(float(speed))
        elif given.keys() == {"step"}:
            try:
                seconds = read_duration(given["step"])
            except PydanticCustomError as error:
                raise Refused(f"step: {error.message()}") from None
            pace.step(self.room.sim.now, seconds)
        else:
            raise Refused(found_expected(quoted(given), "one of `paused`, `speed` and `step`"))
        return {"paused": pace.paused, "speed": pace.speed}

    async def save(self, given: Mapping[str, Any]) -> Answer:
        room, t = self.room, self.room.next_end()
        text, scenario = partial(room.saved_text, t), room.saved(t)
        inexact = list(room.inexact())
        digest = await digest_at(room.sim, t)
        return {
            "name": scenario.name,
            "text": text(digest),
            "end_s": t,
            "digest": digest,
            "inexact": inexact,
        }

    async def run(self) -> AsyncIterator[bytes]:
        """Yield the documents of the run, each after its length."""
        seen = 0
        while (found := await self.feed.later(seen)) is not None:
            seen, document = found
            yield len(document).to_bytes(4, "little") + document


def build_app(page: Page, *, needs_token: bool) -> Starlette:
    """Return the page's server as an ASGI application, without a guard."""
    name = page.room.scenario.name

    def show(request: Request) -> Response:
        return HTMLResponse(live_page(name, needs_token=needs_token))

    def follow(request: Request) -> Response:
        return StreamingResponse(page.run(), media_type="application/octet-stream")

    posts: dict[str, Handler] = {"act": Page.act, "end": Page.end, "pace": Page.set_pace, "save": Page.save}
    routes = [Route("/", _async(show)), Route("/api/run", _async(follow))]
    routes += [
        Route(f"/api/{path}", _posted(page, handler), methods=["POST"]) for path, handler in posts.items()
    ]
    return Starlette(routes=routes, exception_handlers={HTTPException: _say_status, Refused: _say_refused})


def _async(answer: Callable[[Request], Response]) -> Callable[[Request], Awaitable[Response]]:
    """Return an endpoint in the event loop: a thread of its own could not touch the simulation."""

    async def endpoint(request: Request) -> Response:
        return answer(request)

    return endpoint


def _posted(page: Page, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        answer = await handler(page, await _body_of(request))
        await page.feed.collect()
        return JSONResponse(answer)

    return endpoint


async def _body_of(request: Request) -> Mapping[str, Any]:
    """Read a mapping of JSON. Raises Refused for anything else."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != JSON:
        raise Refused(found_expected(f"the content type '{kind[:100]}'", JSON), 415)
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LONGEST_BODY:
            raise Refused(f"found a body of more than {LONGEST_BODY} bytes", 413)
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise Refused("found a body that is no JSON; expected a mapping", 400) from None
    if not isinstance(found, dict):
        raise Refused(found_expected(quoted(found), "a mapping"), INVALID)
    return found


async def _say_status(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return refusal(error.status_code, f"{request.method} {request.url.path}: {error.detail}")


async def _say_refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return refusal(error.status, str(error))
