package rate

import (
	"crypto/sha256"
	"encoding/binary"
	"net/netip"

	"github.com/infin8content/engine/internal/postgres"
)

// SlotOf returns the slot of a network address in the form of net/http, with or without a port. An IPv6 network of 64
// bits counts as one address, since its owner has all of it.
func SlotOf(remote string) int {
	text := remote
	if with, err := netip.ParseAddrPort(remote); err == nil {
		text = with.Addr().String()
	}
	if address, err := netip.ParseAddr(text); err == nil {
		address = address.Unmap().WithZone("")
		if address.Is6() {
			prefix, _ := address.Prefix(64) // 64 bits fit.
			address = prefix.Addr()
		}
		text = address.String()
	}
	sum := sha256.Sum256([]byte(text))
	return int(binary.BigEndian.Uint32(sum[:4]) % postgres.AddressSlots)
}
