package sns

import (
	"testing"

	"github.com/hearth-metrics/hearth"
)

func TestFilterByAttributes(t *testing.T) {
	m := &message{Body: "hello", Attributes: map[string]Attribute{
		"severity": {Type: "String", Value: "critical"}, "count": {Type: "Number", Value: "7.50"},
		"teams": {Type: "String.Array", Value: `["red","blue",3,true]`}, "blob": {Type: "Binary", Value: "eA=="},
		"ip": {Type: "String", Value: "10.1.2.3"},
	}}
	for policy, want := range map[string]bool{
		``: true, `{}`: true,
		`{"severity":["critical"]}`:                                    true,
		`{"severity":["warning"]}`:                                     false,
		`{"severity":["warning","critical"],"teams":["blue"]}`:         true,
		`{"severity":["critical"],"teams":["green"]}`:                  false,
		`{"severity":[{"prefix":"cri"}]}`:                              true,
		`{"severity":[{"suffix":"cal"}]}`:                              true,
		`{"severity":[{"equals-ignore-case":"CRITICAL"}]}`:             true,
		`{"severity":[{"wildcard":"c*t*l"}]}`:                          true,
		`{"severity":[{"wildcard":"c*x*l"}]}`:                          false,
		`{"severity":[{"anything-but":["warning","info"]}]}`:           true,
		`{"severity":[{"anything-but":["critical"]}]}`:                 false,
		`{"severity":[{"anything-but":{"prefix":"cri"}}]}`:             false,
		`{"nothing":[{"anything-but":["critical"]}]}`:                  false,
		`{"nothing":[{"exists":false}]}`:                               true,
		`{"severity":[{"exists":false}]}`:                              false,
		`{"severity":[{"exists":true}]}`:                               true,
		`{"blob":["eA=="]}`:                                            false,
		`{"count":[7.5]}`:                                              true,
		`{"count":["7.50"]}`:                                           false,
		`{"count":[{"numeric":["=",7.5]}]}`:                            true,
		`{"count":[{"numeric":[">",7,"<=",7.5]}]}`:                     true,
		`{"count":[{"numeric":["<",7.5]}]}`:                            false,
		`{"teams":[3]}`:                                                true,
		`{"teams":[true]}`:                                             true,
		`{"ip":[{"cidr":"10.0.0.0/8"}]}`:                               true,
		`{"ip":[{"cidr":"192.168.0.0/16"}]}`:                           false,
		`{"severity":["critical"],"count":[{"numeric":[">",100]}, 1]}`: false,
	} {
		f, err := parseFilter(policy, false)
		if err != nil {
			t.Errorf("%s: %v", policy, err)
			continue
		}
		if got := f.admits(m, false); got != want {
			t.Errorf("%s lets the message through: %v", policy, got)
		}
	}
}

func TestFilterByBody(t *testing.T) {
	body := `{"alert":{"name":"Down","labels":[{"k":"a"},{"k":"b"}]},"value":3}`
	for policy, want := range map[string]bool{
		`{"alert":{"name":["Down"]}}`:                                true,
		`{"alert":{"name":["Up"]}}`:                                  false,
		`{"alert":{"labels":{"k":["b"]}}}`:                           true,
		`{"alert":{"labels":{"k":["c"]}}}`:                           false,
		`{"value":[{"numeric":[">=",3]}],"alert":{"name":["Down"]}}`: true,
		`{"alert":["Down"]}`:                                         false,
	} {
		f, err := parseFilter(policy, true)
		if err != nil {
			t.Errorf("%s: %v", policy, err)
			continue
		}
		if got := f.admits(&message{Body: body}, true); got != want {
			t.Errorf("%s lets the message through: %v", policy, got)
		}
		if f.admits(&message{Body: "no JSON"}, true) || f.admits(&message{Body: "[1]"}, true) {
			t.Errorf("%s lets a body through that is no object", policy)
		}
	}
}

