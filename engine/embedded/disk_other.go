//go:build !linux && !darwin && !freebsd

package embedded

import "errors"

// freeSpace is not known here, so the watermark is off.
func freeSpace(string) (free, total uint64, err error) { return 0, 0, errors.ErrUnsupported }
