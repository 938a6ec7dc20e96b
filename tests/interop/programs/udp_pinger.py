"""UDP pinger, as the textbooks' exercise has it: ten pings, each awaited for a
while, and a line for each."""

import sys
import time
from socket import AF_INET, SOCK_DGRAM, socket, timeout

server_address = (sys.argv[1], int(sys.argv[2]))
client_socket = socket(AF_INET, SOCK_DGRAM)
client_socket.settimeout(float(sys.argv[3]))

for sequence in range(1, 11):
    sent_at = time.time()
    message = "Ping %d %f" % (sequence, sent_at)
    client_socket.sendto(message.encode(), server_address)
    try:
        answer, _ = client_socket.recvfrom(1024)
    except timeout:
        print(sequence, "Request timed out")
        continue
    right = answer.decode() == message.upper() and time.time() >= sent_at
    print(sequence, "answered" if right else "answered wrongly")
client_socket.close()
