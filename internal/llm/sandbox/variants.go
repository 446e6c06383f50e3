package sandbox

import (
	"slices"
	"strings"
	"sync"
)

// Variants returns every variant. Their names are unique.
func Variants() []Variant {
	return slices.Concat(
		usageVariants(), cutVariants(), errorVariants(), refusalVariants(), framingVariants(), textVariants(),
		nameVariants(), tokenVariants(), costVariants(), keyVariants(), lookupVariants(),
	)
}

// variants are the variants by their names.
var variants = sync.OnceValue(func() map[string]Variant {
	named := map[string]Variant{}
	for _, v := range Variants() {
		named[v.Name] = v
	}
	return named
})

// usageVariants differ in where the usage comes, and how often.
func usageVariants() []Variant {
	return []Variant{
		{Name: "UsageAfterStop", Books: BooksFigure, body: beginning + bill(final) + done},
		{Name: "UsageWithStop", Books: BooksFigure, body: text + stop(final) + done},
		{Name: "UsageWithEverything", Books: BooksFigure, body: event(
			common, `"choices":[{"delta":{"content":"<first><rest>"},"finish_reason":"stop"}]`, final) + done},
		{
			Name: "UsageInEveryEvent", Books: BooksFigure,
			body: words("<first>", interim) + words("<rest>", interim) + stop(interim) + bill(final) + done,
		},
		{
			Name: "UsageInEveryEventUpToStop", Books: BooksFigure,
			body: words("<first>", interim) + words("<rest>", interim) + stop(final) + done,
		},
		{
			Name: "UsageBeforeTheTextAndAtTheEnd", Books: BooksFigure,
			body: bill(interim) + beginning + bill(final) + done,
		},
		{Name: "UsageBeforeTheTextOnly", Books: BooksLookup, body: bill(interim) + beginning + done},
		{Name: "UsageWithinTheTextOnly", Books: BooksLookup, body: words("<first>", interim) + words("<rest>") + stop() + done},
		{Name: "UsageBeforeStopOnly", Books: BooksLookup, body: text + bill(interim) + stop() + done},
		{Name: "UsageBeforeTheLastWords", Books: BooksLookup, body: words("<first>") + stop(interim) + words("<rest>") + done},
		{Name: "UsageTwice", Books: BooksFigure, body: beginning + bill(final) + bill(final) + done},
		{Name: "UsageTwiceAndTheLastIsHigher", Books: BooksFigure, body: beginning + bill(interim) + bill(final) + done},
		{Name: "UsageTwiceAndTheLastHasNoCost", Books: BooksLookup, body: beginning + bill(interim) + bill(uncosted) + done},
		{
			Name: "UsageNullInEveryEvent", Books: BooksFigure,
			body: words("<first><rest>", `"usage":null`) + stop(`"usage":null`) + bill(final) + done,
		},
		{
			Name: "UsageNullAfterTheUsage", Books: BooksFigure,
			body: beginning + bill(final) + bill(`"usage":null`) + done,
		},
		{
			Name: "UsageTwiceInOneObject", Books: BooksFigure,
			body: beginning + bill(interim, final) + done,
		},
		{
			Name: "CostTwiceInOneObject", Books: BooksFigure,
			body: beginning + bill(usage(`"cost":<interim>`, `"cost":<cost>`)) + done,
		},
		{
			Name: "UsageInOtherLetters", Books: BooksFigure,
			body: beginning + bill(usage(`"cost":<cost>`, `"COST":<interim>`), `"Usage":{"cost":<interim>}`) + done,
		},
		{
			Name: "UsageWithinTheChoice", Books: BooksLookup,
			body: text + event(common, `"choices":[{"delta":{},"finish_reason":"stop",`+interim+`}]`) + done,
		},
		{Name: "UsageMissing", Books: BooksLookup, body: beginning + done},
		{Name: "UsageWithoutACost", Books: BooksList, body: beginning + bill(uncosted) + done},
		{Name: "UsageOfNothing", Books: BooksLookup, body: beginning + bill(`"usage":{}`) + done},
		{Name: "UsageAsText", Books: BooksLookup, body: beginning + bill(`"usage":"none"`) + done},
		{Name: "UsageAsAList", Books: BooksLookup, body: beginning + bill(`"usage":[{"cost":<interim>}]`) + done},
		{
			Name: "UsageThenUsageAsText", Books: BooksLookup,
			body: beginning + bill(interim) + bill(`"usage":"see the books"`) + done,
		},
	}
}

