"""awscurl for tests: sign one request as botocore does, send it, print the answer.

usage: awscurl.py [-X METHOD] [--service S] [--region R] [-H 'K: V']... [-d BODY | -d @FILE] [-i] URL
Exit status 0 for 2xx, 22 otherwise.

With --until TEXT SECONDS it asks again and again, until the answer has TEXT or time is
up, and prints the last answer: one process costs less than one for each question.
"""
import os
import sys
import time
import urllib.error
import urllib.request

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

method, service, region, data, url, show, headers = None, "aps", os.environ.get("AWS_REGION", "us-east-1"), None, None, False, {}
until, deadline = "", 0
args = sys.argv[1:]
while args:
    a = args.pop(0)
    if a in ("-X", "--request"):
        method = args.pop(0)
    elif a == "--service":
        service = args.pop(0)
    elif a == "--region":
        region = args.pop(0)
    elif a == "-H":
        k, v = args.pop(0).split(":", 1)
        headers[k] = v.strip()
    elif a == "-d":
        data = args.pop(0)
        data = open(data[1:], "rb").read() if data.startswith("@") else data.encode()
    elif a == "-i":
        show = True
    elif a == "--until":
        until, deadline = args.pop(0), time.monotonic() + float(args.pop(0))
    else:
        url = a
method = method or ("POST" if data else "GET")


def ask():
    request = AWSRequest(method=method, url=url, data=data or b"", headers=headers)
    SigV4Auth(Credentials(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"], os.environ.get("AWS_SESSION_TOKEN")), service, region).add_auth(request)
    prepared = request.prepare()
    raw = urllib.request.Request(prepared.url, data=data if method != "GET" else None, headers=dict(prepared.headers), method=method)
    try:
        answer = urllib.request.urlopen(raw, timeout=30)
        status = 0
    except urllib.error.HTTPError as e:
        answer, status = e, 22
    text = ""
    if show or status:
        text = f"HTTP {answer.status}\n" + "".join(f"{k}: {v}\n" for k, v in answer.headers.items()) + "\n"
    return status, text + answer.read().decode()


while True:
    try:
        status, text = ask()
    except OSError as e:  # nobody answers
        if not until:
            raise
        status, text = 22, str(e)
    if until in text or time.monotonic() > deadline:
        break
    time.sleep(0.2)
print(text)
sys.exit(status)
