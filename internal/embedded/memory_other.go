//go:build unix && !linux

package embedded

// memoryFolders is empty: the system has no folder in memory that everybody may use.
func memoryFolders() []string { return nil }
