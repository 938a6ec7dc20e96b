"""Uppercase server over UDP, as textbooks write it: recvfrom(2048) cuts what is
longer. --pad fills each answer with NULs, as an older edition does; --ignore
leaves the first datagrams without an answer."""

import argparse
from socket import AF_INET, SOCK_DGRAM, socket

parser = argparse.ArgumentParser()
parser.add_argument("--pad", type=int, default=0)
parser.add_argument("--ignore", type=int, default=0)
options = parser.parse_args()

server_socket = socket(AF_INET, SOCK_DGRAM)
server_socket.bind(("127.0.0.1", 0))
print("listening udp 127.0.0.1:%d" % server_socket.getsockname()[1], flush=True)

ignored = 0
while True:
    message, client_address = server_socket.recvfrom(2048)
    if ignored < options.ignore:
        ignored += 1
        continue
    answer = message.decode().upper().encode().ljust(options.pad, b"\0")
    server_socket.sendto(answer, client_address)
