package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/ledger"
	"github.com/hearth-metrics/hearth/scraper"
)

// whyScraper tells how far the targets and samples of a scraper come, what went
// wrong last, and what to do next. It is an error if nothing arrives.
func whyScraper(ctx context.Context, out io.Writer, t target, id string) error {
	var d scraper.Diagnosis
	found, err := t.ask(ctx, http.MethodGet, "hearth", "/hearth/v1/scrapers/"+url.PathEscape(id)+"/doctor", nil, nil, &d)
	if err != nil {
		return err
	}
	events, err := fetchEvents(ctx, t, url.Values{"scraper": {id}, "limit": {latest}})
	switch {
	case err != nil && !found:
		return err
	case err != nil:
		fmt.Fprintf(out, "The ledger was not read: %v\n\n", err)
	case len(events) == 0 && !found:
		return fmt.Errorf("there is no scraper %s in region %s, and the ledger has nothing about one", id, t.Region)
	}
	if !found {
		fmt.Fprintf(out, "There is no scraper %s any more in region %s. What the ledger has of it:\n\n", id, t.Region)
		_, err := io.WriteString(out, ledger.List(events))
		return err
	}
	w := scraperStory{Writer: plainWriter{out}, d: &d, events: events}
	w.tell()
	if !arrives(&d) {
		return fmt.Errorf("nothing of scraper %s arrives in its workspace", id)
	}
	return nil
}

// arrives tells whether a workspace takes samples of any job.
func arrives(d *scraper.Diagnosis) bool {
	return slices.ContainsFunc(d.Jobs, func(j scraper.JobReport) bool { return j.Accepted > 0 })
}

// A scraperStory tells a diagnosis, and the events of the scraper, in words.
type scraperStory struct {
	io.Writer
	d      *scraper.Diagnosis
	events []hearth.Event // newest first
}

func (w *scraperStory) tell() {
	d := w.d
	fmt.Fprintf(w, "Scraper %s is %s, and writes into %s.\n", d.ID, d.Status, afterSlash(d.Destination))
	if d.Cluster != "" {
		fmt.Fprintf(w, "It collects from cluster %s as %s.\n", afterSlash(d.Cluster), orElse(d.User, "a user that is not known yet"))
	}
	if d.Reason != "" {
		fmt.Fprintf(w, "Reason: %s\n", d.Reason)
	}
	for i := range d.Jobs {
		fmt.Fprintf(w, "\njob %s: %s\n", d.Jobs[i].Job, funnelInWords(&d.Jobs[i]))
		w.failing(&d.Jobs[i])
	}
	w.troubles()
	if len(w.events) > 0 {
		fmt.Fprintf(w, "\nIts latest events:\n\n%s", ledger.List(w.events[:min(len(w.events), listedEvents)]))
	}
	if d.Missing != "" {
		fmt.Fprintf(w, "\nRights are missing in the cluster. This gives them, with kubectl apply -f:\n\n%s", d.Missing)
	}
	fmt.Fprintf(w, "\nNext: %s\n", w.next())
}

// How much of a story is told.
const (
	listedEvents  = 10
	listedFailing = 5 // targets of a job
	toldTroubles  = 3 // different errors
)

// funnelInWords is how far the targets and samples of a job come.
func funnelInWords(j *scraper.JobReport) string {
	if j.Discovered == 0 {
		return "nothing is discovered" + ifAny(": ", j.Trouble) + "."
	}
	say := []string{count(j.Discovered, "target") + " discovered"}
	dropped := 0
	for _, r := range j.Dropped {
		dropped += r.Targets
	}
	for _, s := range []struct {
		n    int
		text string
	}{
		{dropped, "%d dropped by relabelling"}, {j.Invalid, "%d invalid (" + strings.ReplaceAll(j.Why, "%", "%%") + ")"},
		{j.Over, "%d beyond what a scraper may have"}, {j.Waiting, "%d not scraped yet"}, {j.Up, "%d up"}, {j.Down, "%d down"},
	} {
		if s.n > 0 {
			say = append(say, fmt.Sprintf(s.text, s.n))
		}
	}
	text := strings.Join(say, ", ")
	if j.Up > 0 {
		text += fmt.Sprintf("; of %s %d are left by metric relabelling, and the workspace took %d", count(int(j.Scraped), "sample"), j.Relabelled, j.Accepted)
	}
	return text + "."
}

func ifAny(before, text string) string {
	if text == "" {
		return ""
	}
	return before + strings.TrimSuffix(text, ".")
}

// failing lists targets that do not answer, or whose samples are refused.
func (w *scraperStory) failing(j *scraper.JobReport) {
	n := 0
	for _, t := range j.Targets {
		if t.Error == "" && t.Refusal == "" {
			continue
		}
		if n++; n <= listedFailing {
			printTarget(w, t)
		}
	}
	if n > listedFailing {
		fmt.Fprintf(w, "  … and %d more that fail\n", n-listedFailing)
	}
}

// troubles explains the newest events of each kind of error, with what usually
// helps. What the scraper as a whole waits for, or waited for, is told elsewhere.
func (w *scraperStory) troubles() {
	var told []hearth.Event
	seen := map[string]bool{}
	for _, e := range w.events {
		what := e.Detail(hearth.DetailError)
		if what == "" || seen[what] || len(told) == toldTroubles {
			continue
		}
		seen[what] = true
		told = append(told, e)
	}
	if len(told) > 0 {
		fmt.Fprintf(w, "\nWhat went wrong last:\n\n%s", ledger.Explain(told))
	}
}

// next is the command that leads on.
func (w *scraperStory) next() string {
	d := w.d
	name := afterSlash(d.Cluster)
	switch {
	case d.Missing != "":
		return "hearth scraper doctor " + d.ID + " --yaml | kubectl apply -f -   (the scraper goes on by itself, within seconds)"
	case strings.HasPrefix(d.Reason, "No cluster "):
		return "hearth cluster register " + name + " --kubeconfig FILE   (the scraper goes on by itself, within seconds)"
	case d.Reason != "" && d.Cluster != "":
		return "hearth cluster check " + name
	case d.Reason != "":
		return "aws amp describe-scraper --scraper-id " + d.ID
	}
	for _, j := range d.Jobs {
		switch {
		case j.Down > 0:
			return "hearth scraper doctor " + d.ID + " lists the targets that are down."
		case j.Refused > 0:
			return "hearth why " + afterSlash(d.Destination) + " tells which samples the workspace refused."
		case j.Waiting > 0 && !arrives(d):
			return "wait for the first scrape, which comes within the scrape_interval; then hearth why " + d.ID
		}
	}
	for _, j := range d.Jobs {
		if j.Kept == 0 {
			flag := ""
			if d.Cluster != "" {
				flag = " --cluster " + name
			}
			return "hearth check scrape FILE" + flag + " follows each target of job " + j.Job + " through every rule."
		}
	}
	if !arrives(d) {
		return "wait for the first scrape, then hearth scraper doctor " + d.ID
	}
	return "all jobs arrive: a query for up shows them."
}
