package sandbox

import "strings"

// tokenVariants have odd token counts, with and without a cost.
func tokenVariants() []Variant {
	counted := func(counts string) string { return usual(`"usage":{` + counts + `}`) }
	costed := func(counts string) string { return counted(counts + `,"cost":<cost>`) }
	const search = `,"server_tool_use":{"web_search_requests":<searches>}`
	return []Variant{
		figure("TokensAsDecimals", costed(`"prompt_tokens":400.0,"completion_tokens":4e2`)),
		figure("TokensAsText", costed(`"prompt_tokens":"400","completion_tokens":"many"`)),
		figure("TokensBeyondBigint", costed(
			`"prompt_tokens":9223372036854775808,"completion_tokens":1e300`)),
		figure("TokensAtTheEndOfBigint", costed(
			`"prompt_tokens":9223372036854775807,"completion_tokens":9223372036854775807`)),
		figure("TokensNegative", costed(`"prompt_tokens":-1,"completion_tokens":-2.5`)),
		figure("TokensOfNoKind", costed(
			`"prompt_tokens":null,"completion_tokens":{"n":1},"server_tool_use":true`)),
		figure("DetailsOfNoKind", costed(
			`"prompt_tokens_details":[],"completion_tokens_details":"none","server_tool_use":null`)),
		figure("DetailsBeyondBigint", costed(
			`"prompt_tokens_details":{"cached_tokens":1e30},"completion_tokens_details":{"reasoning_tokens":-7},`+
				`"server_tool_use":{"web_search_requests":9223372036854775807}`)),
		list("TokensAsDecimalsWithoutACost", counted(
			`"prompt_tokens":<prompt>.0,"completion_tokens":"<completion>"`+search)),
		lookUp("TokensAsWordsWithoutACost", counted(
			`"prompt_tokens":"many","completion_tokens":<completion>`+search)),
		lookUp("TokensBeyondBigintWithoutACost", counted(
			`"prompt_tokens":<prompt>,"completion_tokens":9223372036854775808`+search)),
		lookUp("TokensAtTheEndOfBigintWithoutACost", counted(
			`"prompt_tokens":9223372036854775807,"completion_tokens":<completion>`+search)),
		lookUp("TokensNegativeWithoutACost", counted(
			`"prompt_tokens":<prompt>,"completion_tokens":-1`+search)),
		lookUp("MoreCachedThanPromptWithoutACost", counted(
			counts+`,"prompt_tokens_details":{"cached_tokens":1000000}`)),
		lookUp("DetailsOfNoKindWithoutACost", counted(
			counts+`,"prompt_tokens_details":"none"`)),
	}
}

// costVariants differ in the shape of the cost.
func costVariants() []Variant {
	costing := func(cost string) string { return usual(usage(`"cost":` + cost)) }
	return []Variant{
		figure("CostAsText", costing(`"<cost>"`)),
		figure("CostAsTextWithSpaces", costing(`" <decimal> "`)),
		figure("CostAsADecimal", costing(`<decimal>`)),
		figure("CostWithManyZeros", costing(`<decimal>`+strings.Repeat("0", 60))),
		figure("CostWithAPositiveExponent", costing(`<decimal>E+0`)),
		figure("CostInEscapes", costing(`"\u0030`+`<decimal>"`)),
		list("CostNull", costing(`null`)),
		lookUp("CostNegative", costing(`-<decimal>`)),
		lookUp("CostAsAWord", costing(`"free"`)),
		lookUp("CostWithASign", costing(`"$<interim>"`)),
		lookUp("CostEmpty", costing(`""`)),
		lookUp("CostTrue", costing(`true`)),
		lookUp("CostAsAnObject", costing(`{"total":<interim>}`)),
		lookUp("CostAsAList", costing(`[<interim>]`)),
		lookUp("CostTooLarge", costing(`1e300`)),
		lookUp("CostAboveAllCalls", costing(`9000000`)),
		lookUp("CostOfAThousandDigits", costing(`0.`+strings.Repeat("1", 1000))),
	}
}

