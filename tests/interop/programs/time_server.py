"""Time server in the textbooks' manner: who connects is told the time, and the
connection closed. --ahead sets its clock ahead by so many seconds."""

import argparse
import time
from socket import AF_INET, SOCK_STREAM, socket

parser = argparse.ArgumentParser()
parser.add_argument("--ahead", type=float, default=0)
options = parser.parse_args()

server_socket = socket(AF_INET, SOCK_STREAM)
server_socket.bind(("127.0.0.1", 0))
server_socket.listen(5)
print("listening tcp 127.0.0.1:%d" % server_socket.getsockname()[1], flush=True)

while True:
    connection_socket, _ = server_socket.accept()
    current_time = time.ctime(time.time() + options.ahead) + "\r\n"
    connection_socket.send(current_time.encode("ascii"))
    connection_socket.close()
