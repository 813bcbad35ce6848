// Package iam knows who exists and decides who may do what: users, roles,
// groups, keys, policies and sessions, as AWS IAM and STS have them.
//
// The policy language (Parse, Evaluate, Explain, Smallest) is pure: it does no
// I/O, has no clock and keeps nothing. Room keeps the entities in a store and
// answers the front door's two questions from memory.
//
// Invariants:
//   - nothing is allowed unless a statement allows it; one statement that denies
//     outweighs all that allow;
//   - a statement that cannot be read is refused when it is stored, never skipped
//     when it is asked;
//   - the time a policy takes grows with its length times the request's, never
//     with the number of ways its wildcards could match;
//   - secrets are on disk only sealed, and session tokens can be read here only.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
package iam
