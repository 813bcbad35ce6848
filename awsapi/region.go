package awsapi

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/hearth-metrics/hearth"
)

// checkRegion refuses a data-plane request signed for another region than the
// workspace's. It comes after the rights, for its message tells the region.
// An empty region, as old Prometheus images sign, passes with a warning unless
// the profile is AWS's.
func (s *Server) checkRegion(r *request) error {
	if r.sig == nil || r.row.on == unsigned {
		return nil
	}
	if r.sig.Region == "" {
		if s.opts.Profile == hearth.AWSStrict {
			return s.wrongRegion(r, "Credential should be scoped to a valid region. ")
		}
		s.warnRegion(r)
		return nil
	}
	if r.row.data() && r.workspace.Region != hearth.Region(r.sig.Region) {
		return s.wrongRegion(r, fmt.Sprintf("Credential should be scoped to a valid region, not '%s': workspace %s is in '%s'. ",
			r.sig.Region, r.workspace.ID, r.workspace.Region))
	}
	return nil
}

// isRegionName tells what a region may be called. It becomes part of ARNs, where a
// colon would move the account.
func isRegionName(s string) bool {
	return !strings.ContainsFunc(s, func(c rune) bool {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		return !letter && (c < '0' || c > '9') && c != '.' && c != '_' && c != '-'
	})
}

func (s *Server) checkRegionName(r *request) error {
	if isRegionName(r.sig.Region) {
		return nil
	}
	return s.wrongRegion(r, "Credential should be scoped to a valid region, not '"+r.sig.Region+"'. ")
}

func (s *Server) wrongRegion(r *request, msg string) error {
	expected := r.workspace.Region
	if expected == "" {
		expected = s.opts.Region
	}
	return &refusal{
		code: faultFor(r, codeMismatch), status: http.StatusForbidden, msg: msg, reason: "region",
		details: []hearth.Detail{
			{Name: hearth.DetailClaimedRegion, Value: r.sig.Region},
			{Name: hearth.DetailExpectedRegion, Value: string(expected)},
		},
	}
}

func (s *Server) warnRegion(r *request) {
	if !s.warned.due(r.sig.AccessKeyID+"\n"+string(r.workspace.ID), r.began) {
		return
	}
	e := s.event(r, hearth.EventWarning, "The request was signed for no region; set one in the sender's sigv4 settings. AWS refuses such requests.")
	e.Details = append(e.Details, hearth.Detail{Name: hearth.DetailExpectedRegion, Value: string(r.caller.Region)})
	s.opts.Recorder.Record(e)
}

// warnEvery is how often the same sender is warned again.
const warnEvery = time.Hour

// warned remembers who was warned, so that a sender fills the ledger once an
// hour and not with every request. It forgets all when it is full.
type warned struct {
	mu   sync.Mutex
	last map[string]time.Time
}

func (w *warned) due(who string, now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if last, ok := w.last[who]; ok && now.Sub(last) < warnEvery {
		return false
	}
	if w.last == nil || len(w.last) >= 1024 {
		w.last = make(map[string]time.Time)
	}
	w.last[who] = now
	return true
}
