package awsapi

import (
	"html/template"
	"net/http"

	"github.com/hearth-metrics/hearth/sns"
)

// An htmlPage is an answer to a person with a browser and no keys.
type htmlPage struct {
	Title, Text, Detail string
	Button              string // asks before it does: posts to the page's own address
}

var pageTemplate = template.Must(template.New("page").Parse(`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="robots" content="noindex"><title>{{.Title}}</title>
<style>body{font-family:sans-serif;max-width:40em;margin:4em auto;padding:0 1em}small{color:#555;word-break:break-all}</style></head>
<body><h1>{{.Title}}</h1><p>{{.Text}}</p>{{if .Button}}<form method="post"><button>{{.Button}}</button></form>{{end}}<p><small>{{.Detail}}</small></p></body></html>
`))

func (p htmlPage) write(w http.ResponseWriter, status int) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = pageTemplate.Execute(w, p)
}

// unsubscribePage asks whether to unsubscribe: programs that look into mails
// follow their links, too.
func (s *Server) unsubscribePage(w http.ResponseWriter, r *request) {
	text := r.http.URL.Query().Get("SubscriptionArn")
	topic, _, err := sns.ParseSubscriptionARN(text)
	if err != nil {
		failureOf(r.service, err).write(w, r)
		return
	}
	htmlPage{Title: "Unsubscribe", Text: "Stop the messages of the topic " + topic.Resource + "?", Button: "Unsubscribe", Detail: text}.write(w, http.StatusOK)
}

// unsubscribeByPage does it: for the button, and for mail programs that
// unsubscribe with one click (RFC 8058).
func (s *Server) unsubscribeByPage(w http.ResponseWriter, r *request) {
	topic, id, err := sns.ParseSubscriptionARN(r.http.URL.Query().Get("SubscriptionArn"))
	if err == nil {
		err = s.opts.SNS.Unsubscribe(r.http.Context(), topic, id, false)
	}
	if err != nil {
		s.refuse(r, err)
		return
	}
	unsubscribedPage(topic).write(w, http.StatusOK)
}

// signingCertificate answers the certificate that proves messages.
func (s *Server) signingCertificate(w http.ResponseWriter, r *request) {
	text, err := s.opts.SNS.Certificate(r.http.Context(), r.param("file"))
	if err != nil {
		s.refuse(r, err)
		return
	}
	w.Header().Set("Content-Type", "application/x-pem-file")
	w.Header().Set("Cache-Control", "public, max-age=86400")
	_, _ = w.Write([]byte(text))
}
