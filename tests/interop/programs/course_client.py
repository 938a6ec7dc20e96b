"""A client of the course's measurement protocol that conforms to it, but in its
own manner. It checks each answer, counts the echoes, and prints one line."""

import argparse
import time
from socket import AF_INET, SOCK_STREAM, socket

parser = argparse.ArgumentParser()
parser.add_argument("host")
parser.add_argument("port", type=int)
parser.add_argument("--type", default="rtt")
parser.add_argument("--probes", type=int, default=10)
parser.add_argument("--size", type=int, default=100)
parser.add_argument("--delay", default="0")
parser.add_argument("--sessions", type=int, default=1)
parser.add_argument("--payload", choices=["x", "nul", "spaces"], default="x")
parser.add_argument("--crlf", action="store_true")
parser.add_argument("--split", action="store_true", help="first byte apart")
parser.add_argument("--bytewise", action="store_true", help="each byte apart")
parser.add_argument("--pipelined", action="store_true", help="all at once")
parser.add_argument("--empty-line", action="store_true", help="after t")
parser.add_argument("--one-recv", action="store_true", help="is an answer")
options = parser.parse_args()

client_socket = socket(AF_INET, SOCK_STREAM)
client_socket.settimeout(10)
client_socket.connect((options.host, options.port))
answers = client_socket.makefile("rb")


def send(message):
    if options.crlf:
        message = message.replace(b"\n", b"\r\n")
    pieces = [message]
    if options.split:
        pieces = [message[:1], message[1:]]
    if options.bytewise:
        pieces = [message[at : at + 1] for at in range(len(message))]
    for piece in pieces:
        client_socket.sendall(piece)


def expect(answer):
    if options.one_recv:
        got = client_socket.recv(65536)
    else:
        got = answers.readline()
    assert got == answer, "expected %r, got %r" % (answer, got)


payload = {
    "x": b"x" * options.size,
    "nul": b"\0" * options.size,
    # The first and the last byte are spaces, and some stand side by side.
    "spaces": (b" a  " * options.size)[: options.size - 1] + b" ",
}[options.payload]
setup = b"s %s %d %d %s\n" % (
    options.type.encode(),
    options.probes,
    options.size,
    options.delay.encode(),
)

echoed = 0
shortest = float("inf")
for _ in range(options.sessions):
    send(setup)
    expect(b"200 OK: Ready\n")
    probes = [b"m %d %s\n" % (n + 1, payload) for n in range(options.probes)]
    if options.pipelined:
        send(b"".join(probes))
    for probe in probes:
        started = time.perf_counter()
        if not options.pipelined:
            send(probe)
        expect(probe)
        shortest = min(shortest, time.perf_counter() - started)
        echoed += 1
send(b"t\n\n" if options.empty_line else b"t\n")
expect(b"200 OK: Closing Connection\n")
rest = client_socket.recv(1024)
assert rest == b"", "expected the end, got %r" % rest
client_socket.close()
held = shortest * 1000 >= float(options.delay) or options.pipelined
print("%d echoes%s" % (echoed, "" if held else ", not held for the delay"))
