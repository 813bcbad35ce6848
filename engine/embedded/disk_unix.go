//go:build linux || darwin || freebsd

package embedded

import "syscall"

// freeSpace returns what an unprivileged process may still write, and the size,
// of the file system that holds dir.
func freeSpace(dir string) (free, total uint64, err error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0, 0, err
	}
	block := uint64(s.Bsize)
	return uint64(s.Bavail) * block, s.Blocks * block, nil
}
