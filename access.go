package hearth

import "time"

// An Access is one question to whoever decides about rights: may a principal
// do this to that. The conditions are what policies may ask about the request;
// an empty one is absent.
type Access struct {
	Action   string // aps:QueryMetrics
	Resource ARN    // what it would be done to

	ResourceTags map[string]string // aws:ResourceTag/…: the tags the resource has
	RequestTags  map[string]string // aws:RequestTag/… and aws:TagKeys: the tags asked for
	TagKeys      []string          // aws:TagKeys where only keys are named
	SourceIP     string            // aws:SourceIp
	UserAgent    string            // aws:UserAgent
	TLS          bool              // aws:SecureTransport
	Region       Region            // aws:RequestedRegion
	Time         time.Time         // aws:CurrentTime, aws:EpochTime
	Context      map[string]string // further keys by name, such as iam:PassedToService or aws:SourceArn
}
