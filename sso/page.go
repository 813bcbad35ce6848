package sso

import (
	"errors"
	"html/template"
	"net/http"

	"github.com/hearth-metrics/hearth"
)

// A page answers a browser that an identity provider sent, or that follows a
// link: no app runs there yet.
type page struct {
	Title, Text string
	Link, Label string // where to go on
	Action      string // a form that posts there
	Name, Value string // its one hidden field
	Button      string
	RequestID   hearth.RequestID
}

// pageTemplate looks as the app's own sign-in pages do, in the theme that the system
// prefers, and loads nothing.
var pageTemplate = template.Must(template.New("page").Parse(`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="robots" content="noindex"><title>{{.Title}} · Hearth</title>
<style>
:root{color-scheme:light dark;--canvas:#111217;--box:#181b1f;--line:#2c2e34;--text:#ccccdc;--dim:#9fa0b0;--house:#f2e3d5;--button:#3d71d9;--link:#6e9fff}
@media(prefers-color-scheme:light){:root{--canvas:#f4f5f5;--box:#fff;--line:#dcdde0;--text:#24292e;--dim:#5a5d68;--house:#2b1a12;--button:#3871dc;--link:#1f62e0}}
body{margin:0;background:var(--canvas);color:var(--text);font:14px/1.57 Inter,Helvetica,Arial,sans-serif}
main{max-width:376px;margin:12vh auto 0;padding:32px;background:var(--box);border:1px solid var(--line);border-radius:8px;display:flex;flex-direction:column;gap:16px}
@media(max-width:544px){main{margin:16px;padding:20px}}
.brand{display:flex;align-items:center;gap:8px;font-size:22px;font-weight:600}
h1{margin:0;font-size:22px;font-weight:400}p,form{margin:0}small{color:var(--dim);word-break:break-all}
button,.go{box-sizing:border-box;display:block;width:100%;padding:11px 24px;border:0;border-radius:2px;background:var(--button);color:#fff;font:inherit;font-weight:500;text-align:center;text-decoration:none;cursor:pointer}
a{color:var(--link)}:focus-visible{outline:2px solid var(--link);outline-offset:2px}
</style></head>
<body><main><div class="brand"><svg width="32" height="32" viewBox="0 0 32 32" aria-hidden="true"><path style="fill:var(--house)" d="M3 30V13L16 2l13 11v17h-7V20a6 6 0 0 0-12 0v10z"/><path fill="#ff8833" d="M16 15c1 4 4 5 4 9a4 4 0 0 1-8 0c0-2 1-3 2-4 0 2 1 2 1 2 1-2 0-4 1-7z"/></svg>Hearth</div>
<h1>{{.Title}}</h1><p>{{.Text}}</p>
{{if .Action}}<form method="post" action="{{.Action}}">{{if .Name}}<input type="hidden" name="{{.Name}}" value="{{.Value}}">{{end}}<button>{{.Button}}</button></form>{{end}}
{{if .Link}}<a class="go" href="{{.Link}}">{{.Label}}</a>{{end}}{{if .RequestID}}<small>Request {{.RequestID}}</small>{{end}}</main></body></html>
`))

func (p page) write(w http.ResponseWriter, status int) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = pageTemplate.Execute(w, p)
}

// statuses are those of pages, by kind of what went wrong.
var statuses = map[hearth.Kind]int{
	hearth.Unauthenticated: http.StatusForbidden,
	hearth.Denied:          http.StatusForbidden,
	hearth.NotFound:        http.StatusNotFound,
	hearth.Invalid:         http.StatusBadRequest,
	hearth.Malformed:       http.StatusBadRequest,
	hearth.NotServed:       http.StatusNotFound,
	hearth.Throttled:       http.StatusTooManyRequests,
	hearth.Unavailable:     http.StatusServiceUnavailable,
}

// failPage tells a person that the sign-in failed. An error that is ours goes
// back to the front door, which logs it.
func failPage(w http.ResponseWriter, req *http.Request, err error, back string) error {
	e, ok := errors.AsType[*hearth.Error](err)
	if !ok || statuses[e.Kind] == 0 {
		return err
	}
	page{
		Title: "Not signed in", Text: e.Msg, Link: back, Label: "Try again",
		RequestID: hearth.CallerFrom(req.Context()).RequestID,
	}.write(w, statuses[e.Kind])
	return nil
}

// redirect sends the browser on with a GET, and nothing of it is kept.
func redirect(w http.ResponseWriter, to string) {
	h := w.Header()
	h.Set("Location", to)
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(http.StatusSeeOther)
}
