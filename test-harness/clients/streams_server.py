"""An upstream whose answers last: Server-Sent Events and a WebSocket, by aiohttp. Prints its port, and serves until stdin ends.

/guarded/events sends an event each half second, for ever. /guarded/socket echoes. /sign-in has a form that is sent to /login; /heard
tells what came there.
"""

import asyncio
import sys

from aiohttp import WSMsgType, web


async def events(request):
    answer = web.StreamResponse(headers={"content-type": "text/event-stream", "cache-control": "no-store"})
    await answer.prepare(request)
    n = 0
    while True:
        await answer.write(f"data: {n}\n\n".encode())
        n += 1
        await asyncio.sleep(0.5)


async def socket(request):
    own = web.WebSocketResponse()
    await own.prepare(request)
    async for message in own:
        if message.type == WSMsgType.TEXT:
            await own.send_str(f"{request.headers.get('cookie', '')}|{message.data}")
    return own


async def page(_):
    return web.Response(text="<!DOCTYPE html><title>guarded</title><p>the page", content_type="text/html")


FORM = """<!DOCTYPE html><title>sign in</title>
<form method=post action=/login><input name=user><input type=password name=password><button>Sign in</button></form>"""
heard = []


async def sign_in(_):
    return web.Response(text=FORM, content_type="text/html")


async def login(request):
    heard.append(await request.text())
    return web.Response(text="<!DOCTYPE html><title>welcome</title><p>welcome", content_type="text/html")


async def tell(_):
    return web.json_response(heard)


async def main():
    app = web.Application()
    app.add_routes([
        web.get("/guarded/events", events),
        web.get("/guarded/socket", socket),
        web.get("/sign-in", sign_in),
        web.post("/login", login),
        web.get("/heard", tell),
        web.get("/{rest:.*}", page),
    ])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(site._server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


asyncio.run(main())
