// Package query is the Prometheus query API of a metrics workspace: PromQL,
// labels, series, exemplars, metadata and status, in Prometheus' own envelope.
//
// One Prometheus API object serves every workspace; which one a request reads
// is in its context and nowhere else. What must hold:
//   - a request without a workspace reads nothing;
//   - a workspace's samples stay open from a request's first read to its end;
//   - every query is bounded before it is evaluated: its text before it is
//     parsed, its steps, selectors and memory before they are allocated;
//   - no workspace can take all the places in which queries run.
package query
