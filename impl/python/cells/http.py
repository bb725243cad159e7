# SPDX-License-Identifier: MIT
"""asyncio and uvloop: a Protocol around httptools, the parser of Node.js, as uvicorn does it; what is pipelined is
answered with one write. thread: http.server of the standard library, a thread a connection."""

import asyncio
import os
import select
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from protocol import Skipped

from .loops import Looped

GREETING = b"Hello, world!"


def body_and_type(method, body):
    return (GREETING, "text/plain") if method == "GET" else (body, "application/octet-stream")


def reply(method, body, connection=""):
    body, kind = body_and_type(method, body)
    return (
        f"HTTP/1.1 200 OK\r\n{connection}Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        + body
    )


class Connection(asyncio.Protocol):
    """One peer. asyncio and uvloop set TCP_NODELAY by themselves."""

    def __init__(self, session):
        self.session, self.unsent, self.body, self.over = session, [], [], False
        self.parser = session.httptools.HttpRequestParser(self)

    def connection_made(self, transport):
        self.transport = transport
        self.session.accepted += 1
        self.session.open.add(self)

    def data_received(self, data):
        try:
            self.parser.feed_data(data)
        except (self.session.httptools.HttpParserError, self.session.httptools.HttpParserUpgrade):
            self.unsent.append(
                b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
            )
            self.over = True
        if self.unsent:
            replies = b"".join(self.unsent)
            self.session.sent += len(replies)
            self.unsent.clear()
            self.transport.write(replies)
        if self.over:
            self.transport.close()

    def on_message_begin(self):
        self.body.clear()

    def on_body(self, body):
        self.body.append(body)

    def on_message_complete(self):
        if self.over:
            return
        method = self.parser.get_method().decode()
        self.over = not self.parser.should_keep_alive()
        if method in ("GET", "POST"):
            self.session.requests += 1
            self.unsent.append(
                reply(method, b"".join(self.body), "Connection: close\r\n" if self.over else "")
            )
        else:
            self.unsent.append(
                b"HTTP/1.1 405 Method Not Allowed\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
            )
            self.over = True

    def pause_writing(self):  # a peer that does not read is not read from
        self.transport.pause_reading()

    def resume_writing(self):
        self.transport.resume_reading()

    def connection_lost(self, error):
        self.session.open.discard(self)
        if self.session.stopping and not self.session.open:
            self.session.all_closed.set()


class Protocols(Looped):
    def __init__(self, variant, params, environment):
        try:
            import httptools
        except ImportError:
            raise Skipped("httptools is missing; apt-get install python3-httptools") from None
        self.httptools = httptools
        super().__init__(variant, params, environment)

    async def work(self, probe):
        self.accepted = self.requests = self.sent = 0
        self.open, self.stopping, stopped, self.all_closed = (
            set(),
            False,
            asyncio.Event(),
            asyncio.Event(),
        )
        self.loop.add_reader(self.env["stop_fd"], stopped.set)
        listening = socket.socket(fileno=os.dup(self.env["listen_fd"]))
        server = await self.loop.create_server(lambda: Connection(self), sock=listening)
        await stopped.wait()
        self.loop.remove_reader(self.env["stop_fd"])
        server.close()
        self.stopping = True
        for each in list(self.open):
            each.transport.abort()
        if self.open:
            await self.all_closed.wait()
        return {"accepted": self.accepted, "requests": self.requests, "sent_bytes": self.sent}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # header and body leave together; http.server flushes after each request

    def do_GET(self):
        self.answer(b"")

    def do_POST(self):
        self.answer(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def answer(self, body):
        body, kind = body_and_type(self.command, body)
        self.send_response_only(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        # What end_headers is about to write, and its empty line.
        self.sent = getattr(self, "sent", 0) + sum(map(len, self._headers_buffer)) + 2 + len(body)
        self.requests = getattr(self, "requests", 0) + 1
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = False  # server_close joins them

    def __init__(self, session, listening):
        super().__init__(listening.getsockname(), None, bind_and_activate=False)
        self.socket.close()
        self.session, self.socket = session, listening

    def finish_request(self, request, address):
        """On the connection's own thread."""
        session = self.session
        with session.lock:
            session.accepted += 1
            session.open.add(request)
        made = Handler.__new__(Handler)
        try:
            made.__init__(request, address, self)
        except OSError:
            pass  # the peer is gone
        with session.lock:
            session.open.discard(request)
            session.requests += getattr(made, "requests", 0)
            session.sent += getattr(made, "sent", 0)


class Threads:
    def __init__(self, variant, params, environment):
        self.env, self.lock = environment, threading.Lock()

    def run(self, probe):
        self.accepted = self.requests = self.sent = 0
        self.open = set()
        server = Server(self, socket.socket(fileno=os.dup(self.env["listen_fd"])))
        ready = select.poll()
        ready.register(server, select.POLLIN)
        ready.register(self.env["stop_fd"], select.POLLIN | select.POLLHUP)
        while not any(fd == self.env["stop_fd"] for fd, _ in ready.poll()):
            server.handle_request()
        with self.lock:
            for peer in self.open:
                peer.shutdown(socket.SHUT_RDWR)
        server.server_close()
        return {"accepted": self.accepted, "requests": self.requests, "sent_bytes": self.sent}

    def close(self):
        pass


def make(variant, params, environment):
    return (Threads if variant == "thread" else Protocols)(variant, params, environment)
