package main

import "testing"

func TestCompare(t *testing.T) {
	vector := func(result string) string {
		return `{"status":"success","data":{"resultType":"vector","result":[` + result + `]}}`
	}
	const a, b = `{"metric":{"x":"1","y":"2"},"value":[1.5,"3"]}`, `{"metric":{"y":"2"},"value":[1.5,"4"]}`
	for name, c := range map[string]struct {
		one, two string
		want     agreement
	}{
		"same":             {vector(a), vector(a), identical},
		"other order":      {vector(a + "," + b), vector(b + "," + a), identical},
		"series missing":   {vector(a + "," + b), vector(a), different},
		"other labels":     {vector(a), vector(b), different},
		"last digit":       {vector(`{"metric":{},"value":[1,"0.30000000000000004"]}`), vector(`{"metric":{},"value":[1,"0.3"]}`), rounded},
		"other value":      {vector(`{"metric":{},"value":[1,"0.31"]}`), vector(`{"metric":{},"value":[1,"0.3"]}`), different},
		"other time":       {vector(`{"metric":{},"value":[1,"0.3"]}`), vector(`{"metric":{},"value":[2,"0.3"]}`), different},
		"not a number":     {vector(`{"metric":{},"value":[1,"NaN"]}`), vector(`{"metric":{},"value":[1,"NaN"]}`), identical},
		"NaN and a number": {vector(`{"metric":{},"value":[1,"NaN"]}`), vector(`{"metric":{},"value":[1,"1"]}`), different},
		"a point less":     {`{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1,"1"],[2,"1"]]}]}}`, `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1,"1"]]}]}}`, different},
		"scalar":           {`{"status":"success","data":{"resultType":"scalar","result":[1,"2"]}}`, `{"status":"success","data":{"resultType":"scalar","result":[1,"2"]}}`, identical},
	} {
		t.Run(name, func(t *testing.T) {
			one, err := parseAnswer([]byte(c.one))
			if err != nil {
				t.Fatal(err)
			}
			two, err := parseAnswer([]byte(c.two))
			if err != nil {
				t.Fatal(err)
			}
			if got, why := compare(one, two); got != c.want {
				t.Errorf("compare is %d (%s), want %d", got, why, c.want)
			}
		})
	}
}

func TestParseAnswerRefusesErrors(t *testing.T) {
	for _, body := range []string{`{"status":"error","error":"no"}`, `not JSON`, ``} {
		if a, err := parseAnswer([]byte(body)); err == nil {
			t.Errorf("parseAnswer(%q) = %v, want an error", body, a)
		}
	}
}
