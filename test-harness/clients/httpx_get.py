"""Python's httpx. The target is h2 (HTTP/2 offered beside HTTP/1.1) or h1."""

from common import main


def get(target, url, headers):
    import httpx

    # trust_env: a proxy of the environment must not come between.
    with httpx.Client(http2=target == "h2", verify=False, timeout=10, trust_env=False) as client:
        answer = client.get(url, headers=headers)
    return answer.status_code, answer.http_version, answer.text


main(get)
