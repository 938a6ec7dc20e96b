"""A STAMP sender out of Scapy's packets. It sends what standard input describes,
a JSON object a line, and prints each reply, as Scapy decodes it, the same way.

A request is cut to "bytes", as TWAMP-Light has it; one that is to be "refused"
is not waited for. {"echo": true} sends the latest reply back."""

import json
import sys
import time
from socket import AF_INET, SOCK_DGRAM, socket

from scapy.contrib.stamp import ErrorEstimate, STAMPTestTLV
from scapy.contrib.stamp import STAMPSessionReflectorTestUnauthenticated as Reply
from scapy.contrib.stamp import STAMPSessionSenderTestUnauthenticated as Request
from scapy.layers.inet import UDP

NTP_EPOCH = 2208988800
BARE_BYTES = 44

server_address = (sys.argv[1], int(sys.argv[2]))
client_socket = socket(AF_INET, SOCK_DGRAM)
client_socket.settimeout(10)


def request_of(told):
    ptp = int(told.get("ptp", False))
    request = Request(
        seq=told["seq"],
        ssid=told.get("ssid", 0),
        err_estimate=ErrorEstimate(S=1, Z=ptp, scale=5, multiplier=200),
        # Flags as a number: Scapy takes the U of RFC 8972 for the lowest bit.
        tlv_objects=[STAMPTestTLV(flags=0x80, **tlv) for tlv in told.get("tlvs", [])],
    )
    # In the constructor Scapy would not know the format yet.
    now_ns = time.time_ns()
    if ptp:
        request.ts = now_ns // 10**9 << 32 | now_ns % 10**9
    else:
        request.ts = now_ns / 1e9 + NTP_EPOCH
    return request


def seconds(packet, name, estimate):
    """A timestamp in seconds since 1970."""
    if estimate.Z == 0:
        return float(getattr(packet, name)) - NTP_EPOCH
    nanoseconds = packet.getfieldval(name) & 0xFFFFFFFF
    assert nanoseconds < 10**9, "no PTP timestamp: %d ns" % nanoseconds
    return (packet.getfieldval(name) >> 32) + nanoseconds / 1e9


def estimate_of(estimate):
    return [estimate.S, estimate.Z, estimate.scale, estimate.multiplier]


def decoded(raw):
    padded = raw.ljust(BARE_BYTES, b"\0")
    reply = Reply(padded, _parent=UDP(len=8 + len(padded)))
    return {
        "bytes": len(raw),
        "seq": reply.seq,
        "sent": seconds(reply, "ts", reply.err_estimate),
        "estimate": estimate_of(reply.err_estimate),
        "ssid": reply.ssid,
        "received": seconds(reply, "ts_rx", reply.err_estimate),
        "sender": {
            "seq": reply.seq_sender,
            "timestamp": "%016x" % reply.getfieldval("ts_sender"),
            "estimate": estimate_of(reply.err_estimate_sender),
        },
        "ttl": reply.ttl_sender,
        "zeros": [reply.mbz1, reply.mbz2],
        "tlvs": [
            {
                "flags": int(tlv.flags),
                "type": tlv.type,
                "len": tlv.len,
                "value": bytes(tlv.value).decode("latin-1"),
            }
            for tlv in reply.tlv_objects
        ],
    }


for line in sys.stdin:
    told = json.loads(line)
    if told.get("echo"):
        client_socket.sendto(raw, server_address)
        continue
    request = request_of(told)
    before = time.time()
    client_socket.sendto(bytes(request)[: told.get("bytes")], server_address)
    if told.get("refused"):
        continue
    raw, _ = client_socket.recvfrom(65536)
    asked = {
        "seq": request.seq,
        "timestamp": "%016x" % request.getfieldval("ts"),
        "estimate": estimate_of(request.err_estimate),
    }
    between = [before, time.time()]
    print(json.dumps({**decoded(raw), "asked": asked, "between": between}))
client_socket.close()
