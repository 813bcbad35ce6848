// Package sso lets people in: to a Grafana workspace through its SAML identity
// provider, through an OpenID Connect provider or as the local administrator, and
// to the console with the keys of an IAM principal.
//
// Invariants:
//   - an identity is issuer and subject, never an e-mail address;
//   - of an assertion only what a signature covers is read, and each assertion and
//     each request lets in once, a restart in between or not;
//   - nobody who has proven nothing makes this room write anything: what must be
//     remembered of a sign-in that has begun travels sealed with the browser;
//   - a session is known by its hash only, belongs to one Grafana workspace or to
//     the console, and means what its user or principal may do now;
//   - who is refused gets a request id, and the ledger has the reason.
package sso
