package outbound

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// maxURLBytes is the greatest length of an address.
const maxURLBytes = 2048

// PlainHTTP says which hosts may be reached without TLS.
type PlainHTTP int

// The values of PlainHTTP.
const (
	NoHTTP       PlainHTTP = iota // none: https only
	LoopbackHTTP                  // this machine, where no network is between the two programs
	AnyHTTP                       // all
)

// URLRules say which addresses ParseURL accepts. The zero value accepts https to public hosts, without a query.
type URLRules struct {
	HTTP         PlainHTTP
	PrivateHosts bool // addresses that are not public, and "localhost"
	Query        bool
}

// ParseURL reads an absolute address without credentials and fragment. Its error says in words what the author of the
// address must change, and does not quote the address. A host name may still resolve to a private address: a Public
// client then refuses the connection.
func ParseURL(text string, rules URLRules) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case len(text) > maxURLBytes:
		return nil, fmt.Errorf("the address has more than %d bytes", maxURLBytes)
	case strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }):
		return nil, errors.New("the address has characters other than printable ASCII; " +
			"write others as %xx, and host names as xn--…")
	case err != nil || u.Hostname() == "" || u.Opaque != "":
		return nil, errors.New("the address must be an absolute one, such as https://example.com/path")
	case u.User != nil:
		return nil, errors.New("the address must have no user name and no password")
	case u.Fragment != "" || strings.Contains(text, "#"):
		return nil, errors.New("the address must have no fragment")
	case !rules.Query && (u.RawQuery != "" || u.ForceQuery):
		return nil, errors.New("the address must have no query")
	case !validPort(u.Port()):
		return nil, errors.New("the port must be a number from 1 to 65535")
	case !validHost(u):
		return nil, errors.New("the host must be a name of letters, digits, - and _, or a whole IP address")
	}
	if err := rules.checkScheme(u); err != nil {
		return nil, err
	}
	ip, err := netip.ParseAddr(hostname(u))
	if private := err == nil && !isPublic(ip) || isLocalhost(u); private && !rules.PrivateHosts {
		return nil, errors.New("the address must be a public one")
	}
	return u, nil
}

func (r URLRules) checkScheme(u *url.URL) error {
	switch {
	case u.Scheme == "https", u.Scheme == "http" && r.HTTP == AnyHTTP:
		return nil
	case u.Scheme == "http" && r.HTTP == LoopbackHTTP && isLoopback(u):
		return nil
	case r.HTTP == AnyHTTP:
		return errors.New("the address must begin with https:// or http://")
	case r.HTTP == LoopbackHTTP:
		return errors.New("the address must begin with https://; http is for this machine only")
	}
	return errors.New("the address must begin with https://")
}

func validPort(port string) bool {
	if port == "" {
		return true
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n > 0
}

// validHost reports whether a host is a name or an IP address in its usual form. Some resolvers read a name that ends
// in a number, such as 127.1, as an address.
func validHost(u *url.URL) bool {
	host := hostname(u)
	if ip, err := netip.ParseAddr(host); err == nil || strings.HasPrefix(u.Host, "[") {
		return err == nil && ip.Is6() == strings.HasPrefix(u.Host, "[")
	}
	labels := strings.Split(host, ".")
	for _, label := range labels {
		if label == "" || len(label) > maxLabel || strings.ContainsFunc(label, func(r rune) bool {
			return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '_')
		}) {
			return false
		}
	}
	return len(host) <= maxHost && !isNumber(labels[len(labels)-1])
}

// The longest name of a host and of one of its labels, by RFC 1035.
const (
	maxHost  = 253
	maxLabel = 63
)

// isNumber reports a number in decimal, octal or hexadecimal form.
func isNumber(label string) bool {
	digits := strings.TrimPrefix(label, "0x")
	return !strings.ContainsFunc(digits, func(r rune) bool {
		return !(r >= '0' && r <= '9' || digits != label && r >= 'a' && r <= 'f')
	})
}

// hostname returns the host in lower case, without the dot of a fully qualified name.
func hostname(u *url.URL) string { return strings.TrimSuffix(strings.ToLower(u.Hostname()), ".") }

func isLocalhost(u *url.URL) bool {
	host := hostname(u)
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

func isLoopback(u *url.URL) bool {
	ip, err := netip.ParseAddr(u.Hostname())
	return u.Hostname() == "localhost" || err == nil && ip.IsLoopback()
}
