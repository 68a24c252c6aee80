"""The application that the WAF protects: it answers every request with what reached it, as JSON, and has one account.

{"method", "path", "headers": [[name, value], ...]}; POST /login is 200 with the right password and 401 with any other.
"""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PASSWORD = b"password=correct-horse"


class Application(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        status = 200
        if self.command == "POST" and self.path.split("?")[0] == "/login":
            status = 200 if PASSWORD in body.split(b"&") else 401
        seen = {"method": self.command, "path": self.path, "headers": list(self.headers.items())}
        reply = json.dumps(seen).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(reply)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = answer


ThreadingHTTPServer(("", 8000), Application).serve_forever()
