"""Proves to a server, as docs/protocols.md says it, that it has the shared key,
checks the server's proof, and holds a short conversation. The first line of
standard input is the key, the rest is what is said; what is answered is printed."""

import hmac
import os
import sys
from socket import AF_INET, SOCK_STREAM, socket

host, port, protocol = sys.argv[1:]
key = sys.stdin.buffer.readline().rstrip(b"\n")
said = sys.stdin.buffer.read()


def proof(role):
    fields = ("roundtrip key 1", protocol, role, ours, theirs)
    return hmac.new(key, " ".join(fields).encode(), "sha256").hexdigest()


client_socket = socket(AF_INET, SOCK_STREAM)
client_socket.settimeout(10)
client_socket.connect((host, int(port)))
answers = client_socket.makefile("rb")

ours = os.urandom(32).hex()
client_socket.sendall(b"key 1 %s\n" % ours.encode())
word, version, theirs = answers.readline().decode().split()
assert (word, version) == ("key", "1")
client_socket.sendall(b"key %s\n" % proof("client").encode())
answer = answers.readline()
if answer == b"key %s\n" % proof("server").encode():
    client_socket.sendall(said)
    answer = answers.read()
sys.stdout.buffer.write(answer)
