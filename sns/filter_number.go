package sns

import (
	"encoding/json"
	"math"
	"strconv"
)

// maxNumber is the greatest number AWS compares.
const maxNumber = 1e9

// equal compares a message's value with a policy's: numbers by value.
func equal(have, want any) bool {
	h, isNumber := number(have)
	w, wantNumber := number(want)
	if isNumber && wantNumber {
		return h == w
	}
	return isNumber == wantNumber && have == want
}

func number(v any) (float64, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return 0, false
	}
	f, err := strconv.ParseFloat(n.String(), 64)
	return f, err == nil
}

// numeric reads ["=", 5] and [">", 0, "<=", 100].
func numeric(operand any) (condition, error) {
	list, ok := operand.([]any)
	if !ok || len(list) != 2 && len(list) != 4 {
		return nil, invalid(attrFilter, "Value of numeric must be an array of an operator and a number, or of two such pairs")
	}
	low, high := bound{math.Inf(-1), true}, bound{math.Inf(1), true}
	for i := 0; i < len(list); i += 2 {
		operator, _ := list[i].(string)
		n, ok := number(list[i+1])
		if !ok || math.Abs(n) > maxNumber {
			return nil, invalid(attrFilter, "Value of "+clip(operator)+" must be numeric, between -1e9 and 1e9")
		}
		switch {
		case operator == "=" && len(list) == 2:
			low, high = bound{n, true}, bound{n, true}
		case (operator == ">" || operator == ">=") && i == 0:
			low = bound{n, operator == ">="}
		case (operator == "<" || operator == "<=") && (i == 2 && !math.IsInf(low.at, 0) || len(list) == 2):
			high = bound{n, operator == "<="}
		default:
			return nil, invalid(attrFilter, "Unrecognized numeric range operator: "+clip(operator))
		}
	}
	if low.at > high.at {
		return nil, invalid(attrFilter, "Bottom must be less than top")
	}
	return anyValue(func(v any) bool {
		n, ok := number(v)
		return ok && low.below(n) && high.above(n)
	}), nil
}

// A bound is one end of a range of numbers.
type bound struct {
	at   float64
	with bool // at belongs to the range
}

func (b bound) below(n float64) bool { return n > b.at || b.with && n == b.at }
func (b bound) above(n float64) bool { return n < b.at || b.with && n == b.at }
