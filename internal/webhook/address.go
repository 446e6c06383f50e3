package webhook

import (
	"errors"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"

	"github.com/infin8content/engine/internal/fault"
)

// maxURL is how long an address may be, in bytes.
const maxURL = 2048

var errNotPublic = errors.New("the address is not public")

// special are networks that have no hosts of the public internet in them, or lead back into private ones. What netip
// knows itself is not among them.
var special = prefixes(
	"0.0.0.0/8",        // this network
	"100.64.0.0/10",    // between a provider and its customers; some clouds have their metadata there
	"168.63.129.16/32", // a cloud's own, within each of its virtual networks
	"192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
	"240.0.0.0/4",
	"2001::/23",     // protocols, such as Teredo, which carries IPv4 inside
	"2001:db8::/32", // documentation
	"2002::/16",     // 6to4 carries IPv4 inside
	"3fff::/20",     // documentation
)

// unicast is all of IPv6 that is given to hosts: what carries or translates IPv4 (::ffff:0:0/96, 64:ff9b::/96), local
// and reserved networks are outside of it.
var unicast = netip.MustParsePrefix("2000::/3")

func prefixes(texts ...string) (all []netip.Prefix) {
	for _, text := range texts {
		all = append(all, netip.MustParsePrefix(text))
	}
	return all
}

// public reports whether an address is one of the public internet.
func public(ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
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

// onlyPublic refuses a connection to an address that is not public. A dialer asks it for each address that a name has
// resolved to, just before it connects, so that no later answer of the name server can change where to.
func onlyPublic(_, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil || !public(to.Addr()) {
		return errNotPublic
	}
	return nil
}

// CheckURL returns an INVALID_INPUT fault about the field url for an address that nothing is sent to: one that is not
// absolute, not https, has credentials in it or names a private network. With private http and private networks are
// allowed. A name may still resolve to a private address; then each attempt to send is refused.
func CheckURL(text string, private bool) error {
	refuse := func(format string, args ...any) error { return fault.Invalid([]string{"url"}, format, args...) }
	u, err := url.Parse(text)
	switch {
	case len(text) > maxURL:
		return refuse("An address has at most %d bytes.", maxURL)
	case strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }):
		return refuse("An address has printable ASCII characters only; write others as %%xx, and names as xn--….")
	case err != nil || u.Hostname() == "" || u.Opaque != "":
		return refuse("The address must be an absolute one, such as https://example.com/alerts.")
	case u.User != nil:
		return refuse("The address must have no user name or password in it: messages are signed instead.")
	case u.Fragment != "":
		return refuse("The address must have no fragment.")
	case u.Scheme != "https" && (u.Scheme != "http" || !private):
		return refuse("The address must begin with https://.")
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return refuse("The port must be a number from 1 to 65535.")
		}
	}
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	ip, err := netip.ParseAddr(host)
	local := err == nil && !public(ip) || host == "localhost" || strings.HasSuffix(host, ".localhost")
	if local && !private {
		return refuse("The address must be a public one.")
	}
	return nil
}
