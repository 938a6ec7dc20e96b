"""Hi-hello server in the textbooks' manner: one recv, an answer without a
newline, close. With --newline the answer is a line."""

import sys
from socket import AF_INET, SOCK_STREAM, socket

ending = "\n" if "--newline" in sys.argv else ""
server_socket = socket(AF_INET, SOCK_STREAM)
server_socket.bind(("127.0.0.1", 0))
server_socket.listen(1)
print("listening tcp 127.0.0.1:%d" % server_socket.getsockname()[1], flush=True)

while True:
    connection_socket, _ = server_socket.accept()
    greeting = connection_socket.recv(1024).decode().strip()
    answer = "hello" if greeting == "hi" else "what?"
    connection_socket.send((answer + ending).encode())
    connection_socket.close()
