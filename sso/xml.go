package sso

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"

	"github.com/beevik/etree"
	xrv "github.com/mattermost/xml-roundtrip-validator"
)

// Bounds on XML of strangers.
const (
	maxXMLDepth    = 40
	maxXMLElements = 5000
	maxXMLAttrs    = 64 // of one element
)

const (
	samlNS      = "urn:oasis:names:tc:SAML:2.0:assertion"
	protocolNS  = "urn:oasis:names:tc:SAML:2.0:protocol"
	signatureNS = "http://www.w3.org/2000/09/xmldsig#"
)

// readXML reads a document that is XML and nothing else: no document type, and so
// no entities; no processing instructions; with comments false no comments, which
// parsers join texts around in different ways; and nothing on which two parsers
// could disagree.
func readXML(text []byte, comments bool) (*etree.Element, *refused) {
	if f := checkTokens(text, comments); f != nil {
		return nil, f
	}
	if err := xrv.Validate(bytes.NewReader(text)); err != nil {
		return nil, &refused{reason: "xml", summary: "The XML is written in a way that parsers read differently.", err: err}
	}
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(text); err != nil {
		return nil, &refused{reason: "xml", summary: "The XML cannot be read.", err: err}
	}
	if doc.Root() == nil {
		return nil, refuse("xml", "The XML has no element.")
	}
	return doc.Root(), nil
}

func checkTokens(text []byte, comments bool) *refused {
	d := xml.NewDecoder(bytes.NewReader(text))
	depth, elements := 0, 0
	for {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return &refused{reason: "xml", summary: "The XML cannot be read.", err: err}
		}
		switch t := token.(type) {
		case xml.Directive:
			return refuse("xml", "The XML has a document type or entities, which are never read.")
		case xml.ProcInst:
			if t.Target != "xml" {
				return refuse("xml", "The XML has a processing instruction, which is never read.")
			}
		case xml.Comment:
			if !comments {
				return refuse("xml", "The XML has a comment, which could hide where a name ends.")
			}
		case xml.StartElement:
			if depth == 0 && elements > 0 {
				return refuse("xml", "The XML has more than one root element.")
			}
			depth++
			elements++
			if depth > maxXMLDepth || elements > maxXMLElements || len(t.Attr) > maxXMLAttrs {
				return refuse("xml", "The XML has more than %d elements, or %d inside each other, or %d attributes at one.", maxXMLElements, maxXMLDepth, maxXMLAttrs)
			}
		case xml.EndElement:
			depth--
		}
	}
}

// is tells whether el has that name.
func is(el *etree.Element, space, tag string) bool {
	return el.Tag == tag && el.NamespaceURI() == space
}

// children are el's children of that name.
func children(el *etree.Element, space, tag string) (out []*etree.Element) {
	for _, c := range el.ChildElements() {
		if is(c, space, tag) {
			out = append(out, c)
		}
	}
	return out
}

// walk calls fn for el and everything in it.
func walk(el *etree.Element, fn func(*etree.Element)) {
	fn(el)
	for _, c := range el.ChildElements() {
		walk(c, fn)
	}
}

// decode reads an element into v. Its namespaces are declared within it.
func decode(el *etree.Element, v any) *refused {
	doc := etree.NewDocument()
	doc.SetRoot(el.Copy())
	text, err := doc.WriteToBytes()
	if err == nil {
		err = xml.Unmarshal(text, v)
	}
	if err != nil {
		return &refused{reason: "xml", summary: "The message lacks what SAML requires, or has it in another form.", err: err}
	}
	return nil
}
