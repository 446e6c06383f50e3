package sandbox

import (
	"slices"
	"strings"
	"sync"
)

// Variants returns all variants. Their names are unique.
func Variants() []Variant {
	return slices.Concat(
		usageVariants(), cutVariants(), errorVariants(), refusalVariants(), framingVariants(), textVariants(),
		nameVariants(), tokenVariants(), costVariants(), keyVariants(), lookupVariants(),
	)
}

// variants returns the variants by name.
var variants = sync.OnceValue(func() map[string]Variant {
	named := map[string]Variant{}
	for _, v := range Variants() {
		named[v.Name] = v
	}
	return named
})

// usageVariants differ in the place and number of usage objects.
func usageVariants() []Variant {
	return []Variant{
		figure("UsageAfterStop", usual(final)),
		figure("UsageWithStop", text+stop(final)+done),
		figure("UsageWithEverything", event(
			common, `"choices":[{"delta":{"content":"<first><rest>"},"finish_reason":"stop"}]`, final)+done),
		figure("UsageInEveryEvent", words("<first>", interim)+words("<rest>", interim)+stop(interim)+
			bill(final)+done),
		figure("UsageInEveryEventUpToStop", words("<first>", interim)+words("<rest>", interim)+stop(final)+done),
		figure("UsageBeforeTheTextAndAtTheEnd", bill(interim)+usual(final)),
		lookUp("UsageBeforeTheTextOnly", bill(interim)+beginning+done),
		lookUp("UsageWithinTheTextOnly", words("<first>", interim)+words("<rest>")+stop()+done),
		lookUp("UsageBeforeStopOnly", text+bill(interim)+stop()+done),
		lookUp("UsageBeforeTheLastWords", words("<first>")+stop(interim)+words("<rest>")+done),
		figure("UsageTwice", beginning+bill(final)+bill(final)+done),
		figure("UsageTwiceAndTheLastIsHigher", beginning+bill(interim)+bill(final)+done),
		lookUp("UsageTwiceAndTheLastHasNoCost", beginning+bill(interim)+bill(uncosted)+done),
		figure("UsageNullInEveryEvent", words("<first><rest>", `"usage":null`)+stop(`"usage":null`)+bill(final)+done),
		figure("UsageNullAfterTheUsage", beginning+bill(final)+bill(`"usage":null`)+done),
		figure("UsageTwiceInOneObject", usual(interim, final)),
		figure("CostTwiceInOneObject", usual(usage(`"cost":<interim>`, `"cost":<cost>`))),
		figure("UsageInOtherLetters", usual(
			usage(`"cost":<cost>`, `"COST":<interim>`), `"Usage":{"cost":<interim>}`)),
		lookUp("UsageWithinTheChoice", text+event(
			common, `"choices":[{"delta":{},"finish_reason":"stop",`+interim+`}]`)+done),
		lookUp("UsageMissing", beginning+done),
		list("UsageWithoutACost", usual(uncosted)),
		lookUp("UsageOfNothing", usual(`"usage":{}`)),
		lookUp("UsageAsText", usual(`"usage":"none"`)),
		lookUp("UsageAsAList", usual(`"usage":[{"cost":<interim>}]`)),
		lookUp("UsageThenUsageAsText", beginning+bill(interim)+bill(`"usage":"see the books"`)+done),
	}
}

// cutVariants end early, or in an unusual way.
func cutVariants() []Variant {
	halfCost := text + stop() + `data: {` + common + `,"choices":[],"usage":{` + counts + `,"cost":0.00`
	unnamed := event(`"model":"<model>"`, `"choices":[{"delta":{"content":"<first>"}}]`, interim)
	return []Variant{
		lookUp("CutBeforeAnything", "").cut().fails(),
		lookUp("CutAfterComments", comment+comment).cut().fails(),
		lookUp("CutWithinTheText", words("<first>")).cut().fails(),
		lookUp("CutAfterAnInterimFigure", words("<first>", interim)).cut().fails(),
		lookUp("CutWithinTheCost", halfCost).cut().fails(),
		lookUp("EndWithinTheCost", halfCost).fails(),
		lookUp("CutAfterStop", beginning).cut().fails(),
		lookUp("CutAfterTheUsage", beginning+bill(interim)).cut(),
		figure("CutAfterDone", usual(final)).cut(),
		figure("EndAfterTheUsage", beginning+bill(final)),
		lookUp("EndAfterStop", beginning).fails(),
		lookUp("EndAfterAnInterimFigure", text+bill(interim)).fails(),
		lookUp("ClosedAfterTheUsage", beginning+bill(interim)).closed(),
		figure("ClosedAfterDone", usual(final)).closed(),
		lookUp("ShorterThanItsLength", beginning+bill(interim)).headed(map[string]string{"Content-Length": "1000000"}),
		figure("DoneWithoutABlankLine", beginning+bill(final)+strings.TrimSpace(done)),
		lookUp("DoneWithoutStop", text+bill(interim)+done).fails(),
		figure("DoneTwice", usual(final)+done),
		lookUp("DoneAtOnce", done).fails(),
		figure("DoneThenAnotherFigure", usual(final)+bill(interim)),
		figure("DoneThenGarbage", usual(final)+"data: {\x00\xff"),
		lookUp("NothingAtAll", "").fails(),
		lookUp("CutAndNamedInTheEventsOnly", words("<first>", interim)).headed(noHeaderID).cut().fails(),
		hold("CutAndNamedNowhere", comment+unnamed).headed(noHeaderID).cut().fails(),
	}
}

