"""Time client in the textbooks' manner: connects, takes what one recv gives,
and shows it with its line ending. With udp as the third word it asks by a
datagram of 64 bytes, longer than any answer."""

import sys
from socket import AF_INET, SOCK_DGRAM, SOCK_STREAM, socket

server_address = (sys.argv[1], int(sys.argv[2]))
if sys.argv[3:] == ["udp"]:
    client_socket = socket(AF_INET, SOCK_DGRAM)
    client_socket.sendto(bytes(64), server_address)
    told, _ = client_socket.recvfrom(1024)
else:
    client_socket = socket(AF_INET, SOCK_STREAM)
    client_socket.connect(server_address)
    told = client_socket.recv(1024)
    assert client_socket.recv(1024) == b"", "the server did not close"
print(repr(told.decode("latin-1")))
client_socket.close()
