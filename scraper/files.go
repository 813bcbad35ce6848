package scraper

import (
	"reflect"
	"strings"

	promconfig "github.com/prometheus/common/config"
	"github.com/prometheus/prometheus/config"
)

// Where a pod finds its service account. In a scraper's configuration these paths
// mean the cluster's own credentials.
const (
	accountToken = "/var/run/secrets/kubernetes.io/serviceaccount/token"
	accountCA    = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt"
)

// fileKeys are settings that would read or write a file, or the environment, of
// the machine Hearth runs on.
var fileKeys = map[string]bool{"files": true, "proxy_from_environment": true}

// checkFiles refuses every setting of a job that names a file, but the two of a
// service account. It looks at the decoded values, so nothing hides from it.
func (p *problems) checkFiles(c *config.ScrapeConfig) {
	seen := map[string]bool{}
	walkSettings(reflect.ValueOf(c), func(key, value string) {
		named := strings.HasSuffix(key, "_file") || strings.HasSuffix(key, "_files") || strings.HasSuffix(key, "_ref") || fileKeys[key]
		if !named || value == accountToken && (key == "credentials_file" || key == "bearer_token_file") || value == accountCA && key == "ca_file" {
			return
		}
		if text := key + ": " + clip(value); !seen[text] {
			seen[text] = true
			p.Add(blobField, "Job %q: %s is refused: a scraper reads no files and no environment. Of files only those of the service account, %s and %s, have a meaning.",
				c.JobName, text, accountToken, accountCA)
		}
	})
	walkSettings(reflect.ValueOf(c.ServiceDiscoveryConfigs), func(key, value string) {
		if value == accountToken || value == accountCA {
			p.Add(blobField, "Job %q: %s: the service account is for scraping, not for discovery", c.JobName, key)
		}
	})
}

// walkSettings calls see for each setting that is set, with its key in YAML. Only
// strings, lists of strings and switches are settings that can name a file.
func walkSettings(v reflect.Value, see func(key, value string)) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			walkSettings(v.Elem(), see)
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			walkSettings(v.Index(i), see)
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			walkSettings(it.Value(), see)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() {
				key, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
				seeSetting(key, v.Field(i), see)
			}
		}
	}
}

func seeSetting(key string, v reflect.Value, see func(key, value string)) {
	switch {
	case key == "" || key == "-": // inlined, or not of the document
	case v.Kind() == reflect.String && v.Len() > 0:
		see(key, v.String())
	case v.Kind() == reflect.Bool && v.Bool():
		see(key, "true")
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.String:
		for i := range v.Len() {
			see(key, v.Index(i).String())
		}
	}
	walkSettings(v, see)
}

// takeAccount tells whether a job asks for the cluster's service account, and
// takes the paths out: there are no such files here.
func takeAccount(c *promconfig.HTTPClientConfig) (asks bool) {
	if c.Authorization != nil && c.Authorization.CredentialsFile == accountToken {
		c.Authorization, asks = nil, true
	}
	if c.BearerTokenFile == accountToken {
		c.BearerTokenFile, asks = "", true
	}
	if c.TLSConfig.CAFile == accountCA {
		c.TLSConfig.CAFile = ""
	}
	return asks
}
