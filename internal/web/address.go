package web

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Proxies has the networks of the trusted proxies. Only they may name the address of a client.
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

// clientAddress returns the address of the client: that of the connection, or the one that trusted proxies name. It
// reads X-Forwarded-For from the right, because each proxy appends the address of its own client. The first address
// that is not a trusted proxy is the client; it may have written the rest itself. If an entry is no address, the
// client is the proxy that sent it.
func (p Proxies) clientAddress(r *http.Request) string {
	client, ok := parseAddress(r.RemoteAddr)
	if !ok {
		return r.RemoteAddr
	}
	if len(p) == 0 {
		return client.String()
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

// isSecure reports whether the client uses https, to this server or to a trusted proxy. Proxies may use http among each
// other; the last one names the protocol of the client.
func (p Proxies) isSecure(r *http.Request) bool {
	if r.TLS != nil {
		return true
	}
	last, ok := parseAddress(r.RemoteAddr)
	if !ok || !p.trust(last) {
		return false
	}
	protocols := r.Header.Values("X-Forwarded-Proto")
	return len(protocols) == 1 && strings.EqualFold(protocols[0], "https")
}

// parseAddress reads an address with or without a port, and brackets where IPv6 has them.
func parseAddress(text string) (netip.Addr, bool) {
	if with, err := netip.ParseAddrPort(text); err == nil { // the address of each connection
		return with.Addr().Unmap().WithZone(""), true
	}
	address, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(text, "["), "]"))
	if err != nil {
		return netip.Addr{}, false
	}
	return address.Unmap().WithZone(""), true
}
