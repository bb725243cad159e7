# SPDX-License-Identifier: MIT
"""toy_server.py MESSAGE_BYTES SERVICE_S: an echo server on loopback that serves one message at a time and takes the same
time for each. It prints its port. The time is kept by the clock, so that waking late delays one reply and no other."""

import selectors
import socket
import sys
import time
from collections import deque

AWAKE_S = 100e-6  # the rest of a wait is not slept: a sleep would overshoot


def main(message_bytes, service_s):
    listening = socket.create_server(("127.0.0.1", 0), backlog=256)
    print(listening.getsockname()[1], flush=True)
    poller = selectors.DefaultSelector()
    poller.register(listening, selectors.EVENT_READ)
    queue, begun, free = deque(), {}, 0.0
    while True:
        wait = max(0.0, queue[0][0] - time.perf_counter() - AWAKE_S) if queue else None
        for key, _ in poller.select(wait):
            if key.fileobj is listening:
                connection, _ = listening.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                poller.register(connection, selectors.EVENT_READ)
                begun[connection] = b""
                continue
            connection = key.fileobj
            data = connection.recv(message_bytes)
            if not data:
                poller.unregister(connection)
                connection.close()
                continue
            begun[connection] += data
            if len(begun[connection]) == message_bytes:
                free = max(free, time.perf_counter()) + service_s
                queue.append((free, connection, begun[connection]))
                begun[connection] = b""
        while queue and queue[0][0] <= time.perf_counter():
            _, connection, message = queue.popleft()
            connection.sendall(message)


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
