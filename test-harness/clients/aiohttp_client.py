"""Python's aiohttp. It speaks HTTP/1.1; the target says nothing."""

import asyncio

from common import main


async def ask(method, url, headers, form):
    import aiohttp

    patience = aiohttp.ClientTimeout(total=10)
    async with aiohttp.ClientSession(timeout=patience) as session:
        async with session.request(method, url, headers=headers, data=form, ssl=False) as answer:
            return answer.status, f"HTTP/{answer.version.major}.{answer.version.minor}", await answer.text()


def send(_, method, url, headers, form):
    return asyncio.run(ask(method, url, headers, form))


main(send)
