"""A sender of signed STAMP packets: Python's own hmac is the judge. It sends what
standard input describes, a JSON object a line, and prints each reply that way.

A request is signed with its "key", or not at all; its "rest" with "restKey", by an
HMAC TLV; one that is to be "refused" is not waited for."""

import hmac
import json
import struct
import sys
import time
from socket import AF_INET, SOCK_DGRAM, socket

NTP_EPOCH = 2208988800
# RFC 8762, sections 4.2.2 and 4.3.2, with the SSID of RFC 8972.
REQUEST = "!I12xQHH68x16s"
REPLY = "!I12xQHH4xQ8xI12xQH6xB15x16s"
SIGNED_BYTES = 96
BARE_BYTES = 112
HMAC_TLV = bytes.fromhex("80080010")

server_address = (sys.argv[1], int(sys.argv[2]))
key = sys.argv[3].encode()
client_socket = socket(AF_INET, SOCK_DGRAM)
client_socket.settimeout(10)


def signature(key, packet):
    return hmac.new(key, packet[:SIGNED_BYTES], "sha256").digest()[:16]


def tlv_signature(key, packet, tlvs):
    return hmac.new(key, packet[:4] + tlvs, "sha256").digest()[:16]


for line in sys.stdin:
    told = json.loads(line)
    before = time.time()
    seconds, nanoseconds = divmod(time.time_ns(), 10**9)
    timestamp = seconds + NTP_EPOCH << 32 | nanoseconds * 2**32 // 10**9
    asked = [told["seq"], timestamp, 0x8A07, told.get("ssid", 0)]
    request = struct.pack(REQUEST, *asked, b"")
    if "key" in told:
        request = request[:SIGNED_BYTES] + signature(told["key"].encode(), request)
    rest = bytes.fromhex(told.get("rest", ""))
    if "restKey" in told:
        rest += HMAC_TLV + tlv_signature(told["restKey"].encode(), request, rest)
    request += rest
    client_socket.sendto(request[: told.get("bytes")], server_address)
    if told.get("refused"):
        continue
    reply, _ = client_socket.recvfrom(65536)
    fields = struct.unpack(REPLY, reply[:BARE_BYTES])
    number, sent, estimate, ssid, received, *sender, ttl, signed = fields
    print(
        json.dumps(
            {
                "bytes": len(reply),
                "isSigned": signed == signature(key, reply),
                "isZeroElsewhere": struct.pack(REPLY, *fields) == reply[:BARE_BYTES],
                "seq": number,
                "sent": sent / 2**32 - NTP_EPOCH,
                "estimate": estimate,
                "ssid": ssid,
                "received": received / 2**32 - NTP_EPOCH,
                "copies": sender == asked[:3],
                "senderSeq": sender[0],
                "ttl": ttl,
                "rest": reply[BARE_BYTES:].hex(),
                "isRestSigned": reply[-16:]
                == tlv_signature(key, reply, reply[BARE_BYTES:-20]),
                "between": [before, time.time()],
            }
        )
    )
client_socket.close()