// errorVariants have an error under HTTP 200.
func errorVariants() []Variant {
	return []Variant{
		lookUp("ErrorAtOnce", failure).fails(),
		lookUp("ErrorAfterAnInterimFigure", words("<first>", interim)+failure).fails(),
		lookUp("ErrorAfterTheUsage", beginning+bill(interim)+failure+done).fails(),
		lookUp("ErrorBeforeTheUsage", text+failure+stop()+bill(interim)+done).fails(),
		lookUp("ErrorWithTheUsage", usual(interim, `"error":{"code":502,"message":"upstream"}`)).fails(),
		figure("ErrorAfterDone", usual(final)+failure),
		lookUp("ErrorOfTheChoice", text+event(
			common, `"choices":[{"delta":{},"finish_reason":"stop","error":{"code":400}}]`, interim)+done).fails(),
		lookUp("ErrorAsFinishReason", text+finish(`"error"`, interim)+done).fails(),
		lookUp("ErrorAsText", text+event(common, `"error":"overloaded"`, interim)+done).fails(),
		lookUp("ErrorAsAList", text+event(common, `"error":["overloaded"]`)+done).fails(),
		lookUp("ErrorOfOddFields", text+event(
			common, `"error":{"code":{"n":1},"message":["a"],"metadata":"none"}`, interim)+done).fails(),
		lookUp("ErrorByTheNameOfTheEvent", beginning+bill(interim)+
			"event: error\n"+event(`"message":"overloaded"`, `"code":529`)+done).fails(),
		figure("ErrorNullInEveryEvent", words("<first><rest>", `"error":null`)+stop(`"error":null`)+
			bill(final, `"error":null`)+done),
		figure("ErrorEmptyInEveryEvent", words("<first><rest>", `"error":""`)+stop(`"error":false`)+
			bill(final, `"error":""`)+done),
		lookUp("ErrorInTheBody", `{"error":{"code":502,"message":"upstream"}}`).headed(asJSON).fails(),
		lookUp("ErrorInTheBodyWithAFigure",
			`{`+common+`,"error":{"code":429,"message":"upstream"},`+interim+`}`).headed(asJSON).fails(),
		lookUp("ErrorInTheBodyOfAnotherShape", `{"detail":"upstream","request_id":7}`).headed(asJSON).fails(),
		figure("AFilteredAnswer", text+finish(`"content_filter"`)+bill(final)+done).fails(),
		figure("AnEmptyAnswer", stop()+bill(final)+done).fails(),
		lookUp("APage", "<html><body>Welcome</body></html>").headed(asPage).fails(),
	}
}

// refusalVariants have a status other than 200.
func refusalVariants() []Variant {
	return []Variant{
		nothing("RefusedWithProof", `{"error":{"code":429,"message":"slow down"}}`).under(429).headed(asJSON).fails(),
		lookUp("RefusedWithText", `{"error":"slow down"}`).under(429).headed(asJSON).unbilled().fails(),
		lookUp("RefusedWithoutABody", "").under(429).headed(asJSON).unbilled().fails(),
		lookUp("RefusedWithAFigure",
			`{"error":{"code":429,"message":"too late"},`+interim+`}`).under(429).headed(asJSON).fails(),
		lookUp("RefusedForAnother", `{"error":{"code":502,"message":"upstream"}}`).under(400).headed(asJSON).fails(),
		nothing("RefusedOddly",
			`{"error":{"code":402.0,"message":{"text":"no credit"},"metadata":"none"},"user_id":7}`).
			under(402).headed(asJSON).fails(),
		lookUp("BadGateway", `{"error":{"code":502,"message":"upstream"}}`).under(502).headed(asJSON).fails(),
		lookUp("BadGatewayNamedInItsBody",
			`{"id":"<id>","error":{"code":502,"message":"upstream"}}`).under(502).headed(asJSON).headed(noHeaderID).fails(),
		lookUp("AnAnswerUnder201", wholeBody).under(201).headed(asJSON).fails(),
	}
}
