"""Python's httpx. The target is h2 (HTTP/2 offered beside HTTP/1.1) or h1."""

from common import main


def send(target, method, url, headers, form):
    import httpx

    # trust_env: a proxy of the environment must not come between.
    with httpx.Client(http2=target == "h2", verify=False, timeout=10, trust_env=False) as client:
        answer = client.request(method, url, headers=headers, content=form)
    return answer.status_code, answer.http_version, answer.text


main(send)
