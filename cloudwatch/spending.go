package cloudwatch

import (
	"fmt"
	"sync"
	"time"
)

// Spent is what one day's calls are billed.
type Spent struct {
	Day      string  `json:"day"` // 2006-01-02, in UTC
	Cost     float64 `json:"cost"`
	Metrics  int64   `json:"metrics"`  // asked of GetMetricData
	Requests int64   `json:"requests"` // other calls
	Capped   bool    `json:"capped"`   // a call was not made, for the cap was reached
}

// spending counts the day's charges and refuses those over the cap.
type spending struct {
	prices *Prices
	cap    float64 // a day; 0: none
	now    func() time.Time
	every  time.Duration // between polls
	capped func(Spent)   // told once a day, when the first call is refused; may be nil

	mu    sync.Mutex
	today Spent
	total float64 // since began
	began time.Time
}

// A CapError says that the day's cap keeps a call from being made.
type CapError struct {
	Spent, Cap float64
	Currency   string
	Until      time.Time // when the next day begins
}

func (e *CapError) Error() string {
	return fmt.Sprintf("the day's cap of %.2f %s is reached: %.4f was spent; CloudWatch is not asked until %s", e.Cap, e.Currency, e.Spent, e.Until.Format(time.RFC3339))
}

// spend books a charge, or refuses it.
func (s *spending) spend(c charge) error {
	first, err := s.book(c)
	if first && s.capped != nil {
		s.capped(s.snapshot())
	}
	return err
}

func (s *spending) book(c charge) (first bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.turn()
	cost := s.prices.cost(c)
	if s.cap > 0 && s.today.Cost+cost > s.cap {
		first, s.today.Capped = !s.today.Capped, true
		return first, &CapError{Spent: s.today.Cost, Cap: s.cap, Currency: s.prices.Currency, Until: nextDay(s.now())}
	}
	if s.began.IsZero() {
		s.began = s.now()
	}
	s.today.Cost += cost
	s.today.Metrics += int64(c.metrics)
	s.today.Requests += int64(c.requests)
	s.total += cost
	return false, nil
}

// turn begins a new day. s.mu is held.
func (s *spending) turn() {
	if day := s.now().UTC().Format(time.DateOnly); day != s.today.Day {
		s.today = Spent{Day: day}
	}
}

func (s *spending) snapshot() Spent {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.turn()
	return s.today
}

func (s *spending) sum() float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.total
}

func nextDay(t time.Time) time.Time {
	return t.UTC().Truncate(24 * time.Hour).Add(24 * time.Hour)
}

// predicted is what a month costs at the pace since the start.
func (s *spending) predicted() float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.began.IsZero() {
		return 0
	}
	return s.total * float64(month) / float64(s.now().Sub(s.began)+s.every)
}

// month is what is meant by one in predictions.
const month = 30 * 24 * time.Hour
