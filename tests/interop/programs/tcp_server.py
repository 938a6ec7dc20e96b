"""Uppercase server over TCP, as textbooks write it: one recv is a sentence,
its answer has no newline, and then it closes. With --lines it is the older
edition, which reads and answers lines until the client leaves."""

import argparse
from socket import AF_INET, SOCK_STREAM, socket

parser = argparse.ArgumentParser()
parser.add_argument("--lines", action="store_true")
options = parser.parse_args()

server_socket = socket(AF_INET, SOCK_STREAM)
server_socket.bind(("127.0.0.1", 0))
server_socket.listen(1)
print("listening tcp 127.0.0.1:%d" % server_socket.getsockname()[1], flush=True)

while True:
    connection_socket, _ = server_socket.accept()
    if options.lines:
        for line in connection_socket.makefile("rb"):
            connection_socket.sendall(line.upper())
    else:
        sentence = connection_socket.recv(1024).decode()
        connection_socket.send(sentence.rstrip("\n").upper().encode())
    connection_socket.close()
