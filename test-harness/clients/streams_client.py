"""aiohttp with a solver: comes to a page that is guarded, does the work, and opens what lasts.

usage: streams_client.py BASE_URL SECONDS

SECONDS is how long the stream of events is read. Prints one JSON object: the statuses before and after, what the WebSocket echoed,
the number of events, and the status of one more request when the stream has been read.
"""

import asyncio
import base64
import hashlib
import json
import re
import struct
import sys

import aiohttp

HTML = {"accept": "text/html"}
EVENTS = {"accept": "text/event-stream"}


def solve(token, difficulty):
    seed = hashlib.sha256(token.encode()).digest()
    found = []
    for part in range(16):
        n = 0
        while int.from_bytes(hashlib.sha256(seed + struct.pack(">II", part, n)).digest()[:4]) >> (32 - difficulty + 4):
            n += 1
        found.append(n)
    numbers = base64.urlsafe_b64encode(struct.pack(">16I", *found)).rstrip(b"=").decode()
    return f"{token}~{numbers}"


async def status(session, url, headers):
    async with session.get(url, headers=headers) as answer:
        return answer.status


async def main(base, seconds):
    connector = aiohttp.TCPConnector(ssl=False)
    told = {}
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=60)) as session:
        told["events_before"] = await status(session, f"{base}/guarded/events", EVENTS)
        try:
            async with session.ws_connect(f"{base}/guarded/socket"):
                told["socket_before"] = 101
        except aiohttp.WSServerHandshakeError as error:
            told["socket_before"] = error.status
        async with session.get(f"{base}/guarded/page", headers=HTML) as answer:
            text = await answer.text()
        token = re.search(r' data-token="([^"]+)"', text)[1]
        difficulty = int(re.search(r' data-difficulty="(\d+)"', text)[1])
        answer = {"layerprint-answer": solve(token, difficulty)}
        async with session.post(f"{base}/.layerprint/challenge", headers=answer) as passed:
            told["answer"] = passed.status
            cookie = {"cookie": passed.headers["set-cookie"].split(";")[0] + "; own=1"}
        async with session.ws_connect(f"{base}/guarded/socket", headers=cookie) as socket:
            await socket.send_str("hello")
            told["socket"] = (await socket.receive(timeout=5)).data
            async with session.get(f"{base}/guarded/events", headers=EVENTS | cookie) as events:
                told["events_after"] = events.status
                count = 0
                loop = asyncio.get_running_loop()
                until = loop.time() + seconds
                async for line in events.content:
                    count += line.startswith(b"data:")
                    if loop.time() > until:
                        break
                told["events"] = count
            await socket.send_str("still there")
            told["socket_later"] = (await socket.receive(timeout=5)).data
        told["later"] = await status(session, f"{base}/guarded/page", HTML | cookie)
    print(json.dumps(told))


asyncio.run(main(sys.argv[1], float(sys.argv[2])))
