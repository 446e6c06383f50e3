package outbound

import (
	"errors"
	"net/netip"
	"syscall"
)

// ErrNotPublic is the error of a connection to an address that is not public.
var ErrNotPublic = errors.New("the address is not public")

// special are networks without hosts of the public internet, and networks that lead back into private ones. Those that
// netip classifies itself are not listed.
var special = prefixes(
	"0.0.0.0/8",        // this network
	"100.64.0.0/10",    // between a provider and its customers; some clouds serve metadata there
	"168.63.129.16/32", // the platform of a cloud, in each of its virtual networks
	"192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
	"240.0.0.0/4",
	"2001::/23",     // protocols such as Teredo, which carries IPv4 inside
	"2001:db8::/32", // documentation
	"2002::/16",     // 6to4, which carries IPv4 inside
	"3fff::/20",     // documentation
)

// unicast is the part of IPv6 that is assigned to hosts. Networks that carry or translate IPv4 (::ffff:0:0/96,
// 64:ff9b::/96), local and reserved networks are outside of it.
var unicast = netip.MustParsePrefix("2000::/3")

func prefixes(texts ...string) (all []netip.Prefix) {
	for _, text := range texts {
		all = append(all, netip.MustParsePrefix(text))
	}
	return all
}

// isPublic reports whether an address belongs to the public internet. One with a zone does not: a zone names an
// interface of this machine.
func isPublic(ip netip.Addr) bool {
	if ip.Zone() != "" {
		return false
	}
	ip = ip.Unmap()
	if !ip.IsGlobalUnicast() || ip.IsPrivate() || ip.Is6() && !unicast.Contains(ip) {
		return false
	}
	for _, network := range special {
		if network.Contains(ip) {
			return false
		}
	}
	return true
}

// refusePrivate refuses a connection to an address that is not public. The dialer calls it for each address that a name
// has resolved to, just before it connects. So a later answer of the name server cannot change the target.
func refusePrivate(_, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil || !isPublic(to.Addr()) {
		return ErrNotPublic
	}
	return nil
}
