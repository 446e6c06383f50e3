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
