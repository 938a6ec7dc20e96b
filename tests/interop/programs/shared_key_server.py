"""Asks each client of the measure protocol for the shared key, as
docs/protocols.md says it, proves the same to it, and then echoes lines. The
first line of standard input is the key."""

import hmac
import os
import sys
from socket import AF_INET, SOCK_STREAM, socket

key = sys.stdin.buffer.readline().rstrip(b"\n")


def proof(role, theirs, ours):
    text = "roundtrip key 1 measure %s %s %s" % (role, theirs, ours)
    return hmac.new(key, text.encode(), "sha256").hexdigest()


server_socket = socket(AF_INET, SOCK_STREAM)
server_socket.bind(("127.0.0.1", 0))
server_socket.listen(1)
print("listening tcp 127.0.0.1:%d" % server_socket.getsockname()[1], flush=True)

while True:
    connection_socket, _ = server_socket.accept()
    lines = connection_socket.makefile("rb")
    _, _, theirs = lines.readline().decode().split()
    ours = os.urandom(32).hex()
    connection_socket.sendall(b"key 1 %s\n" % ours.encode())
    expected = b"key %s\n" % proof("client", theirs, ours).encode()
    if hmac.compare_digest(lines.readline(), expected):
        answer = b"key %s\n" % proof("server", theirs, ours).encode()
        connection_socket.sendall(answer)
        for line in lines:
            if line == b"t\n":
                connection_socket.sendall(b"200 OK: Closing Connection\n")
                break
            status = b"200 OK: Ready\n" if line.startswith(b"s ") else line
            connection_socket.sendall(status)
    else:
        connection_socket.sendall(
            b"404 ERROR: Invalid Connection Setup Message\n"
        )
    lines.close()
    connection_socket.close()
