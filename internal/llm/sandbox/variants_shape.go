package sandbox

import "strings"

// framingVariants differ in line ends, fields, compression and content type.
func framingVariants() []Variant {
	plain := usual(final)
	interimBody := strings.Replace(wholeBody, final, interim, 1)
	return []Variant{
		figure("LinesEndWithCRLF", strings.ReplaceAll(plain, "\n", "\r\n")),
		figure("LinesEndWithCR", strings.ReplaceAll(plain, "\n", "\r")),
		figure("LinesEndInAllWays", strings.ReplaceAll(
			words("<first>"), "\n", "\r")+strings.ReplaceAll(words("<rest>"), "\n", "\r\n")+rest),
		figure("ByteByByte", plain).slow(),
		figure("ByteByByteWithCRLF", strings.ReplaceAll(plain, "\n", "\r\n")).slow(),
		figure("AByteOrderMark", "\ufeff"+text+rest),
		figure("BlankLinesFirst", "\n\n\r\n"+plain),
		figure("CommentsEverywhere", strings.ReplaceAll(plain, "data:", ": keep alive\n:\ndata:")),
		figure("NoSpaceAfterTheColon", strings.ReplaceAll(plain, "data: ", "data:")),
		figure("DataInManyLines", strings.ReplaceAll(plain, `,"`, ",\ndata: \"")),
		figure("FieldsBesideData", strings.ReplaceAll(plain, "data:", "id: 7\nevent: message\nretry: 10\nnonsense\ndata:")),
		figure("EventsOfOtherKinds", "event: ping\ndata: {\"type\":\"ping\"}\n\n"+beginning+
			"event: ping\ndata: {}\n\n"+bill(final)+"data: null\n\ndata: \"ping\"\n\ndata: 7\n\ndata:\n\n"+done),
		figure("ZippedStream", plain).zipped(),
		figure("ZippedBody", wholeBody).headed(asJSON).zipped(),
		figure("NotAStream", wholeBody).headed(asJSON),
		lookUp("NotAStreamAndGarbageAfterIt", interimBody+"}garbage").headed(asJSON),
		lookUp("NotAStreamTwice", interimBody+wholeBody).headed(asJSON),
		lookUp("NotAStreamAndCut", strings.TrimSuffix(interimBody, "}")).headed(asJSON).cut().fails(),
		figure("NotAStreamUnderItsName", wholeBody),
		figure("AStreamAsText", plain).headed(asText),
		figure("AStreamAsJSON", plain).headed(asJSON),
		figure("AStreamWithoutAType", plain).headed(untyped),
		lookUp("AHugeLine", text+": "+strings.Repeat("x", 2<<20)+"\n\n"+stop()+bill(interim)+done).fails(),
		figure("AHugeText", text+strings.Repeat(words(strings.Repeat("x", 1000)), 300)+rest).fails(),
		figure("AnEventThatIsNoJSON", words("<first>")+"data: {\"choices\":[}\n\n"+words("<rest>")+
			stop()+bill(final)+done).fails(),
		lookUp("AnEventThatIsNoJSONAtTheEnd", beginning+bill(interim)+"data: {\"usage\":}\n\n"+done).fails(),
		lookUp("AnEventThatIsAList", beginning+bill(interim)+"data: [{\"usage\":{\"cost\":1}}]\n\n"+done).fails(),
		lookUp("NotANumberBesideTheCost", usual(usage(`"cost":<interim>`, `"seconds":NaN`))).fails(),
		figure("ControlCharactersAsTheyAre", strings.ReplaceAll(plain, "<provider>", "sand\x00box\t\x01")),
		figure("DeepNonsense", usual(final, `"nonsense":`+
			strings.Repeat(`[{"a":`, 500)+"1"+strings.Repeat("}]", 500))),
	}
}

