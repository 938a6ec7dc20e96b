"""A server of the course's measurement protocol, one client at a time, that
speaks the protocol itself or, by its flags, one of the dialects that are about."""

import argparse
import time
from socket import AF_INET, SOCK_STREAM, socket

parser = argparse.ArgumentParser()
parser.add_argument("--no-lf", action="store_true", help="no LF after a reply")
parser.add_argument("--tail", default="", help="what precedes a reply's LF")
parser.add_argument("--ready", default="200 OK: Ready")
parser.add_argument("--closing", default="200 OK: Closing Connection")
parser.add_argument(
    "--echo",
    choices=["whole", "payload", "rebuilt"],
    default="whole",
    help="rebuilt: its own count from 0 stands where the number was",
)
parser.add_argument("--echo-no-lf", action="store_true")
parser.add_argument("--from-zero", action="store_true", help="demands it")
parser.add_argument("--seconds", action="store_true", help="delay in seconds")
parser.add_argument("--stay-open", action="store_true", help="after t")
parser.add_argument("--go-on", action="store_true", help="after a 404")
parser.add_argument("--echo-errors", action="store_true", help="after the 404")
options = parser.parse_args()
options.tail = options.tail.encode().decode("unicode_escape")


class Refused(Exception):
    pass


def reply(connection, text):
    ending = "" if options.no_lf else "\n"
    connection.sendall((text + options.tail + ending).encode())


def refuse(connection, phase):
    reply(connection, "404 ERROR: Invalid %s Message" % phase)
    if not options.go_on:
        raise Refused


def measure(connection, lines, setup):
    probes, size, delay = int(setup[2]), int(setup[3]), float(setup[4])
    seconds = delay if options.seconds else delay / 1000
    done = 0
    for line in lines:
        message = line.rstrip(b"\n")
        if message == b"t":
            if options.closing != "":
                reply(connection, options.closing)
            if not options.stay_open:
                return
            continue
        fields = message.split(b" ", 2)
        due = done if options.from_zero else done + 1
        right = (
            done < probes
            and len(fields) == 3
            and fields[:2] == [b"m", b"%d" % due]
            and len(fields[2]) == size
        )
        if not right:
            refuse(connection, "Measurement")
            if not options.echo_errors:
                continue
        time.sleep(seconds)
        echo = {
            "whole": message,
            "payload": fields[-1],
            "rebuilt": b"m %d " % done + fields[-1],
        }[options.echo]
        connection.sendall(echo + (b"" if options.echo_no_lf else b"\n"))
        done += 1 if right else 0


def serve(connection):
    lines = connection.makefile("rb")
    for line in lines:
        setup = line.decode("latin-1").rstrip("\n").split(" ")
        if len(setup) == 5 and setup[0] == "s" and setup[1] in ("rtt", "tput"):
            reply(connection, options.ready)
            return measure(connection, lines, setup)
        refuse(connection, "Connection Setup")


server_socket = socket(AF_INET, SOCK_STREAM)
server_socket.bind(("127.0.0.1", 0))
server_socket.listen(5)
print("listening tcp 127.0.0.1:%d" % server_socket.getsockname()[1], flush=True)

while True:
    connection_socket, _ = server_socket.accept()
    try:
        serve(connection_socket)
    except (Refused, ConnectionError):
        pass
    connection_socket.close()
