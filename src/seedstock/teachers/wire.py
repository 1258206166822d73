"""The wire to a server: one pooled session, and every way it can go wrong as one of two errors.

`Transient` is worth another try, `TeacherError` is not. Neither shows the key: what a server says is
freed of it before anybody reads it, and no error is chained to one of the HTTP library's, which keep headers.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Mapping
from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from seedstock.errors import SeedstockError, TeacherError, one_line
from seedstock.teachers.base import Transient
from seedstock.teachers.keys import HIDDEN, hide
from seedstock.teachers.limits import hold, retry_after

if TYPE_CHECKING:
    import aiohttp

MOST_BYTES = 64 * 2**20
"""No answer, and no line of a file of answers, is read beyond this."""

_SLOWEST_UPLOAD = 50_000.0
"""Bytes a second; below that an upload counts as stuck."""

_AS_JSON = {"Content-Type": "application/json"}
_MAY_PASS = frozenset({408, 409, 425, 429})
_WILL_NOT_PASS = frozenset({501, 505})
_NO_MONEY = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})
_WRONG_CERTIFICATE = frozenset({"CERTIFICATE_VERIFY_FAILED", "WRONG_VERSION_NUMBER"})


class Said(NamedTuple):
    """A server's error in its own words; `param`, `code` and `type` are empty where it names none."""

    words: str
    param: str = ""
    code: str = ""
    type: str = ""


class Refusal(TeacherError):
    """The server answered, and said no. `status` is HTTP's, the rest is what `Said` holds."""

    def __init__(self, url: str, status: int, said: Said) -> None:
        super().__init__(f"the teacher at {url} answered {status}: {said.words}")
        self.status = status
        self.words = said.words
        self.param = said.param
        self.code = said.code
        self.type = said.type


class Wire:
    """A session of its own for one server; opened with the first request, used from one event loop.

    `headers` go out with every request and may hold the key, which is hidden in all that comes back.
    Redirects are not followed: they would carry the key to another server.
    """

    def __init__(self, key: str, timeout: float, headers: Mapping[str, str]) -> None:
        self._key = key
        self._pattern = _pattern(key)
        self._seconds = timeout
        self._headers = dict(headers)
        self._session: aiohttp.ClientSession | None = None

    async def post(self, url: str, body: bytes) -> tuple[Mapping[str, str], bytes]:
        """POST of JSON; headers and body of the answer. Raises as the module says."""
        if len(body) > 2**20:  # in one piece it would keep the loop from everything else
            return await self._send("POST", url, BytesIO(body), _AS_JSON)
        return await self._send("POST", url, body, _AS_JSON)

    async def post_file(
        self, url: str, fields: Mapping[str, str], name: str, content: bytes
    ) -> tuple[Mapping[str, str], bytes]:
        """POST of a form with one file under `file`. The larger it is, the longer it may take."""
        import aiohttp

        form = aiohttp.FormData(dict(fields))
        form.add_field("file", BytesIO(content), filename=name, content_type="application/jsonl")
        longest = aiohttp.ClientTimeout(total=self._seconds + len(content) / _SLOWEST_UPLOAD)
        return await self._send("POST", url, form, None, longest)

    async def get(self, url: str) -> tuple[Mapping[str, str], bytes]:
        """GET; headers and body of the answer."""
        return await self._send("GET", url, None, None)

    async def lines(self, url: str) -> AsyncIterator[bytes]:
        """GET of a file, line by line: it is never held as a whole. A line that is too long is cut."""
        trouble: SeedstockError
        try:
            session = self._open()
            async with session.get(url, allow_redirects=False, timeout=self._slow_timeout) as reply:
                if reply.status != 200:
                    self._refuse(url, reply.status, self._scrub(await _whole(reply)), reply.headers)
                async for line in lines_of(reply.content.iter_any()):
                    yield self._scrub(line)
                return
        except self._faults as problem:
            trouble = self._trouble(url, problem)
        raise trouble

    async def close(self) -> None:
        """Give the connections back."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _send(
        self, method: str, url: str, data: Any, headers: Any, timeout: aiohttp.ClientTimeout | None = None
    ) -> tuple[Mapping[str, str], bytes]:
        session = self._session or self._open()
        trouble: SeedstockError
        try:
            async with session.request(
                method, url, data=data, headers=headers, allow_redirects=False,
                timeout=timeout or self._timeout,
            ) as reply:  # fmt: skip
                raw = self._scrub(await _whole(reply))
                if 200 <= reply.status < 300:
                    return reply.headers, raw
                self._refuse(url, reply.status, raw, reply.headers)
        except self._faults as problem:
            trouble = self._trouble(url, problem)
        # Outside of the handler: the library's error holds the headers, and must not hang on to ours.
        raise trouble

    def _refuse(self, url: str, status: int, raw: bytes, headers: Mapping[str, str]) -> NoReturn:
        wait = retry_after(headers)
        if wait is None and status == 429:
            wait = hold(headers) or None
        raise refusal(url, status, said(raw), wait)

    def _scrub(self, raw: bytes) -> bytes:
        if self._pattern is None or self._pattern.search(raw) is None:
            return raw
        return self._pattern.sub(HIDDEN.encode(), raw)

    def _trouble(self, url: str, problem: Exception) -> SeedstockError:
        """What the HTTP library ran into, as an error of ours."""
        import aiohttp

        if isinstance(problem, aiohttp.ClientConnectorError):
            return not_connected(problem, url, self._key)
        if isinstance(problem, TimeoutError):
            return Transient("timeout", f"no answer within {self._seconds:g} s")
        if isinstance(problem, aiohttp.InvalidURL | OverflowError):
            return TeacherError(f"{url!r} is not an address")
        return lost(problem, self._key)

    def _open(self) -> aiohttp.ClientSession:
        """The session; made once, with all that is the same for every request."""
        if self._session is None:
            import aiohttp

            self._timeout = aiohttp.ClientTimeout(total=self._seconds)
            self._slow_timeout = aiohttp.ClientTimeout(connect=self._seconds, sock_read=self._seconds)
            self._session = aiohttp.ClientSession(
                headers=self._headers, timeout=self._timeout, cookie_jar=aiohttp.DummyCookieJar(),
                connector=aiohttp.TCPConnector(limit=0),  # who may be under way is decided in one place
            )  # fmt: skip
        return self._session

    @property
    def _faults(self) -> tuple[type[Exception], ...]:
        import aiohttp

        return (aiohttp.ClientError, OSError, OverflowError)


def not_connected(problem: aiohttp.ClientConnectorError, url: str, key: str) -> SeedstockError:
    """No connection was made: worth another try, unless it is the certificate."""
    import aiohttp

    reason = getattr(problem.os_error, "reason", None) or getattr(problem, "reason", None)
    words = _without(key, problem.os_error)
    if isinstance(problem, aiohttp.ClientConnectorCertificateError):
        return TeacherError(f"the certificate of {url} cannot be trusted: {words}")
    if reason in _WRONG_CERTIFICATE:
        return TeacherError(f"no TLS with {url}: {words}")
    return Transient("connection", f"cannot connect to {url}: {words}")


def lost(problem: BaseException, key: str) -> Transient:
    """A connection that was made has broken."""
    return Transient("reset", f"connection lost: {_without(key, problem)}")


def _without(key: str, problem: object) -> str:
    """What an error of the library's says, on one line, without the key."""
    return one_line(hide(str(problem), key), 300)


