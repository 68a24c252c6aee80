#!/usr/bin/env python3
"""Prints each SYN that arrives on the interface given, as it was on the wire: the client's port, the server's, and the packet
from its IP header on in hex, separated by spaces. A line `ready` comes first. It runs until its standard input ends. Needs
CAP_NET_RAW.
"""

import select
import socket
import sys

ETH_P_ALL = 3
PACKET_HOST = 0
TCP = 6
SYN, ACK = 0x02, 0x10


def tcp_of(packet):
    """The TCP part of an IP packet without extension headers, else nothing."""
    if packet[0] >> 4 == 4 and packet[9] == TCP:
        return packet[(packet[0] & 15) * 4 :]
    if packet[0] >> 4 == 6 and packet[6] == TCP:
        return packet[40:]
    return b""


# SOCK_DGRAM: without the link-layer header.
tap = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
tap.bind((sys.argv[1], ETH_P_ALL))
print("ready", flush=True)
while sys.stdin not in select.select([tap, sys.stdin], [], [])[0]:
    packet, (_, _, kind, *_) = tap.recvfrom(65536)
    tcp = tcp_of(packet)
    # On the loopback interface each packet passes twice, going out and coming in.
    if kind == PACKET_HOST and len(tcp) >= 20 and tcp[13] & (SYN | ACK) == SYN:
        print(int.from_bytes(tcp[:2], "big"), int.from_bytes(tcp[2:4], "big"), packet.hex(), flush=True)
