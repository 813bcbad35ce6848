"""Sends requests signed by botocore to the gate at argv[1]; prints a line for
each that was refused. The keys come from argv[2] and argv[3]."""

import sys

import botocore.session
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.httpsession import URLLib3Session

gate, access_key, secret_key = sys.argv[1:4]
keys = Credentials(access_key, secret_key)
temporary = Credentials(access_key, secret_key, "IQoJb3JpZ2luX2Vj//////////+token=")
http = URLLib3Session()


def send(name, request, auth):
    auth.add_auth(request)
    answer = http.send(request.prepare())
    if answer.status_code != 200:
        print(name, request.url, answer.status_code, answer.text)


def header(creds=keys):
    return SigV4Auth(creds, "aps", "us-west-2")


QUERY = "/workspaces/ws-1/api/v1/query"
PARAMS = {
    "query": 'sum by (job) (rate(x{a="ü+b c", d=~"e|f"}[5m])) > 1',
    "time": "1700000000.123",
    "empty": "",
}

send("params", AWSRequest("GET", gate + QUERY, params=PARAMS), header())
send("token", AWSRequest("GET", gate + QUERY, params=PARAMS), header(temporary))
send("in the URL, empty body", AWSRequest("POST", gate + QUERY + "?query=up"), header())
# Characters that a URL may not hold are left out: urllib3 encodes them after
# botocore has signed, so AWS refuses such requests as well.
for raw in (
    "match%5B%5D=up&match%5B%5D=%7Bjob%3D%22a%22%7D&match%5B%5D=a-b&match%5B%5D=a%2Fb",
    "query=sum(rate(x))+by+(job)&start=2026-01-01T00:00:00Z",
    "b&&a=1&query=100%25",
):
    send("raw query", AWSRequest("GET", gate + "/workspaces/ws-1/api/v1/series?" + raw), header())
for path in (
    "",
    "/",
    "/workspaces/",
    "/workspaces//ws-1///api/v1/remote_write/",
    "/tags/arn%3Aaws%3Aaps%3Aus-west-2%3A123456789012%3Arulegroupsnamespace%2Fws-1%2Fns",
    "/tags/arn:aws:aps:us-west-2:123456789012:workspace/ws-1",
    "/label/f%C3%B6%C3%B6~_-.%20/values",
):
    send("path", AWSRequest("GET", gate + path), header())
for body in (b"", b'{"alias":"kitchen"}', bytes(range(256)) * 100):
    request = AWSRequest("POST", gate + "/workspaces", data=body)
    request.headers["Content-Type"] = "application/json"
    request.headers["X-Blanks"] = "  two   blanks\tand a tab "
    send("body", request, header())
form = AWSRequest("POST", gate + QUERY, data=PARAMS)
form.headers["Content-Type"] = "application/x-www-form-urlencoded"
send("form", form, header())
date = AWSRequest("GET", gate + "/workspaces")
date.headers["Date"] = "replaced by the signer"
send("Date header", date, header())
for creds in (keys, temporary):
    send("presigned", AWSRequest("GET", gate + QUERY, params=PARAMS), SigV4QueryAuth(creds, "aps", "us-west-2", 60))

amp = botocore.session.get_session().create_client(
    "amp", "us-west-2", endpoint_url=gate, aws_access_key_id=access_key, aws_secret_access_key=secret_key
)


def call(name, operation, **arguments):
    try:
        operation(**arguments)
    except botocore.exceptions.ClientError as e:
        if e.response["ResponseMetadata"]["HTTPStatusCode"] != 200:
            print(name, e)


call("list", amp.list_workspaces, alias="kitchen table/+ü")
call("create", amp.create_workspace, alias="kitchen", tags={"a": "ü"})
call("tags", amp.list_tags_for_resource, resourceArn="arn:aws:aps:us-west-2:123456789012:rulegroupsnamespace/ws-1/a b")
call("untag", amp.untag_resource, resourceArn="arn:aws:aps:us-west-2:123456789012:workspace/ws-1", tagKeys=["b", "a", "a/b", "a-b"])
call("delete", amp.delete_workspace, workspaceId="ws-1", clientToken="t-1")
print("done")
