"""Signs a request with whatever credentials the AWS SDK finds, and prints the
answer: python3 boto_query.py URL METHOD"""

import os
import sys
import urllib.error
import urllib.request

import botocore.session
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

url, method = sys.argv[1:3]
session = botocore.session.get_session()
request = AWSRequest(method=method, url=url, data=b"" if method == "POST" else None)
region = os.environ.get("AWS_REGION", "us-east-1")
SigV4Auth(session.get_credentials().get_frozen_credentials(), "aps", region).add_auth(request)
plain = urllib.request.Request(url, method=method, data=request.data, headers=dict(request.headers))
try:
    answer = urllib.request.urlopen(plain, timeout=30)
except urllib.error.HTTPError as e:
    answer = e
print("HTTP", answer.status)
for name, value in answer.headers.items():
    print(f"{name}: {value}")
print()
print(answer.read().decode())
