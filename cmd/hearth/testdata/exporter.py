# Serves a file as an exporter serves metrics, as it is at each scrape.
# exporter.py PORT FILE
import http.server, sys

port, path = int(sys.argv[1]), sys.argv[2]

class Exporter(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = open(path, "rb").read()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args):
        pass

http.server.ThreadingHTTPServer(("127.0.0.1", port), Exporter).serve_forever()
