"""Uppercase client over UDP, as textbooks write it; --bytes asks for a sentence
of so many letters."""

import argparse
from socket import AF_INET, SOCK_DGRAM, socket

parser = argparse.ArgumentParser()
parser.add_argument("server_name")
parser.add_argument("server_port", type=int)
parser.add_argument("message", nargs="?", default="")
parser.add_argument("--bytes", type=int, default=0)
options = parser.parse_args()

client_socket = socket(AF_INET, SOCK_DGRAM)
message = options.message or "a" * options.bytes
client_socket.sendto(
    message.encode(), (options.server_name, options.server_port)
)
modified_message, server_address = client_socket.recvfrom(2048)
assert server_address == (options.server_name, options.server_port)
print("From server:", modified_message.decode())
client_socket.close()