// cutVariants end before their time, or seem to.
func cutVariants() []Variant {
	return []Variant{
		{Name: "CutBeforeAnything", Books: BooksLookup, Failed: true, end: endsCut},
		{Name: "CutAfterComments", Books: BooksLookup, Failed: true, end: endsCut, body: comment + comment},
		{Name: "CutWithinTheText", Books: BooksLookup, Failed: true, end: endsCut, body: words("<first>")},
		{
			Name: "CutAfterAnInterimFigure", Books: BooksLookup, Failed: true, end: endsCut,
			body: words("<first>", interim),
		},
		{
			Name: "CutWithinTheCost", Books: BooksLookup, Failed: true, end: endsCut,
			body: text + stop() + `data: {` + common + `,"choices":[],"usage":{` + tokens3 + `,"cost":0.00`,
		},
		{
			Name: "EndWithinTheCost", Books: BooksLookup, Failed: true,
			body: text + stop() + `data: {` + common + `,"choices":[],"usage":{` + tokens3 + `,"cost":0.00`,
		},
		{Name: "CutAfterStop", Books: BooksLookup, Failed: true, end: endsCut, body: beginning},
		{Name: "CutAfterTheUsage", Books: BooksLookup, end: endsCut, body: beginning + bill(interim)},
		{Name: "CutAfterDone", Books: BooksFigure, end: endsCut, body: beginning + bill(final) + done},
		{Name: "EndAfterTheUsage", Books: BooksFigure, body: beginning + bill(final)},
		{Name: "EndAfterStop", Books: BooksLookup, Failed: true, body: beginning},
		{Name: "EndAfterAnInterimFigure", Books: BooksLookup, Failed: true, body: text + bill(interim)},
		{Name: "ClosedAfterTheUsage", Books: BooksLookup, end: endsClosed, body: beginning + bill(interim)},
		{Name: "ClosedAfterDone", Books: BooksFigure, end: endsClosed, body: beginning + bill(final) + done},
		{
			Name: "ShorterThanItsLength", Books: BooksLookup, headers: map[string]string{"Content-Length": "1000000"},
			body: beginning + bill(interim),
		},
		{Name: "DoneWithoutABlankLine", Books: BooksFigure, body: beginning + bill(final) + strings.TrimSpace(done)},
		{Name: "DoneWithoutStop", Books: BooksLookup, Failed: true, body: text + bill(interim) + done},
		{Name: "DoneTwice", Books: BooksFigure, body: beginning + bill(final) + done + done},
		{Name: "DoneAtOnce", Books: BooksLookup, Failed: true, body: done},
		{Name: "DoneThenAnotherFigure", Books: BooksFigure, body: beginning + bill(final) + done + bill(interim)},
		{Name: "DoneThenGarbage", Books: BooksFigure, body: beginning + bill(final) + done + "data: {\x00\xff"},
		{Name: "NothingAtAll", Books: BooksLookup, Failed: true},
		{
			Name: "CutAndNamedInTheEventsOnly", Books: BooksLookup, Failed: true, end: endsCut, headers: noHeaderID,
			body: words("<first>", interim),
		},
		{
			Name: "CutAndNamedNowhere", Books: BooksHold, Failed: true, end: endsCut, headers: noHeaderID,
			body: comment + event(`"model":"<model>"`, `"choices":[{"delta":{"content":"<first>"}}]`, interim),
		},
	}
}

