#!/usr/bin/env python3
"""A receiver of webhooks for tests: verifies, answers as its path says, and writes down what came and what it said."""
# SPDX-License-Identifier: PostgreSQL
#
# receiver.py LOG SECRET [CERTIFICATE]: listens on a free port of 127.0.0.1, or that of the environment variable PORT, and prints it.
# /good answers 200; /flaky fails every third request; /drop closes the connection every third time, after it wrote the event down;
# /stall never answers; /refuse answers 503 while the file LOG.refuse is there; /moved answers with a redirect to /good.
import hashlib
import hmac
import http.server
import itertools
import json
import os
import pathlib
import socketserver
import ssl
import sys
import threading
import time

log = open(sys.argv[1], "a", buffering=1)
secret = sys.argv[2]
counter = itertools.count(1)
lock = threading.Lock()


# As docs/operations.md has it.
def is_genuine(secret: str, signature: str, body: bytes, tolerance: int = 300) -> bool:
    fields = [field.split("=", 1) for field in signature.split(",")]
    seconds = next(value for name, value in fields if name == "t")
    expected = hmac.new(secret.encode(), seconds.encode() + b"." + body, hashlib.sha256).hexdigest()
    return abs(time.time() - int(seconds)) <= tolerance and any(
        hmac.compare_digest(expected, value) for name, value in fields if name == "v1")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        event = json.loads(body)
        number = next(counter)
        status = 200
        if self.path == "/flaky" and number % 3 == 0:
            status = 500
        elif self.path == "/refuse" and pathlib.Path(sys.argv[1] + ".refuse").exists():
            status = 503
        elif self.path == "/moved":
            status = 307
        elif self.path == "/drop" and number % 3 == 0:
            status = -1
        elif self.path == "/stall":
            status = 0
        with lock:
            log.write(json.dumps({
                "path": self.path, "id": event["id"], "type": event["type"], "tenant": event["tenant"], "n": event["data"].get("n"),
                "status": status, "attempt": int(self.headers["Tenancy-Delivery-Attempt"]),
                "genuine": is_genuine(secret, self.headers["Tenancy-Signature"], body),
                "same": event["id"] == self.headers["Tenancy-Event-Id"] and event["type"] == self.headers["Tenancy-Event-Type"]}) + "\n")
        if status == 0:
            time.sleep(5)
        if status <= 0:
            self.close_connection = True
            return
        self.send_response(status)
        if status == 307:
            self.send_header("Location", "/good")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 64


server = Server(("127.0.0.1", int(os.environ.get("PORT", "0"))), Handler)
if len(sys.argv) > 3:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[3])
    server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_address[1], flush=True)
server.serve_forever()
