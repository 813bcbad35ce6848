package cloudwatch

import (
	"math"
	"testing"
)

// What a table of one's own names counts; the rest is as shipped, and what a region does
// not name is as in default, which may be one's own, too.
func TestPricesOfOnesOwn(t *testing.T) {
	shipped, err := ParsePrices(nil)
	if err != nil {
		t.Fatal(err)
	}
	p, err := ParsePrices([]byte("default: {metrics-per-thousand: 0.02}\nregions:\n  us-east-1: {requests-per-thousand: 1}\n  eu-west-1: {metrics-per-thousand: 0}\n"))
	if err != nil {
		t.Fatal(err)
	}
	requests := shipped.Default.PerThousandRequests
	for region, want := range map[string]Price{
		"us-east-1": {0.02, 1}, "eu-west-1": {0, requests}, "eu-west-2": {0.02, requests},
	} {
		if got := p.of(region); got != want {
			t.Errorf("%s: %+v, want %+v", region, got, want)
		}
	}
	if p.Currency != shipped.Currency || p.FreeRequests != shipped.FreeRequests {
		t.Errorf("the rest is %+v", p)
	}
	for _, bad := range []string{"regions: {a: {requests-per-thousand: -1}}", "default: {metrics-per-thousand: -1}", "nope: 1", "regions: {a: {nope: 1}}"} {
		if _, err := ParsePrices([]byte(bad)); err == nil {
			t.Errorf("taken: %s", bad)
		}
	}
}

// The free requests take off at most what the dearest of them cost.
func TestFreeRequests(t *testing.T) {
	prices := &Prices{FreeRequests: 1000, Default: Price{PerThousandRequests: 1}, Regions: map[string]Price{"dear": {PerThousandRequests: 10}}}
	hourly := func(requests float64) float64 { return requests / month.Hours() }
	for _, c := range []struct{ dear, cheap, want float64 }{
		{0, 0, 0}, {100, 100, 1.1}, {900, 900, 9.1}, {2000, 900, 10},
	} {
		places := []PlacePlan{{Region: "cheap", Billed: hourly(c.cheap)}, {Region: "dear", Billed: hourly(c.dear)}}
		if got := free(places, prices); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%v dear and %v cheap requests: %v free, want %v", c.dear, c.cheap, got, c.want)
		}
	}
}