// errorVariants say under HTTP 200 that something went wrong.
func errorVariants() []Variant {
	return []Variant{
		{Name: "ErrorAtOnce", Books: BooksLookup, Failed: true, body: failure},
		{Name: "ErrorAfterAnInterimFigure", Books: BooksLookup, Failed: true, body: words("<first>", interim) + failure},
		{Name: "ErrorAfterTheUsage", Books: BooksLookup, Failed: true, body: beginning + bill(interim) + failure + done},
		{Name: "ErrorBeforeTheUsage", Books: BooksLookup, Failed: true, body: text + failure + stop() + bill(interim) + done},
		{
			Name: "ErrorWithTheUsage", Books: BooksLookup, Failed: true,
			body: beginning + bill(interim, `"error":{"code":502,"message":"upstream"}`) + done,
		},
		{Name: "ErrorAfterDone", Books: BooksFigure, body: beginning + bill(final) + done + failure},
		{
			Name: "ErrorOfTheChoice", Books: BooksLookup, Failed: true,
			body: text + event(common, `"choices":[{"delta":{},"finish_reason":"stop","error":{"code":400}}]`, interim) + done,
		},
		{Name: "ErrorAsFinishReason", Books: BooksLookup, Failed: true, body: text + finish(`"error"`, interim) + done},
		{Name: "ErrorAsText", Books: BooksLookup, Failed: true, body: text + event(common, `"error":"overloaded"`, interim) + done},
		{Name: "ErrorAsAList", Books: BooksLookup, Failed: true, body: text + event(common, `"error":["overloaded"]`) + done},
		{
			Name: "ErrorOfOddFields", Books: BooksLookup, Failed: true,
			body: text + event(common, `"error":{"code":{"n":1},"message":["a"],"metadata":"none"}`, interim) + done,
		},
		{
			Name: "ErrorByTheNameOfTheEvent", Books: BooksLookup, Failed: true,
			body: beginning + bill(interim) + "event: error\n" + event(`"message":"overloaded"`, `"code":529`) + done,
		},
		{
			Name: "ErrorNullInEveryEvent", Books: BooksFigure,
			body: words("<first><rest>", `"error":null`) + stop(`"error":null`) + bill(final, `"error":null`) + done,
		},
		{
			Name: "ErrorEmptyInEveryEvent", Books: BooksFigure,
			body: words("<first><rest>", `"error":""`) + stop(`"error":false`) + bill(final, `"error":""`) + done,
		},
		{
			Name: "ErrorInTheBody", Books: BooksLookup, Failed: true, headers: asJSON,
			body: `{"error":{"code":502,"message":"upstream"}}`,
		},
		{
			Name: "ErrorInTheBodyWithAFigure", Books: BooksLookup, Failed: true, headers: asJSON,
			body: `{` + common + `,"error":{"code":429,"message":"upstream"},` + interim + `}`,
		},
		{
			Name: "ErrorInTheBodyOfAnotherShape", Books: BooksLookup, Failed: true, headers: asJSON,
			body: `{"detail":"upstream","request_id":7}`,
		},
		{Name: "AFilteredAnswer", Books: BooksFigure, Failed: true, body: text + finish(`"content_filter"`) + bill(final) + done},
		{Name: "AnEmptyAnswer", Books: BooksFigure, Failed: true, body: stop() + bill(final) + done},
		{
			Name: "APage", Books: BooksLookup, Failed: true, headers: map[string]string{"Content-Type": "text/html"},
			body: "<html><body>Welcome</body></html>",
		},
	}
}

// refusalVariants have another status than 200.
func refusalVariants() []Variant {
	return []Variant{
		{
			Name: "RefusedWithProof", Books: BooksNothing, Failed: true, status: 429, headers: asJSON,
			body: `{"error":{"code":429,"message":"slow down"}}`,
		},
		{
			Name: "RefusedWithText", Books: BooksLookup, Failed: true, status: 429, headers: asJSON, free: true,
			body: `{"error":"slow down"}`,
		},
		{
			Name: "RefusedWithoutABody", Books: BooksLookup, Failed: true, status: 429, headers: asJSON, free: true,
		},
		{
			Name: "RefusedWithAFigure", Books: BooksLookup, Failed: true, status: 429, headers: asJSON,
			body: `{"error":{"code":429,"message":"too late"},` + interim + `}`,
		},
		{
			Name: "RefusedForAnother", Books: BooksLookup, Failed: true, status: 400, headers: asJSON,
			body: `{"error":{"code":502,"message":"upstream"}}`,
		},
		{
			Name: "RefusedOddly", Books: BooksNothing, Failed: true, status: 402, headers: asJSON,
			body: `{"error":{"code":402.0,"message":{"text":"no credit"},"metadata":"none"},"user_id":7}`,
		},
		{
			Name: "BadGateway", Books: BooksLookup, Failed: true, status: 502, headers: asJSON,
			body: `{"error":{"code":502,"message":"upstream"}}`,
		},
		{
			Name: "BadGatewayNamedInItsBody", Books: BooksLookup, Failed: true, status: 502,
			headers: map[string]string{"Content-Type": "application/json", "X-Generation-Id": ""},
			body:    `{"id":"<id>","error":{"code":502,"message":"upstream"}}`,
		},
		{Name: "AnAnswerUnder201", Books: BooksLookup, Failed: true, status: 201, headers: asJSON, body: wholeBody},
	}
}
