#!/usr/bin/env python3
"""A slow link: two TUN devices, and every packet that is sent into one comes out of the other after some time, in order.
`delayed_link.py DEVICE DEVICE MILLISECONDS` makes both, prints `ready`, and runs until its standard input ends. Where a device is moved
to another network namespace, its end of the link goes with it. Needs CAP_NET_ADMIN. (netem would do; not every kernel has it.)
"""

import collections
import fcntl
import os
import select
import struct
import sys
import time

TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000


def device(name):
    tun = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    return tun


ends = [device(name) for name in sys.argv[1:3]]
delay = int(sys.argv[3]) / 1000
under_way = collections.deque()
print("ready", flush=True)
while True:
    wait = max(0, under_way[0][0] - time.monotonic()) if under_way else None
    ready = select.select([*ends, sys.stdin], [], [], wait)[0]
    if sys.stdin in ready:
        sys.exit()
    for end in ready:
        try:
            packet = os.read(end, 65536)
        except OSError:
            continue
        under_way.append((time.monotonic() + delay, ends[1 - ends.index(end)], packet))
    while under_way and under_way[0][0] <= time.monotonic():
        _, end, packet = under_way.popleft()
        try:
            os.write(end, packet)
        except OSError:
            pass  # The other end is not up yet: lost.
