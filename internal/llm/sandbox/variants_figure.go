package sandbox

import "strings"

// tokenVariants carry odd counts beside the cost, or in its place.
func tokenVariants() []Variant {
	counted := func(counts string) string { return beginning + bill(`"usage":{`+counts+`}`) + done }
	costed := func(counts string) string { return counted(counts + `,"cost":<cost>`) }
	const search = `,"server_tool_use":{"web_search_requests":<searches>}`
	return []Variant{
		{Name: "TokensAsDecimals", Books: BooksFigure, body: costed(`"prompt_tokens":400.0,"completion_tokens":4e2`)},
		{Name: "TokensAsText", Books: BooksFigure, body: costed(`"prompt_tokens":"400","completion_tokens":"many"`)},
		{Name: "TokensBeyondBigint", Books: BooksFigure, body: costed(
			`"prompt_tokens":9223372036854775808,"completion_tokens":1e300`)},
		{Name: "TokensAtTheEndOfBigint", Books: BooksFigure, body: costed(
			`"prompt_tokens":9223372036854775807,"completion_tokens":9223372036854775807`)},
		{Name: "TokensNegative", Books: BooksFigure, body: costed(`"prompt_tokens":-1,"completion_tokens":-2.5`)},
		{Name: "TokensOfNoKind", Books: BooksFigure, body: costed(
			`"prompt_tokens":null,"completion_tokens":{"n":1},"server_tool_use":true`)},
		{Name: "DetailsOfNoKind", Books: BooksFigure, body: costed(
			`"prompt_tokens_details":[],"completion_tokens_details":"none","server_tool_use":null`)},
		{Name: "DetailsBeyondBigint", Books: BooksFigure, body: costed(
			`"prompt_tokens_details":{"cached_tokens":1e30},"completion_tokens_details":{"reasoning_tokens":-7},` +
				`"server_tool_use":{"web_search_requests":9223372036854775807}`)},
		{Name: "TokensAsDecimalsWithoutACost", Books: BooksList, body: counted(
			`"prompt_tokens":<prompt>.0,"completion_tokens":"<completion>"` + search)},
		{Name: "TokensAsWordsWithoutACost", Books: BooksLookup, body: counted(
			`"prompt_tokens":"many","completion_tokens":<completion>` + search)},
		{Name: "TokensBeyondBigintWithoutACost", Books: BooksLookup, body: counted(
			`"prompt_tokens":<prompt>,"completion_tokens":9223372036854775808` + search)},
		{Name: "TokensAtTheEndOfBigintWithoutACost", Books: BooksLookup, body: counted(
			`"prompt_tokens":9223372036854775807,"completion_tokens":<completion>` + search)},
		{Name: "TokensNegativeWithoutACost", Books: BooksLookup, body: counted(
			`"prompt_tokens":<prompt>,"completion_tokens":-1` + search)},
		{Name: "MoreCachedThanPromptWithoutACost", Books: BooksLookup, body: counted(
			tokens3 + `,"prompt_tokens_details":{"cached_tokens":1000000}`)},
		{Name: "DetailsOfNoKindWithoutACost", Books: BooksLookup, body: counted(
			tokens3 + `,"prompt_tokens_details":"none"`)},
	}
}

// costVariants carry the cost in other shapes.
func costVariants() []Variant {
	costing := func(cost string) string { return beginning + bill(usage(`"cost":`+cost)) + done }
	return []Variant{
		{Name: "CostAsText", Books: BooksFigure, body: costing(`"<cost>"`)},
		{Name: "CostAsTextWithSpaces", Books: BooksFigure, body: costing(`" <decimal> "`)},
		{Name: "CostAsADecimal", Books: BooksFigure, body: costing(`<decimal>`)},
		{Name: "CostWithManyZeros", Books: BooksFigure, body: costing(`<decimal>` + strings.Repeat("0", 60))},
		{Name: "CostWithAPositiveExponent", Books: BooksFigure, body: costing(`<decimal>E+0`)},
		{Name: "CostInEscapes", Books: BooksFigure, body: costing(`"\u0030` + `<decimal>"`)},
		{Name: "CostNull", Books: BooksList, body: costing(`null`)},
		{Name: "CostNegative", Books: BooksLookup, body: costing(`-<decimal>`)},
		{Name: "CostAsAWord", Books: BooksLookup, body: costing(`"free"`)},
		{Name: "CostWithASign", Books: BooksLookup, body: costing(`"$<interim>"`)},
		{Name: "CostEmpty", Books: BooksLookup, body: costing(`""`)},
		{Name: "CostTrue", Books: BooksLookup, body: costing(`true`)},
		{Name: "CostAsAnObject", Books: BooksLookup, body: costing(`{"total":<interim>}`)},
		{Name: "CostAsAList", Books: BooksLookup, body: costing(`[<interim>]`)},
		{Name: "CostTooLarge", Books: BooksLookup, body: costing(`1e300`)},
		{Name: "CostAboveAllCalls", Books: BooksLookup, body: costing(`9000000`)},
		{Name: "CostOfAThousandDigits", Books: BooksLookup, body: costing(`0.` + strings.Repeat("1", 1000))},
	}
}

