"""Uppercase client over TCP, as textbooks write it: it sends no newline, and
takes what one recv gives for the whole answer."""

import sys
from socket import AF_INET, SOCK_STREAM, socket

server_name, server_port = sys.argv[1], int(sys.argv[2])
sentence = sys.argv[3]

client_socket = socket(AF_INET, SOCK_STREAM)
client_socket.connect((server_name, server_port))
client_socket.send(sentence.encode())
modified_sentence = client_socket.recv(1024)
print("From server:", modified_sentence.decode())
client_socket.close()