def refusal(url: str, status: int, what: Said, wait: float | None = None) -> SeedstockError:
    """The error that an answer other than 2xx means; `wait` is what the server asked for, in seconds."""
    if status == 429 and _NO_MONEY & {what.code, what.type}:
        return Refusal(url, status, what)
    if status in _MAY_PASS or (status >= 500 and status not in _WILL_NOT_PASS):
        return Transient(str(status), what.words, wait)
    return Refusal(url, status, what)


def said(raw: bytes) -> Said:
    """What an error body says: OpenAI's form, those that gateways and frameworks use, or any text."""
    text = raw[: 2**20].decode("utf-8", "replace")
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return Said(one_line(text[:4000], 400))
    if isinstance(body, list) and body:
        body = body[0]
    return of_error(body) if isinstance(body, dict) else Said(one_line(text[:4000], 400))


def of_error(body: dict[str, Any]) -> Said:
    """An error object, alone or under `error`."""
    error = body.get("error")
    if not isinstance(error, dict):
        error = body | ({"message": error} if isinstance(error, str) and "message" not in body else {})
    words = next(filter(None, map(error.get, ("message", "detail", "msg", "type", "code"))), None)
    text = _words(words) if words else _json(body)
    upstream = (meta := error.get("metadata")) and isinstance(meta, dict) and meta.get("raw")
    return Said(
        one_line(f"{text}: {_words(upstream)}" if upstream else text, 400),
        *(_short(error.get(name)) for name in ("param", "code", "type")),
    )


def _words(value: Any) -> str:
    """A message as text; a list of findings (as FastAPI gives) as place, message and kind of each."""
    if isinstance(value, str):
        return value
    if not isinstance(value, list):
        return _json(value)
    return "; ".join(_finding(one) if isinstance(one, dict) else _json(one) for one in value[:8])


def _finding(one: dict[str, Any]) -> str:
    place = one.get("loc")
    where = ".".join(map(str, place[:8])) if isinstance(place, list) else ""
    return f"{where}: {_short(one.get('msg'))} ({_short(one.get('type'))})"


def _json(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False)
    except RecursionError:
        return "(deeply nested)"


def _short(value: Any) -> str:
    return one_line(str(value), 200) if isinstance(value, str | int | float) else ""


def _pattern(key: str) -> re.Pattern[bytes] | None:
    """The key as it may stand in a body: as it is, or as JSON writers escape it, once or more."""
    if len(key) < 4:
        return None
    plain = re.compile(r"[A-Za-z0-9_.-]")
    letters = (
        re.escape(c) if plain.match(c) else rf"\\{{0,4}}(?:{re.escape(c)}|(?i:u{ord(c):04x}))" for c in key
    )
    return re.compile("".join(letters).encode())


async def _whole(reply: aiohttp.ClientResponse) -> bytes:
    """The body; what is beyond `MOST_BYTES` makes it a bad one."""
    parts, size = [], 0
    async for part in reply.content.iter_any():
        parts.append(part)
        size += len(part)
        if size > MOST_BYTES:
            raise Transient("bad_body", f"the answer is longer than {MOST_BYTES} bytes")
    return parts[0] if len(parts) == 1 else b"".join(parts)


async def lines_of(parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The lines that are not empty, without their ends: line feeds alone. A line that is too long is cut."""
    rest = bytearray()
    async for part in parts:
        *whole, last = part.split(b"\n")
        for piece in whole:
            line = bytes(rest + piece).strip()
            rest.clear()
            if line:
                yield line
        rest += last[: MOST_BYTES - len(rest)]
    if rest.strip():
        yield bytes(rest).strip()
