package awsapi

import (
	"net/http"
	"strings"

	"github.com/hearth-metrics/hearth"
)

// tally counts a request of the data plane for the workspace's owner. Who has no
// right to it is not counted: it would tell of strangers.
func (s *Server) tally(r *request) {
	if s.opts.Tally == nil || r.workspace.ID == "" || r.row == nil || r.w.status == http.StatusForbidden || r.w.status == http.StatusUnauthorized {
		return
	}
	action, ok := strings.CutPrefix(r.row.action, "aps:")
	if !ok {
		return
	}
	if action == "DeleteAlertManagerSilence" {
		action = "DeleteAlertManagerSilences" // as AWS's metric is called
	}
	s.opts.Tally.Count(r.workspace.ID, hearth.TallyRequests, action, 1)
}
