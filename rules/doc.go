// Package rules keeps the rule groups namespaces of metrics workspaces and
// evaluates their rules: files of recording and alerting rules, exactly as
// Amazon Managed Service for Prometheus takes them, on Prometheus' own rule
// engine.
//
// What must hold:
//   - a file comes back byte for byte, and only one that parses is kept;
//   - the rules of a group are evaluated one after the other, and a group never
//     overlaps itself; slots it could not keep are counted;
//   - all groups share a bounded number of workers, and no workspace can take
//     all of them;
//   - a rule reads through the query room and writes through the ingest room, so
//     the workspace's limits hold for rules too;
//   - which groups run follows from the store, so a restart is an ordinary
//     start; what was pending stays pending.
package rules