// textVariants differ in the shape of the text and the finish reason.
func textVariants() []Variant {
	content := func(value string) string {
		return event(common, `"choices":[{"index":0,"delta":{"content":`+value+`},"finish_reason":null}]`)
	}
	return []Variant{
		figure("TextAsParts", content(
			`[{"type":"text","text":"<first>"},{"type":"text","text":"<rest>"}]`)+rest),
		figure("TextAsPartsOfManyKinds", content(
			`["<first>",{"type":"reasoning","text":"hm"},{"type":"image_url","image_url":{}},null]`)+
			content(`[{"type":"text","text":"<rest>"}]`)+rest),
		figure("TextAsAnObject", content(`{"type":"text","text":"<first><rest>"}`)+rest),
		figure("TextAsANumber", text+content(`7`)+rest).fails(),
		figure("TextNull", text+content(`null`)+rest),
		figure("TextInAMessageBesideTheDelta", event(common,
			`"choices":[{"delta":{"content":"<first>"},"message":{"content":"<first>"}}]`)+event(common,
			`"choices":[{"delta":{"content":"<rest>"},"message":{"content":"<first><rest>"}}]`)+rest),
		figure("TextInAMessageOnly", event(common,
			`"choices":[{"message":{"content":"<first><rest>"},"finish_reason":"stop"}]`)+bill(final)+done),
		figure("DeltaAsText", event(common, `"choices":[{"delta":"<first>"}]`)+rest).fails(),
		figure("ChoicesNull", text+stop()+event(common, `"choices":null`, final)+done),
		figure("ChoicesMissing", text+stop()+event(common, final)+done),
		figure("ChoicesAsAnObject", text+stop()+event(common, `"choices":{}`, final)+done),
		figure("FinishReasonAsAnObject", text+finish(`{"type":"stop"}`)+bill(final)+done),
		figure("FinishReasonAsANumber", text+finish(`1`)+bill(final)+done),
		lookUp("FinishReasonEmptyBefore", text+finish(`""`)+bill(interim)+done).fails(),
		figure("FinishReasonInOtherLetters", text+finish(`"STOP"`)+bill(final)+done),
	}
}

// nameVariants have odd ids and names.
func nameVariants() []Variant {
	with := func(field, value string) string {
		return strings.ReplaceAll(usual(final), `"`+field+`":"<`+field+`>"`, `"`+field+`":`+value)
	}
	huge := `"` + noise(9000) + `"`
	return []Variant{
		figure("IDAsANumber", with("id", `<id>`)).numbered(),
		lookUp("IDAsANumberAndCut", event(`"id":<id>`, `"model":"<model>"`, interim)).cut().numbered().fails(),
		figure("IDNull", with("id", `null`)),
		figure("IDAsAnObject", with("id", `{"a":1}`)).headed(noHeaderID),
		figure("IDOfItsOwnInTheEvents", with("id", `"chatcmpl-1"`)),
		figure("IDHuge", with("id", huge)).headed(noHeaderID),
		figure("IDWithNUL", with("id", `"gen\u0000-1"`)).headed(noHeaderID),
		figure("IDNotInUTF8", with("id", "\"gen\xff\"")).headed(noHeaderID),
		figure("IDHugeInTheHeader", usual(final)).headed(map[string]string{"X-Generation-Id": noise(9000)}),
		figure("ModelWithNUL", with("model", `"<model>\u0000"`)).fails(),
		figure("ModelHuge", with("model", huge)).fails(),
		figure("ModelNotInUTF8", with("model", "\"<model>\xff\"")).fails(),
		figure("ModelAsAList", with("model", `["<model>"]`)).fails(),
		figure("ModelNull", with("model", `null`)).fails(),
		figure("ProviderWithNUL", with("provider", `"sand\u0000box"`)),
		figure("ProviderHuge", with("provider", huge)),
		figure("ProviderNotInUTF8", with("provider", "\"\xffbox\"")),
		figure("ProviderOfHalfACharacter", with("provider", `"\ud83d"`)),
		figure("ProviderAsAnObject", with("provider", `{"name":"x"}`)),
		figure("ProviderOfControlCharacters", with("provider", `"\u202e\u0007\u001b[31m\u2028"`)),
	}
}
