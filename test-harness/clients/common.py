"""What every client script does: read the arguments, make one request, print one JSON object.

usage: SCRIPT TARGET URL [NAME: VALUE]...

Prints {"status": 200, "protocol": "HTTP/2", "body": "..."}; exits 3 when the library is not installed and 1 when the request
fails, with the reason on stderr.
"""

import json
import sys


def main(get):
    """Calls get(target, url, headers), which gives (status, protocol, body), and prints what it gave."""
    target, url, *lines = sys.argv[1:]
    headers = dict(line.split(": ", 1) for line in lines)
    try:
        status, protocol, body = get(target, url, headers)
    except ImportError as error:
        print(error, file=sys.stderr)
        sys.exit(3)
    except Exception as error:  # Whatever a library raises is a failed request, told in one line.
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        sys.exit(1)
    print(json.dumps({"status": status, "protocol": protocol, "body": body}))
