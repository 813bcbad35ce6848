package scraper

import (
	"cmp"
	"context"
	"errors"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/discovery/dns"
	"github.com/prometheus/prometheus/discovery/targetgroup"
)

// lookupsAtOnce is how many names a search by DNS asks for at the same time.
const lookupsAtOnce = 10

// A dnsSearch asks the machine's resolver, which is the operator's choice and not a
// scraper's: so it is not asked through the guard. What it answers is dialled
// through it.
type dnsSearch struct {
	conf     *dns.SDConfig
	resolver *net.Resolver
}

// look asks for all names. A name that is not there has no targets; one that cannot
// be asked for is not in the answer, so that its targets stay.
func (s *dnsSearch) look(ctx context.Context) ([]*targetgroup.Group, error) {
	groups := make([]*targetgroup.Group, len(s.conf.Names))
	errs := make([]error, len(s.conf.Names))
	places := make(chan struct{}, lookupsAtOnce)
	var all sync.WaitGroup
	for i, name := range s.conf.Names {
		places <- struct{}{}
		all.Go(func() {
			defer func() { <-places }()
			groups[i], errs[i] = s.one(ctx, name)
		})
	}
	all.Wait()
	groups = slices.DeleteFunc(groups, func(g *targetgroup.Group) bool { return g == nil })
	return groups, errors.Join(errs...)
}

// one asks for one name. Beside an error are the records that are valid.
func (s *dnsSearch) one(ctx context.Context, name string) (*targetgroup.Group, error) {
	targets, err := s.records(ctx, name)
	if e, ok := errors.AsType[*net.DNSError](err); ok && e.IsNotFound {
		targets, err = nil, nil
	}
	if err != nil && len(targets) == 0 {
		return nil, err
	}
	slices.SortFunc(targets, func(a, b model.LabelSet) int { return cmp.Compare(a[model.AddressLabel], b[model.AddressLabel]) })
	return &targetgroup.Group{Source: name, Targets: targets}, err
}

// records are a name's, as targets with the labels that Prometheus gives them.
// https://prometheus.io/docs/prometheus/latest/configuration/configuration/#dns_sd_config
func (s *dnsSearch) records(ctx context.Context, name string) (targets []model.LabelSet, err error) {
	add := func(host string, port int, more model.LabelSet) {
		t := model.LabelSet{
			model.AddressLabel:                 model.LabelValue(net.JoinHostPort(strings.TrimRight(host, "."), strconv.Itoa(port))),
			model.MetaLabelPrefix + "dns_name": model.LabelValue(name),
		}
		targets = append(targets, t.Merge(more))
	}
	record := func(kind, value string) model.LabelSet {
		return model.LabelSet{model.LabelName(model.MetaLabelPrefix + "dns_" + kind + "_record_target"): model.LabelValue(value)}
	}
	switch strings.ToUpper(s.conf.Type) {
	case "A", "AAAA":
		network := map[string]string{"A": "ip4", "AAAA": "ip6"}[strings.ToUpper(s.conf.Type)]
		ips, err := s.resolver.LookupNetIP(ctx, network, name)
		for _, ip := range ips {
			add(ip.Unmap().String(), s.conf.Port, nil)
		}
		return targets, err
	case "MX":
		found, err := s.resolver.LookupMX(ctx, name)
		for _, r := range found {
			add(r.Host, s.conf.Port, record("mx", r.Host))
		}
		return targets, err
	case "NS":
		found, err := s.resolver.LookupNS(ctx, name)
		for _, r := range found {
			add(r.Host, s.conf.Port, record("ns", r.Host))
		}
		return targets, err
	}
	_, found, err := s.resolver.LookupSRV(ctx, "", "", name)
	for _, r := range found {
		more := record("srv", r.Target)
		more[model.MetaLabelPrefix+"dns_srv_record_port"] = model.LabelValue(strconv.Itoa(int(r.Port)))
		add(r.Target, int(r.Port), more)
	}
	return targets, err
}
