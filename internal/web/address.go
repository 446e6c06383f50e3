package web

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Proxies are the networks of the proxies that speak for their clients. Nobody else's word about an address counts.
type Proxies []netip.Prefix

// ParseProxies reads networks as 10.0.0.0/8 or 2001:db8::/32, and single addresses.
func ParseProxies(texts []string) (Proxies, error) {
	var networks Proxies
	for _, text := range texts {
		network, err := netip.ParsePrefix(text)
		if err != nil {
			var address netip.Addr
			if address, err = netip.ParseAddr(text); err == nil && address.Zone() == "" {
				network, err = address.Prefix(address.BitLen())
			}
		}
		if err != nil || !network.IsValid() || network.Addr().Is4In6() {
			return nil, fmt.Errorf("%q is not a network such as 10.0.0.0/8 or 2001:db8::/32", text)
		}
		networks = append(networks, network.Masked())
	}
	return networks, nil
}

func (p Proxies) trust(address netip.Addr) bool {
	return slices.ContainsFunc(p, func(network netip.Prefix) bool { return network.Contains(address) })
}

// clientOf returns the address that a request comes from: that of the connection, or what the proxies before us say.
// X-Forwarded-For is read from the right, since each proxy appends whom it has heard; whatever stands left of the first
// address that is not a proxy of ours, that one may have written itself. What is no address says nothing: then it is
// the proxy that passed it on.
func (p Proxies) clientOf(r *http.Request) string {
	client, ok := parseAddress(r.RemoteAddr)
	if !ok {
		return r.RemoteAddr
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && p.trust(client); i-- {
		before, ok := parseAddress(strings.TrimSpace(hops[i]))
		if !ok {
			break
		}
		client = before
	}
	return client.String()
}

// isSecure reports whether the client has come by https: to us, or to a proxy of ours. The first proxy may be followed
// by others that speak http among each other, but the last one is whom we believe.
func (p Proxies) isSecure(r *http.Request) bool {
	if r.TLS != nil {
		return true
	}
	last, ok := parseAddress(r.RemoteAddr)
	if !ok || !p.trust(last) {
		return false
	}
	said := r.Header.Values("X-Forwarded-Proto")
	return len(said) == 1 && strings.EqualFold(said[0], "https")
}

// parseAddress reads an address with or without a port, and brackets where IPv6 has them.
func parseAddress(text string) (netip.Addr, bool) {
	address, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(text, "["), "]"))
	if err != nil {
		with, err := netip.ParseAddrPort(text)
		if err != nil {
			return netip.Addr{}, false
		}
		address = with.Addr()
	}
	return address.Unmap().WithZone(""), true
}
