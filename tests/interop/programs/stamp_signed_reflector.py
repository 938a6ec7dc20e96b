"""A reflector of signed STAMP packets: Python's own hmac is the judge of each
request. --sign-with signs the replies with another key."""

import argparse
import hmac
import struct
import sys
import time
from socket import AF_INET, SOCK_DGRAM, socket

parser = argparse.ArgumentParser()
parser.add_argument("key")
parser.add_argument("--sign-with")
options = parser.parse_args()
key = options.key.encode()
reply_key = (options.sign_with or options.key).encode()

NTP_EPOCH = 2208988800
# RFC 8762, sections 4.2.2 and 4.3.2, with the SSID of RFC 8972.
REQUEST = "!I12xQHH68x16s"
REPLY = "!I12xQHH4xQ8xI12xQH6xB15x16s"
SIGNED_BYTES = 96
BARE_BYTES = 112

server_socket = socket(AF_INET, SOCK_DGRAM)
server_socket.bind(("127.0.0.1", 0))
print("listening udp 127.0.0.1:%d" % server_socket.getsockname()[1], flush=True)
counters = {}


def signature(key, packet):
    return hmac.new(key, packet[:SIGNED_BYTES], "sha256").digest()[:16]


def timestamp():
    seconds, nanoseconds = divmod(time.time_ns(), 10**9)
    return seconds + NTP_EPOCH << 32 | nanoseconds * 2**32 // 10**9


while True:
    request, address = server_socket.recvfrom(65536)
    received = timestamp()
    fields = struct.unpack(REQUEST, request[:BARE_BYTES])
    number, sent, estimate, ssid, signed = fields
    if signed != signature(key, request):
        print("not signed: %s" % request.hex(), file=sys.stderr, flush=True)
        continue
    if struct.pack(REQUEST, *fields) != request[:BARE_BYTES]:
        print("not zero: %s" % request.hex(), file=sys.stderr, flush=True)
        continue
    session = (address, ssid)
    counted = counters.get(session, 0)
    counters[session] = counted + 1
    reply = struct.pack(
        REPLY,
        *(counted, timestamp(), 0x8A07, ssid, received),
        *(number, sent, estimate, 64, b""),
    )
    reply = reply[:SIGNED_BYTES] + signature(reply_key, reply)
    server_socket.sendto(reply + request[BARE_BYTES:], address)
