package sns

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Maildir is a Mailer that puts mails into a folder, one file each, in the form
// mail programs read: for trying Hearth without a mail server.
type Maildir struct{ dir string }

var _ Mailer = (*Maildir)(nil)

// NewMaildir makes the folder with its parts.
func NewMaildir(dir string) (*Maildir, error) {
	for _, part := range []string{"tmp", "new", "cur"} {
		if err := os.MkdirAll(filepath.Join(dir, part), 0o700); err != nil {
			return nil, fmt.Errorf("mail folder: %w", err)
		}
	}
	return &Maildir{dir: dir}, nil
}

// Send writes the mail; who it is for stands in it. A reader never sees half a
// mail.
func (m *Maildir) Send(_ context.Context, _, _ string, mail []byte) error {
	name := fmt.Sprintf("%d.%s.hearth", time.Now().UnixNano(), randomHex(4))
	tmp := filepath.Join(m.dir, "tmp", name)
	if err := os.WriteFile(tmp, mail, 0o600); err != nil {
		return fmt.Errorf("mail folder: %w", err)
	}
	if err := os.Rename(tmp, filepath.Join(m.dir, "new", name)); err != nil {
		return fmt.Errorf("mail folder: %w", err)
	}
	return nil
}
