// Package sns tells people and programs: topics, who subscribed to them, and
// the delivery of what is published.
//
// Invariants:
//   - a message that Publish took is on disk before Publish answers, and is
//     delivered at least once to each subscription confirmed then, or ends in
//     the dead letters;
//   - nothing but a confirmation is sent to an address that has not confirmed;
//   - one slow endpoint holds a bounded number of workers, and no header of a
//     mail or request can be written by whoever publishes.
package sns
