package cloudwatch

import (
	"time"
)

// A Status is what a scraper does now.
type Status struct {
	Running  bool          `json:"running"`
	Problem  string        `json:"problem,omitempty"` // why it does not run
	Spent    Spent         `json:"spent"`
	Month    float64       `json:"predictedMonth"`
	DailyCap float64       `json:"dailyCap"`
	Currency string        `json:"currency"`
	Places   []PlaceStatus `json:"places"`
}

// A PlaceStatus is one job's in one region by one role. Counts are of the last
// poll unless they say otherwise.
type PlaceStatus struct {
	Job    string `json:"job"`
	Kind   string `json:"kind"`
	Region string `json:"region"`
	Role   string `json:"role,omitempty"`

	Resources  int `json:"resources"`
	Found      int `json:"found"`      // series
	Skipped    int `json:"skipped"`    // metrics that belong to no resource found
	Duplicates int `json:"duplicates"` // metrics whose series is another's already

	Requested    int   `json:"requested"`
	Answered     int   `json:"answered"`   // with at least one datapoint
	Absent       int   `json:"absent"`     // CloudWatch has no datapoint
	Unfinished   int   `json:"unfinished"` // not answered, or in part
	Early        int   `json:"early"`      // datapoints of periods that have not ended
	Written      int   `json:"written"`
	WrittenTotal int64 `json:"writtenTotal"`
	Late         int64 `json:"lateTotal"`    // written behind a newer one
	Refused      int64 `json:"refusedTotal"` // by the workspace's limits
	Errors       int64 `json:"errorsTotal"`

	Unlisted []string `json:"unlisted,omitempty"` // names that CloudWatch has no metric of
	Unwanted []string `json:"unwanted,omitempty"` // names whose metrics all have other dimensions than the job wants

	LastRefusal string            `json:"lastRefusal,omitempty"` // within the hour
	LastRefused time.Time         `json:"lastRefused"`
	Month       float64           `json:"predictedMonth"`     // what 30 days cost, with the series found
	Problems    map[string]string `json:"problems,omitempty"` // by what was being done
	Capped      bool              `json:"capped"`
	ClockSkew   time.Duration     `json:"clockSkewNanoseconds"` // CloudWatch's clock minus ours
	LastLook    time.Time         `json:"lastLook"`
	LastPoll    time.Time         `json:"lastPoll"`
	NextPoll    time.Time         `json:"nextPoll"`
}

// refusal keeps why the workspace refused datapoints last; after an hour without,
// it is of no interest any more.
func (s *PlaceStatus) refusal(err error, now time.Time) {
	switch {
	case err != nil:
		s.LastRefusal, s.LastRefused = clip(err.Error()), now
	case now.Sub(s.LastRefused) >= time.Hour:
		s.LastRefusal = ""
	}
}

func (s *PlaceStatus) problem(doing string, errs []error) {
	next := map[string]string{}
	for k, v := range s.Problems {
		next[k] = v
	}
	text := ""
	for i, err := range errs {
		if i == 3 {
			text += " …"
			break
		}
		if i > 0 {
			text += "; "
		}
		text += err.Error()
	}
	next[doing] = clip(text)
	s.Problems = next
}

func (s *PlaceStatus) clear(doing string) {
	next := map[string]string{}
	for k, v := range s.Problems {
		if k != doing {
			next[k] = v
		}
	}
	s.Problems = next
}

// clip keeps what AWS wrote short.
func clip(s string) string {
	const n = 600
	if len(s) > n {
		return s[:n] + "…"
	}
	return s
}

// Status tells what a scraper does. Whose it is must have been checked.
func (r *Room) Status(s *Scraper) Status {
	out := Status{DailyCap: s.DailyCap, Currency: r.opts.Prices.Currency, Places: []PlaceStatus{}}
	r.mu.Lock()
	f := r.feeds[s.ID]
	r.mu.Unlock()
	if f == nil {
		out.Problem = "it is not running: Hearth is starting or stopping, or its workspace takes no samples"
		return out
	}
	out.Running, out.Spent, out.Month = true, f.spent.snapshot(), f.predicted()
	for _, p := range f.places {
		p.mu.Lock()
		out.Places = append(out.Places, p.status)
		p.mu.Unlock()
	}
	return out
}
