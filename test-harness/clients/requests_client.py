"""Python's requests. It speaks HTTP/1.1; the target says nothing."""

from common import main


def send(_, method, url, headers, form):
    import requests
    import urllib3

    urllib3.disable_warnings()
    session = requests.Session()
    # A proxy of the environment must not come between.
    session.trust_env = False
    answer = session.request(method, url, headers=headers, data=form, verify=False, timeout=10)
    return answer.status_code, "HTTP/1.1", answer.text


main(send)
