"""A STAMP reflector out of Scapy's packets, with a bad path on purpose: lists of
the senders' sequence numbers say which requests have which fate."""

import argparse
import time
from socket import AF_INET, SOCK_DGRAM, socket

from scapy.contrib.stamp import ErrorEstimate
from scapy.contrib.stamp import STAMPSessionReflectorTestUnauthenticated as Reply
from scapy.contrib.stamp import STAMPSessionSenderTestUnauthenticated as Request
from scapy.layers.inet import UDP


def numbers(text):
    return [int(number) for number in text.split(",")]


parser = argparse.ArgumentParser()
parser.add_argument("--stateless", action="store_true")
parser.add_argument("--format", choices=["ntp", "ptp"], help="else the request's")
parser.add_argument("--bare", action="store_true", help="return no TLVs")
parser.add_argument(
    "--twamp-light",
    choices=["38", "41", "truncated", "untruncated", "zeroed", "tlv"],
    help="reply as RFC 5357 has it, in so many bytes or with that padding",
)
parser.add_argument("--drop-forward", type=numbers, default=[])
parser.add_argument("--drop-backward", type=numbers, default=[])
parser.add_argument("--duplicate", type=numbers, default=[])
parser.add_argument("--corrupt", type=numbers, default=[], help="each otherwise")
options = parser.parse_args()

NTP_EPOCH = 2208988800
BARE_BYTES = 44

server_socket = socket(AF_INET, SOCK_DGRAM)
server_socket.bind(("127.0.0.1", 0))
print("listening udp 127.0.0.1:%d" % server_socket.getsockname()[1], flush=True)
counters = {}


def timestamp(now_ns, ptp):
    if ptp:
        return now_ns // 10**9 << 32 | now_ns % 10**9
    return now_ns / 1e9 + NTP_EPOCH


def corrupted(reply, kind):
    if kind == 0:
        reply.ssid ^= 0x0101
    elif kind == 1:
        reply.fields["ts_sender"] ^= 1
    else:
        reply.seq_sender += 1000000
    return bytes(reply)


def twamp_light(reply, request):
    """The reply with the request's padding, which begins at byte 14."""
    if options.twamp_light == "tlv":
        return reply + bytes.fromhex("000100020000")
    head = reply[:14] + bytes(2) + reply[16:41]
    if options.twamp_light in ("38", "41"):
        return head[: int(options.twamp_light)]
    padding = request[14:]
    if options.twamp_light != "untruncated":
        padding = padding[: len(padding) - 27]
    return head + (bytes(len(padding)) if options.twamp_light == "zeroed" else padding)


while True:
    raw, address = server_socket.recvfrom(65536)
    received_ns = time.time_ns()
    request = Request(raw, _parent=UDP(len=8 + len(raw)))
    assert request.mbz == 0, "no request: %s" % raw.hex()
    if request.seq in options.drop_forward:
        continue
    session = (address, request.ssid)
    number = counters.get(session, 0)
    counters[session] = number + 1
    if request.seq in options.drop_backward:
        continue

    ptp = request.err_estimate.Z
    if options.format is not None:
        ptp = int(options.format == "ptp")
    reply = Reply(
        seq=request.seq if options.stateless else number,
        err_estimate=ErrorEstimate(S=1, Z=ptp, scale=10, multiplier=7),
        ssid=request.ssid,
        seq_sender=request.seq,
        err_estimate_sender=request.err_estimate,
        ttl_sender=64,
        tlv_objects=[] if options.bare else request.tlv_objects,
    )
    for tlv in reply.tlv_objects:
        tlv.flags = 0
    # All 64 bits of it; what Scapy makes of them for a reader is rounded.
    reply.fields["ts_sender"] = request.getfieldval("ts")
    # In the constructor Scapy would not know the format yet.
    reply.ts_rx = timestamp(received_ns, ptp)
    reply.ts = timestamp(time.time_ns(), ptp)
    datagram = bytes(reply)
    if options.twamp_light:
        datagram = twamp_light(datagram, raw)
    if request.seq in options.corrupt:
        datagram = corrupted(reply, options.corrupt.index(request.seq))
    server_socket.sendto(datagram, address)
    if request.seq in options.duplicate:
        server_socket.sendto(datagram, address)