// keyVariants are answers that an upstream provider charges to a key of the organization's own.
func keyVariants() []Variant {
	paid := func(figures ...string) string { return beginning + bill(usage(figures...)) + done }
	const upstream = `"cost_details":{"upstream_inference_cost":<upstream>}`
	return []Variant{
		{Name: "OwnKey", Books: BooksFigure, ownKey: true, body: paid(`"cost":0`, `"is_byok":true`, upstream)},
		{
			Name: "OwnKeyWithAFee", Books: BooksFigure, ownKey: true, withFee: true,
			body: paid(`"cost":<fee>`, `"is_byok":true`, upstream),
		},
		{
			Name: "OwnKeyAsText", Books: BooksFigure, ownKey: true, withFee: true,
			body: paid(`"cost":"<fee>"`, `"is_byok":"true"`, `"cost_details":{"upstream_inference_cost":"<upstream>"}`),
		},
		{
			Name: "OwnKeyThatIsNotSaid", Books: BooksFigure, ownKey: true, withFee: true,
			body: paid(`"cost":<fee>`, upstream),
		},
		{
			Name: "OwnKeyWithoutACost", Books: BooksLookup, ownKey: true,
			body: paid(`"is_byok":true`, upstream),
		},
		{
			Name: "OwnKeyWithoutTheUpstreamsCost", Books: BooksLookup, ownKey: true,
			body: paid(`"cost":0`, `"is_byok":true`, `"cost_details":{"upstream_inference_cost":null}`),
		},
		{
			Name: "OwnKeyWithAnOddCostUpstream", Books: BooksLookup, ownKey: true, withFee: true,
			body: paid(`"cost":<fee>`, `"is_byok":true`, `"cost_details":{"upstream_inference_cost":"some"}`),
		},
		{
			Name: "OwnKeyWithDetailsOfNoKind", Books: BooksLookup, ownKey: true,
			body: paid(`"cost":0`, `"is_byok":true`, `"cost_details":"none"`),
		},
		{
			Name: "OwnKeyAndCut", Books: BooksLookup, Failed: true, ownKey: true, withFee: true, end: endsCut,
			body: words("<first>", usage(`"cost":0`, `"is_byok":true`)),
		},
		{Name: "UpstreamsCostOfTheProvidersKey", Books: BooksFigure, body: paid(
			`"cost":<cost>`, `"is_byok":false`, `"cost_details":{"upstream_inference_cost":<cost>}`)},
		{Name: "UpstreamsCostWithoutAWordOfTheKey", Books: BooksFigure, body: paid(
			`"cost":<cost>`, `"cost_details":{"upstream_inference_cost":<interim>}`)},
		{Name: "UpstreamsOddCostOfTheProvidersKey", Books: BooksFigure, body: paid(
			`"cost":<cost>`, `"is_byok":false`, `"cost_details":{"upstream_inference_cost":"some"}`)},
	}
}

// lookupVariants are cut, so that the look-up decides; it has the shape that differs.
func lookupVariants() []Variant {
	cut := func(name string, books Booking, fields ...string) Variant {
		return Variant{
			Name: "LookUp" + name, Books: books, Failed: true, end: endsCut, body: words("<first>", interim),
			generation: `{"data":{` + strings.Join(fields, ",") + `}}`,
		}
	}
	const id, model, total = `"id":"<id>"`, `"model":"<model>"`, `"total_cost":<cost>`
	own := cut("OfOwnKey", BooksLookup, id, model, `"total_cost":0`, `"is_byok":true`,
		`"upstream_inference_cost":<upstream>`)
	own.ownKey = true
	fee := cut("OfOwnKeyWithAFee", BooksLookup, id, model, `"total_cost":<fee>`, `"is_byok":1`,
		`"upstream_inference_cost":"<upstream>"`)
	fee.ownKey, fee.withFee = true, true
	unsaid := cut("OfOwnKeyThatIsNotSaid", BooksLookup, id, model, `"total_cost":<fee>`,
		`"upstream_inference_cost":<upstream>`)
	unsaid.ownKey, unsaid.withFee = true, true
	without := cut("OfOwnKeyWithoutTheUpstreamsCost", BooksHold, id, model, `"total_cost":0`, `"is_byok":true`)
	without.ownKey = true
	number := cut("OfANumber", BooksLookup, `"id":<id>`, model, total)
	number.NumericID, number.headers = true, noHeaderID
	number.body = event(`"id":<id>`, `"model":"<model>"`, interim)
	return []Variant{
		own, fee, unsaid, without, number,
		cut("AsText", BooksLookup, id, model, `"total_cost":"<decimal>"`),
		cut("WithoutItsID", BooksLookup, `"id":null`, model, total),
		cut("OfAnother", BooksHold, `"id":"gen-another"`, model, total),
		cut("WithoutACost", BooksHold, id, model, `"total_cost":null`),
		cut("OfANegativeCost", BooksHold, id, model, `"total_cost":-<decimal>`),
		cut("OfACostAboveAllCalls", BooksHold, id, model, `"total_cost":9000000`),
		cut("WithTokensOfNoKind", BooksLookup, id, model, total, `"native_tokens_prompt":1e300`,
			`"native_tokens_completion":"many"`, `"tokens_prompt":-1`, `"native_tokens_cached":9223372036854775807`,
			`"num_search_results":[]`, `"cancelled":"false"`),
		cut("WithOddNames", BooksLookup, id, total, `"model":"\u0000`+noise(9000)+`"`,
			`"provider_name":{"a":"\u0000"}`),
		cut("NotInUTF8", BooksLookup, id, total, "\"model\":\"<model>\xff\"", "\"provider_name\":\"\xff\x00\""),
		cut("WithoutAModel", BooksLookup, id, total, `"error":null`),
	}
}
