package sns

import "testing"

// What a retry policy leaves out has its default; what it misspells is refused.
func TestRetryPolicyDefaults(t *testing.T) {
	p, _, err := readDeliveryPolicy(`{"http":{"defaultHealthyRetryPolicy":{"numRetries":5}}}`, true)
	if err != nil {
		t.Fatal(err)
	}
	if want := (retryPolicy{Min: 20, Max: 20, Retries: 5, Function: "linear"}); *p.Healthy != want {
		t.Errorf("got %+v, want %+v", *p.Healthy, want)
	}
	for _, bad := range []string{`{"http":{"defaultHealthyRetryPolicy":{"retries":5}}}`, `{"http":{"defaultHealthyRetryPolicy":{"maxDelayTarget":10}}}`, `{"http":{"defaultHealthyRetryPolicy":7}}`} {
		if checkDeliveryPolicy(bad, true) == nil {
			t.Errorf("%s is taken", bad)
		}
	}
}
