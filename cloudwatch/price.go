package cloudwatch

import (
	"bytes"
	_ "embed" // the price table
	"errors"
	"fmt"
	"io"

	"go.yaml.in/yaml/v3"
)

//go:embed prices.yaml
var shippedPrices []byte

// Prices are what CloudWatch bills. Only the table knows them; nothing is asked.
type Prices struct {
	Currency     string           `yaml:"currency"`
	FreeRequests float64          `yaml:"free-requests-per-month"`
	Default      Price            `yaml:"default"`
	Regions      map[string]Price `yaml:"-"`
}

// A priceTable is the file. What a region does not name is as in default.
type priceTable struct {
	Prices  `yaml:",inline"`
	Regions map[string]struct {
		PerThousandMetrics  *float64 `yaml:"metrics-per-thousand"`
		PerThousandRequests *float64 `yaml:"requests-per-thousand"`
	} `yaml:"regions"`
}

// A Price is one region's.
type Price struct {
	PerThousandMetrics  float64 `yaml:"metrics-per-thousand"`
	PerThousandRequests float64 `yaml:"requests-per-thousand"`
}

// ParsePrices reads the shipped table and lays override, which may be nil, over
// it.
func ParsePrices(override []byte) (*Prices, error) {
	table := &priceTable{}
	for _, text := range [][]byte{shippedPrices, override} {
		d := yaml.NewDecoder(bytes.NewReader(text))
		d.KnownFields(true)
		if err := d.Decode(table); err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("price table: %w", err)
		}
	}
	p := &table.Prices
	p.Regions = make(map[string]Price, len(table.Regions))
	for region, named := range table.Regions {
		price := p.Default
		if named.PerThousandMetrics != nil {
			price.PerThousandMetrics = *named.PerThousandMetrics
		}
		if named.PerThousandRequests != nil {
			price.PerThousandRequests = *named.PerThousandRequests
		}
		p.Regions[region] = price
	}
	for region, price := range p.Regions {
		if price.PerThousandMetrics < 0 || price.PerThousandRequests < 0 {
			return nil, fmt.Errorf("price table: a price of %s is negative", region)
		}
	}
	if p.Default.PerThousandMetrics < 0 || p.Default.PerThousandRequests < 0 || p.FreeRequests < 0 {
		return nil, errors.New("price table: a price is negative")
	}
	return p, nil
}

func (p *Prices) of(region string) Price {
	if price, ok := p.Regions[region]; ok {
		return price
	}
	return p.Default
}

// cost is what a charge is billed, free requests left out of account: who else
// uses them up is not known.
func (p *Prices) cost(c charge) float64 {
	price := p.of(c.region)
	return (float64(c.metrics)*price.PerThousandMetrics + float64(c.requests)*price.PerThousandRequests) / 1000
}
