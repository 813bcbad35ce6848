"""Makes workspaces until one is refused, and says how it was refused."""
import boto3
from botocore.exceptions import ClientError

amp = boto3.client("amp")
made = 0
try:
    while made < 100:
        amp.create_workspace(alias=f"w{made}")
        made += 1
except ClientError as e:
    print(f"{made} made, then {e.response['Error']['Code']} {e.response['ResponseMetadata']['HTTPStatusCode']}: {e.response['Error']['Message']}")
