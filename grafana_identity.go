package hearth

import (
	"crypto/sha256"
	"encoding/hex"
)

// SSOID is the id under which UpdatePermissions knows who signed in through AWS
// SSO: of issuer and subject, never of what the person may change. It has 40
// characters.
// https://docs.aws.amazon.com/grafana/latest/APIReference/API_User.html
func (i Identity) SSOID() string {
	sum := sha256.Sum256([]byte(i.Issuer + "\x00" + i.Subject))
	return hex.EncodeToString(sum[:20])
}
