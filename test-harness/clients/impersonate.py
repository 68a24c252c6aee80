"""A real browser's TLS and HTTP/2, by curl_cffi: the target is its name for the browser, for example chrome131."""

from common import main

PROTOCOLS = {1: "HTTP/1.0", 2: "HTTP/1.1", 3: "HTTP/2", 4: "HTTP/2", 5: "HTTP/2"}


def get(target, url, headers):
    from curl_cffi import requests

    answer = requests.get(url, headers=headers, impersonate=target, verify=False, timeout=10)
    return answer.status_code, PROTOCOLS.get(answer.http_version, str(answer.http_version)), answer.text


main(get)
