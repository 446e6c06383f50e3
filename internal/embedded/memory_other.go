//go:build unix && !linux

package embedded

// memoryFolders is empty: the system has no folder in memory that all users may write to.
func memoryFolders() []string { return nil }
