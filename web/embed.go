// Package web is the browser app: its files, built from web/src and carried by
// the program, and the handler that gives them to browsers.
package web

import "embed"

//go:embed all:dist
var files embed.FS
