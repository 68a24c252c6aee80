#!/usr/bin/env python3
"""A TCP client made by hand: it opens a connection with a SYN given in hex, asks for a page over HTTP/1.1, and prints the answer.

`handmade.py SYN INTERFACE MAC FROM TO PORT [REQUEST [NAME]]`: SYN is a packet from its IP header on, whose addresses, port and checksums are
replaced; over IPv6 its TCP part and its TTL are taken. MAC is the hardware address of the next hop. FROM must be an address that
this system does not own, or its kernel answers the SYN/ACK with a RST; the peer has to know where to find it. Nothing is sent
twice: it is for links that lose nothing. REQUEST is sent in place of the one for a page; the answer has to close the connection.
With NAME, a server's, it is sent under TLS, Python's own. Needs CAP_NET_RAW.
"""

import ipaddress
import os
import socket
import ssl
import struct
import sys
import time

ETH_P = {4: 0x0800, 6: 0x86DD}
ETH_P_ALL = 3
TCP = 6
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16

template, interface, mac, source, destination = sys.argv[1:6]
template = bytes.fromhex(template)
source, destination = ipaddress.ip_address(source), ipaddress.ip_address(destination)
port = int(sys.argv[6])
own_port = 32768 + int.from_bytes(os.urandom(2), "big") % 28000
first = int.from_bytes(os.urandom(4), "big")
link = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
link.bind((interface, ETH_P_ALL))
link.settimeout(10)


def checksum(data):
    total = sum(struct.unpack(f"!{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def packet(ip_header, segment):
    """`segment` with its checksum in an IP packet. Over IPv4 the header is one like `ip_header`, over IPv6 it has its TTL."""
    pseudo = source.packed + destination.packed + struct.pack("!II", len(segment), TCP)
    over = checksum(pseudo + segment[:16] + segment[18:])
    segment = segment[:16] + struct.pack("!H", over) + segment[18:]
    if source.version == 6:
        header = struct.pack("!IHBB", 6 << 28, len(segment), TCP, ip_header[8]) + source.packed + destination.packed
        return header + segment
    header = bytearray(ip_header)
    header[2:4] = struct.pack("!H", len(header) + len(segment))
    header[10:20] = b"\0\0" + source.packed + destination.packed
    header[10:12] = struct.pack("!H", checksum(bytes(header)))
    return bytes(header) + segment


def send(segment):
    hardware = bytes.fromhex(mac.replace(":", ""))
    link.sendto(packet(ip_header, segment), (interface, ETH_P[source.version], 0, 0, hardware))


def answer():
    """The next segment of this connection: sequence and acknowledgement number, flags, data."""
    while True:
        got = link.recv(65536)
        if got[0] >> 4 != source.version:
            continue
        at, addresses = (40, got[8:40]) if source.version == 6 else ((got[0] & 15) * 4, got[12:20])
        whole = 40 + int.from_bytes(got[4:6], "big") if source.version == 6 else int.from_bytes(got[2:4], "big")
        segment = got[at:whole]
        if addresses == destination.packed + source.packed and segment[:4] == struct.pack("!HH", port, own_port):
            sequence, acknowledged, offset, flags = struct.unpack("!IIBB", segment[4:14])
            return sequence, acknowledged, flags, segment[(offset >> 4) * 4 :]


def segment(sequence, acknowledged, flags, data=b""):
    return struct.pack("!HHIIBBHHH", own_port, port, sequence, acknowledged, 5 << 4, flags, 64240, 0, 0) + data


ip_header = template[: (template[0] & 15) * 4]
opening = template[len(ip_header) :]
send(struct.pack("!HHI", own_port, port, first) + opening[8:])
sequence, acknowledged, flags, _ = answer()
if flags & RST or not flags & SYN or acknowledged != (first + 1) % 2**32:
    sys.exit(f"no handshake: flags {flags:#x}")
# The rest of the connection goes as ordinary packets of the same sender.
mine, theirs = acknowledged, (sequence + 1) % 2**32
send(segment(mine, theirs, ACK))


def transmit(data):
    global mine
    for at in range(0, len(data), 1000):
        part = data[at : at + 1000]
        send(segment(mine, theirs, ACK | PSH, part))
        mine = (mine + len(part)) % 2**32


def receive():
    """The next data of the peer; none when it has ended the connection."""
    global theirs
    while time.monotonic() < deadline:
        sequence, _, flags, data = answer()
        fresh = data if sequence == theirs else b""
        ends = sequence == theirs and flags & FIN
        theirs = (theirs + len(fresh) + bool(ends)) % 2**32
        if flags & RST:
            break
        if data or flags & FIN:
            send(segment(mine, theirs, ACK | (flags & FIN)))
        if fresh or ends:
            return fresh
    return b""


def plainly(request):
    transmit(request)
    received = b""
    while data := receive():
        received += data
    return received


def under_tls(request, name):
    context = ssl._create_unverified_context()
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname=name)

    def until_done(step):
        """What step gives once it need not wait for the peer; nothing when the peer has gone."""
        while True:
            try:
                done = step()
                transmit(outgoing.read())
                return done
            except ssl.SSLWantReadError:
                transmit(outgoing.read())
                data = receive()
                if not data:
                    return b""
                incoming.write(data)
            except ssl.SSLError:
                # The peer takes its leave.
                return b""

    until_done(tls.do_handshake)
    until_done(lambda: tls.write(request))
    received = b""
    while data := until_done(lambda: tls.read(65536)):
        received += data
    return received


page = f"GET /by-hand HTTP/1.1\r\nhost: {destination}\r\nuser-agent: by-hand\r\nconnection: close\r\n\r\n"
request = (sys.argv[7] if len(sys.argv) > 7 else page).encode()
deadline = time.monotonic() + 10
received = under_tls(request, sys.argv[8]) if len(sys.argv) > 8 else plainly(request)
print(own_port)
print(received.decode("latin-1").split("\r\n")[0])
