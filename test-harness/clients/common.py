"""What every client script does: read the arguments, make one request, print one JSON object.

usage: SCRIPT TARGET URL FORM [NAME: VALUE]...

FORM is the body of a POST, as a browser's form sends it; empty for a GET. Prints {"status": 200, "protocol": "HTTP/2", "body": "..."};
exits 3 when the library is not installed and 1 when the request fails, with the reason on stderr. The scripts in other languages
keep to the same.
"""

import json
import sys


def main(send):
    """Calls send(target, method, url, headers, form), which gives (status, protocol, body), and prints what it gave."""
    target, url, form, *lines = sys.argv[1:]
    headers = dict(line.split(": ", 1) for line in lines)
    if form:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    try:
        status, protocol, body = send(target, "POST" if form else "GET", url, headers, form.encode() or None)
    except ImportError as error:
        print(error, file=sys.stderr)
        sys.exit(3)
    except Exception as error:  # Whatever a library raises is a failed request, told in one line.
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        sys.exit(1)
    print(json.dumps({"status": status, "protocol": protocol, "body": body}))
