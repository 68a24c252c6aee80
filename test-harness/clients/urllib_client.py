"""Python's own urllib. It speaks HTTP/1.1; the target says nothing."""

import ssl
import urllib.request

from common import main


def send(_, method, url, headers, form):
    context = ssl._create_unverified_context()
    # No proxy of the environment, and an answer of 403 is an answer.
    opener = urllib.request.OpenerDirector()
    opener.add_handler(urllib.request.HTTPHandler())
    opener.add_handler(urllib.request.HTTPSHandler(context=context))
    request = urllib.request.Request(url, data=form, headers=headers, method=method)
    with opener.open(request, timeout=10) as answer:
        return answer.status, "HTTP/1.1", answer.read().decode()


main(send)