func TestBadFilters(t *testing.T) {
	for _, policy := range []string{
		`x`, `[]`, `{"a":1}`, `{"a":[]}`, `{"a":[[1]]}`, `{"a":{"b":["c"]}}`, `{"a":[{"prefix":1}]}`, `{"a":[{"prefix":"x","suffix":"y"}]}`,
		`{"a":[{"nothing":"x"}]}`, `{"a":[{"numeric":[">"]}]}`, `{"a":[{"numeric":["<",1,">",0]}]}`, `{"a":[{"numeric":[">",5,"<",1]}]}`,
		`{"a":[{"numeric":["=",1e10]}]}`, `{"a":[{"cidr":"10.0.0.0"}]}`, `{"a":[{"wildcard":"a**b"}]}`, `{"a":[{"exists":"yes"}]}`,
		`{"a":[{"anything-but":[]}]}`, `{"$or":[{"a":["b"]}]}`, `{"a":["x"]} more`,
		`{"a":["x"],"b":["x"],"c":["x"],"d":["x"],"e":["x"],"f":["x"]}`,
	} {
		if _, err := parseFilter(policy, false); hearth.KindOf(err) != hearth.Invalid {
			t.Errorf("%s: %v", policy, err)
		}
	}
}

// No policy and no message may panic, and whatever is a policy decides.
func FuzzFilter(f *testing.F) {
	f.Add(`{"severity":["critical"]}`, "critical", `{"a":1}`)
	f.Add(`{"a":[{"numeric":[">",0,"<=",1e9]}],"b":{"c":[{"anything-but":{"prefix":"x"}}]}}`, "1", `{"a":0.5,"b":[{"c":"y"},[[]]]}`)
	f.Add(`{"a":[{"wildcard":"*a*b*"},{"cidr":"::/0"},{"exists":false},null,true]}`, "::1", `{"a":null}`)
	f.Fuzz(func(t *testing.T, policy, value, body string) {
		for _, nested := range []bool{false, true} {
			p, err := parseFilter(policy, nested)
			if err != nil {
				if hearth.KindOf(err) != hearth.Invalid {
					t.Errorf("%q: %v", policy, err)
				}
				continue
			}
			for _, kind := range []string{"String", "Number", "String.Array", "Binary"} {
				m := &message{Body: body, Attributes: map[string]Attribute{"a": {kind, value}, "severity": {kind, value}}}
				p.admits(m, nested)
			}
		}
	})
}

func FuzzMail(f *testing.F) {
	f.Add("Subject", "body", "me@example.org", "name")
	f.Add("a\r\nBcc: x", "x\r\n.\r\n", "a@b\r\nBcc: c@d", "\x85\u2028")
	h := newHouse(f)
	f.Fuzz(func(t *testing.T, subject, body, to, title string) {
		if checkAddress(to) != nil {
			return
		}
		topic := hearth.ARN{Partition: "aws", Service: "sns", Region: "us-east-1", Account: own, Resource: "t"}
		m := h.newMessage(topic, notification)
		m.Subject, m.Body = subject, body // neither was checked
		text, err := h.mail(t.Context(), &delivery{Topic: topic, Endpoint: to, Title: title, Protocol: "email", Message: m.ID, Subscription: m.ID}, m)
		if err != nil {
			t.Fatal(err)
		}
		got := parsed(t, string(text))
		for name := range got.head {
			if !mailHeaders[name] {
				t.Errorf("header %q in %q", name, text)
			}
		}
		if got.head.Get("To") != to {
			t.Errorf("to %q, want %q", got.head.Get("To"), to)
		}
	})
}

var mailHeaders = map[string]bool{
	"From": true, "To": true, "Subject": true, "Date": true, "Message-Id": true, "Auto-Submitted": true, "X-Amz-Sns-Message-Id": true,
	"List-Unsubscribe": true, "List-Unsubscribe-Post": true, "Mime-Version": true, "Content-Type": true, "Content-Transfer-Encoding": true,
}
