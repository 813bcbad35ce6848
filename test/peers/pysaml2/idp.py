"""A SAML identity provider on loopback, made of pysaml2: idp.py PORT FOLDER [HOST]

It knows everybody: whoever asks is the person of the file FOLDER/person.json,
{"name_id": …, "format": …, "attributes": {…}, "sign": "assertion|response|both", "minutes": 5},
the minutes being how long the assertion is good.
Requests must be signed by the key in the service provider's metadata, which is
fetched from the issuer's address. Prints "ready" once it listens.
"""
import base64
import html
import json
import subprocess
import sys
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT, saml
from saml2.config import IdPConfig
from saml2.metadata import entity_descriptor
from saml2.server import Server
from saml2.sigver import verify_redirect_signature
from saml2.xmldsig import DIGEST_SHA256, SIG_RSA_SHA256

PORT, FOLDER = int(sys.argv[1]), Path(sys.argv[2])
BASE = f"http://{sys.argv[3] if len(sys.argv) > 3 else '127.0.0.1'}:{PORT}"
KEY, CERT = FOLDER / "idp.key", FOLDER / "idp.crt"


def make_key():
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=idp",
                    "-keyout", str(KEY), "-out", str(CERT)], check=True, capture_output=True)


def config(sp_metadata=None, minutes=5):
    service = {
        "endpoints": {
            "single_sign_on_service": [(BASE + "/sso", BINDING_HTTP_REDIRECT)],
            "single_logout_service": [(BASE + "/slo", BINDING_HTTP_REDIRECT)],
        },
        "policy": {"default": {"lifetime": {"minutes": minutes}, "name_form": "urn:oasis:names:tc:SAML:2.0:attrname-format:basic"}},
        "name_id_format": [saml.NAMEID_FORMAT_PERSISTENT],
    }
    c = {"entityid": BASE + "/metadata", "service": {"idp": service}, "key_file": str(KEY), "cert_file": str(CERT),
         "xmlsec_binary": "/usr/bin/xmlsec1", "allow_unknown_attributes": True}
    if sp_metadata:
        c["metadata"] = {"inline": [sp_metadata]}
    return IdPConfig().load(c)


def fetch(url):
    if not url.startswith("http://127.0.0.1:"):
        raise ValueError("not a service provider of this machine: " + url)
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read().decode()


def issuer_of(request):
    text = __import__("zlib").decompress(base64.b64decode(request), -15).decode()
    tail = text.split("Issuer", 1)[1].split(">", 1)[1]
    return tail.split("<", 1)[0]


def proven(query, minutes=5):
    """The request's id, where the answer goes, and who asks, if the signature holds."""
    issuer = issuer_of(query["SAMLRequest"])
    server = Server(config=config(fetch(issuer), minutes))
    certs = [c if isinstance(c, str) else c[1] for c in server.metadata.certs(issuer, "any", "signing")]
    if not any(verify_redirect_signature(dict(query), server.sec.sec_backend, cert) for cert in certs):
        raise ValueError("the request's signature does not hold")
    return server, issuer


class Handler(BaseHTTPRequestHandler):
    def answer(self, status, body, kind="text/html"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(body.encode())

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        try:
            if url.path == "/metadata":
                self.answer(200, str(entity_descriptor(config())), "application/samlmetadata+xml")
            elif url.path == "/sso":
                self.sign_in(query)
            elif url.path == "/slo" and "SAMLRequest" in query:
                self.sign_out(query)
            else:
                self.answer(404, "nothing here")
        except Exception as e:  # the test reads why
            self.answer(500, f"{type(e).__name__}: {e}")

    def sign_in(self, query):
        person = json.loads((FOLDER / "person.json").read_text())
        server, issuer = proven(query, person.get("minutes", 5))
        request = server.parse_authn_request(query["SAMLRequest"], BINDING_HTTP_REDIRECT).message
        destination = request.assertion_consumer_service_url
        sign = person.get("sign", "assertion")
        response = server.create_authn_response(
            person["attributes"], request.id, destination, issuer,
            name_id=saml.NameID(format=person.get("format", saml.NAMEID_FORMAT_PERSISTENT), text=person["name_id"]),
            authn={"class_ref": saml.AUTHN_PASSWORD, "authn_auth": BASE},
            sign_assertion=sign in ("assertion", "both"), sign_response=sign in ("response", "both"),
            sign_alg=SIG_RSA_SHA256, digest_alg=DIGEST_SHA256)
        text = base64.b64encode(str(response).encode()).decode()
        fields = {"SAMLResponse": text, "RelayState": query.get("RelayState", "")}
        inputs = "".join(f'<input type="hidden" name="{k}" value="{html.escape(v)}">' for k, v in fields.items())
        self.answer(200, f'<form method="post" action="{html.escape(destination)}">{inputs}<button>go</button></form><script>document.forms[0].submit()</script>')

    def sign_out(self, query):
        server, _ = proven(query)
        request = server.parse_logout_request(query["SAMLRequest"], BINDING_HTTP_REDIRECT)
        made = server.create_logout_response(request.message, [BINDING_HTTP_REDIRECT])
        args = server.apply_binding(BINDING_HTTP_REDIRECT, str(made), made.destination, query.get("RelayState", ""),
                                    response=True, sign=True, sigalg=SIG_RSA_SHA256)
        self.send_response(302)
        for name, value in args["headers"]:
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *args):
        pass


make_key()
listener = ThreadingHTTPServer(("127.0.0.1", PORT), Handler)
print("ready", flush=True)
listener.serve_forever()
