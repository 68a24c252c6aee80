"""A real browser's TLS and HTTP/2, by curl_cffi: the target is its name for the browser, for example chrome131, with `/h3` behind
it for HTTP/3. The target `list` asks for nothing: it prints one line for each browser that this version can be."""

import re
import sys

from common import main

PROTOCOLS = {1: "HTTP/1.0", 2: "HTTP/1.1", 3: "HTTP/2", 4: "HTTP/2", 5: "HTTP/2", 30: "HTTP/3", 31: "HTTP/3"}


def send(target, method, url, headers, form):
    from curl_cffi import requests

    target, _, version = target.partition("/")
    version = {"http_version": "v3"} if version == "h3" else {}
    answer = requests.request(
        method, url, headers=headers, data=form, impersonate=target, verify=False, timeout=10, **version
    )
    return answer.status_code, PROTOCOLS.get(answer.http_version, str(answer.http_version)), answer.text


if sys.argv[1:] == ["list"]:
    from curl_cffi.requests import BrowserType

    # The names with a second underscored number are older spellings of others.
    print("\n".join(browser.value for browser in BrowserType if not re.search(r"\d_\d", browser.value)))
else:
    main(send)
