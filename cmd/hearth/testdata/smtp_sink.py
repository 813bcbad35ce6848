# A mail server for tests: takes every mail and appends it, with the addresses of
# its envelope, to a file. smtp_sink.py PORT FILE
import socketserver, sys

port, path = int(sys.argv[1]), sys.argv[2]

class Sink(socketserver.StreamRequestHandler):
    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def handle(self):
        envelope = []
        self.say("220 sink ESMTP")
        for raw in self.rfile:
            line = raw.decode("utf-8", "replace").rstrip("\r\n")
            verb = line.split(" ")[0].upper()
            if verb in ("EHLO", "HELO"):
                self.say("250 sink")
            elif verb in ("MAIL", "RCPT"):
                envelope.append(line)
                self.say("250 fine")
            elif verb == "DATA":
                self.say("354 go on")
                self.take(envelope)
                envelope = []
                self.say("250 taken")
            elif verb == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 fine")

    def take(self, envelope):
        mail = []
        for raw in self.rfile:
            line = raw.decode("utf-8", "replace").rstrip("\r\n")
            if line == ".":
                break
            mail.append(line[1:] if line.startswith("..") else line)
        with open(path, "a") as f:
            f.write("\n".join(["==="] + envelope + mail) + "\n")

socketserver.ThreadingTCPServer.allow_reuse_address = True
socketserver.ThreadingTCPServer(("127.0.0.1", port), Sink).serve_forever()
