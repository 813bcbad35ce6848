package sigv4

import (
	"os"
	"os/exec"
	"testing"
)

// What the aws CLI is made of, against a real server.
func TestBotocoreRequests(t *testing.T) {
	python := pythonWithBotocore(t)
	g := newGate(t)
	cmd := exec.Command(python, "testdata/botocore_client.py", g.URL, "AKIDEXAMPLE", exampleSecret)
	cmd.Env = append(os.Environ(), "AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull, "AWS_EC2_METADATA_DISABLED=true", "AWS_MAX_ATTEMPTS=1")
	out, err := cmd.CombinedOutput()
	if err != nil || string(out) != "done\n" {
		t.Errorf("botocore: %v\n%s", err, out)
	}
	saw, presigned := g.signatures(), 0
	for _, s := range saw {
		if s.Presigned {
			presigned++
		}
	}
	if len(saw) < 25 || presigned != 2 {
		t.Errorf("the gate saw %d requests, %d of them presigned", len(saw), presigned)
	}
}

// pythonWithBotocore skips the test on a machine without botocore, but not in CI.
func pythonWithBotocore(t *testing.T) string {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err == nil {
		err = exec.Command(python, "-c", "import botocore").Run()
	}
	switch {
	case err != nil && os.Getenv("CI") == "true":
		t.Fatalf("CI needs python3 with botocore: %v", err)
	case err != nil:
		t.Skipf("needs python3 with botocore (pip install botocore): %v", err)
	}
	return python
}
