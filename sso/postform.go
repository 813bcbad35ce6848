package sso

import (
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"net/http"
	"net/url"
)

// A postForm sends the browser on with a POST: the HTTP-POST binding of SAML.
type postForm struct {
	To, Name, Value, Relay string
}

// submit is the only script of these pages; the policy allows it by its hash.
const submit = `document.forms[0].submit()`

var postTemplate = template.Must(template.New("post").Parse(`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Signing in</title></head>
<body><form method="post" action="{{.To}}"><input type="hidden" name="{{.Name}}" value="{{.Value}}">{{if .Relay}}<input type="hidden" name="RelayState" value="{{.Relay}}">{{end}}
<button>Continue to the identity provider</button></form><script>` + submit + `</script></body></html>
`))

func (p postForm) write(w http.ResponseWriter) {
	sum := sha256.Sum256([]byte(submit))
	target := "'none'"
	if u, err := url.Parse(p.To); err == nil {
		target = u.Scheme + "://" + u.Host
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'; form-action "+target+"; frame-ancestors 'none'; base-uri 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	_ = postTemplate.Execute(w, p)
}