// keyVariants have charges of an upstream provider.
func keyVariants() []Variant {
	paid := func(figures ...string) string { return usual(usage(figures...)) }
	upstream := func(cost string) string { return `"cost_details":{"upstream_inference_cost":` + cost + `}` }
	return []Variant{
		figure("OwnKey", paid(`"cost":0`, `"is_byok":true`, upstream(`<upstream>`))).byOwnKey(),
		figure("OwnKeyWithAFee", paid(`"cost":<fee>`, `"is_byok":true`, upstream(`<upstream>`))).withFees(),
		figure("OwnKeyAsText", paid(`"cost":"<fee>"`, `"is_byok":"true"`, upstream(`"<upstream>"`))).withFees(),
		figure("OwnKeyThatIsNotSaid", paid(`"cost":<fee>`, upstream(`<upstream>`))).withFees(),
		lookUp("OwnKeyWithoutACost", paid(`"is_byok":true`, upstream(`<upstream>`))).byOwnKey(),
		lookUp("OwnKeyWithoutTheUpstreamsCost", paid(`"cost":0`, `"is_byok":true`, upstream(`null`))).byOwnKey(),
		lookUp("OwnKeyWithAnOddCostUpstream", paid(`"cost":<fee>`, `"is_byok":true`, upstream(`"some"`))).withFees(),
		lookUp("OwnKeyWithDetailsOfNoKind", paid(`"cost":0`, `"is_byok":true`, `"cost_details":"none"`)).byOwnKey(),
		lookUp("OwnKeyAndCut", words("<first>", usage(`"cost":0`, `"is_byok":true`))).cut().withFees().fails(),
		figure("UpstreamsCostOfTheProvidersKey", paid(
			`"cost":<cost>`, `"is_byok":false`, upstream(`<cost>`))),
		figure("UpstreamsCostWithoutAWordOfTheKey", paid(
			`"cost":<cost>`, upstream(`<interim>`))),
		figure("UpstreamsOddCostOfTheProvidersKey", paid(
			`"cost":<cost>`, `"is_byok":false`, upstream(`"some"`))),
	}
}

// lookupVariants are cut and differ in the shape of their look-up.
func lookupVariants() []Variant {
	const id, model, total = `"id":"<id>"`, `"model":"<model>"`, `"total_cost":<cost>`
	cut := words("<first>", interim)
	number := event(`"id":<id>`, `"model":"<model>"`, interim)
	return []Variant{
		lookUp("LookUpOfOwnKey", cut).byOwnKey().
			found(id, model, `"total_cost":0`, `"is_byok":true`, `"upstream_inference_cost":<upstream>`),
		lookUp("LookUpOfOwnKeyWithAFee", cut).withFees().
			found(id, model, `"total_cost":<fee>`, `"is_byok":1`, `"upstream_inference_cost":"<upstream>"`),
		lookUp("LookUpOfOwnKeyThatIsNotSaid", cut).withFees().
			found(id, model, `"total_cost":<fee>`, `"upstream_inference_cost":<upstream>`),
		hold("LookUpOfOwnKeyWithoutTheUpstreamsCost", cut).byOwnKey().
			found(id, model, `"total_cost":0`, `"is_byok":true`),
		lookUp("LookUpOfANumber", number).numbered().found(`"id":<id>`, model, total),
		lookUp("LookUpAsText", cut).found(id, model, `"total_cost":"<decimal>"`),
		lookUp("LookUpWithoutItsID", cut).found(`"id":null`, model, total),
		hold("LookUpOfAnother", cut).found(`"id":"gen-another"`, model, total),
		hold("LookUpWithoutACost", cut).found(id, model, `"total_cost":null`),
		hold("LookUpOfANegativeCost", cut).found(id, model, `"total_cost":-<decimal>`),
		hold("LookUpOfACostAboveAllCalls", cut).found(id, model, `"total_cost":9000000`),
		lookUp("LookUpWithTokensOfNoKind", cut).found(
			id, model, total, `"native_tokens_prompt":1e300`, `"native_tokens_completion":"many"`, `"tokens_prompt":-1`,
			`"native_tokens_cached":9223372036854775807`, `"num_search_results":[]`, `"cancelled":"false"`),
		lookUp("LookUpWithOddNames", cut).found(
			id, total, `"model":"\u0000`+noise(9000)+`"`, `"provider_name":{"a":"\u0000"}`),
		lookUp("LookUpNotInUTF8", cut).found(
			id, total, "\"model\":\"<model>\xff\"", "\"provider_name\":\"\xff\x00\""),
		lookUp("LookUpWithoutAModel", cut).found(id, total, `"error":null`),
	}
}
