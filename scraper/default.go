package scraper

import _ "embed"

// defaultText is the configuration that GetDefaultScraperConfiguration gives. Its
// bytes are AWS's, with its rule of kube-proxy that never matches.
//
//go:embed default.yml
var defaultText []byte

// DefaultConfiguration is what GetDefaultScraperConfiguration answers: AWS's
// text, byte for byte. The caller owns it.
func DefaultConfiguration() []byte { return append([]byte(nil), defaultText...) }
