# An HTTP endpoint for topics: appends the body of every request to a file, and
# answers with the status given. sns_sink.py PORT FILE [STATUS]
import http.server, sys

port, path, status = int(sys.argv[1]), sys.argv[2], int((sys.argv + ["200"])[3])

class Sink(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with open(path, "ab") as f:
            f.write(self.headers["x-amz-sns-message-type"].encode() + b"\n" + body + b"\n")
        self.send_response(status)
        self.end_headers()
    def log_message(self, *args):
        pass

http.server.ThreadingHTTPServer(("127.0.0.1", port), Sink).serve_forever()
