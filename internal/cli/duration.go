package cli

import (
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"time"

	"github.com/alecthomas/kong"
)

// day is 24 hours, whatever the clocks of a place do.
const day = 24 * time.Hour

var days = regexp.MustCompile(`^(\d{1,5})d(.*)$`)

// parseDuration reads a duration of Go, such as 1h30m, that may begin with days: 90d, 1d12h.
func parseDuration(text string) (time.Duration, error) {
	match := days.FindStringSubmatch(text)
	if match == nil {
		d, err := time.ParseDuration(text)
		if err != nil {
			return 0, fmt.Errorf("%q is no duration: write 90d, 12h, 30m or 10s", text)
		}
		return d, nil
	}
	whole, err := strconv.Atoi(match[1])
	if err != nil || match[2] == "" {
		return time.Duration(whole) * day, err
	}
	rest, err := parseDuration(match[2])
	return time.Duration(whole)*day + rest, err
}

// decodeDuration reads the duration of a flag.
func decodeDuration(ctx *kong.DecodeContext, target reflect.Value) error {
	var text string
	if err := ctx.Scan.PopValueInto("duration", &text); err != nil {
		return err
	}
	d, err := parseDuration(text)
	if err != nil {
		return err
	}
	target.SetInt(int64(d))
	return nil
}
