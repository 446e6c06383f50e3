package sandbox

import "strings"

// framingVariants carry the same events in other frames.
func framingVariants() []Variant {
	usual := beginning + bill(final) + done
	return []Variant{
		{Name: "LinesEndWithCRLF", Books: BooksFigure, body: strings.ReplaceAll(usual, "\n", "\r\n")},
		{Name: "LinesEndWithCR", Books: BooksFigure, body: strings.ReplaceAll(usual, "\n", "\r")},
		{Name: "LinesEndInAllWays", Books: BooksFigure, body: strings.ReplaceAll(
			words("<first>"), "\n", "\r") + strings.ReplaceAll(words("<rest>"), "\n", "\r\n") + stop() + bill(final) + done},
		{Name: "ByteByByte", Books: BooksFigure, bytewise: true, body: usual},
		{Name: "ByteByByteWithCRLF", Books: BooksFigure, bytewise: true, body: strings.ReplaceAll(usual, "\n", "\r\n")},
		{Name: "AByteOrderMark", Books: BooksFigure, body: "\ufeff" + text + stop() + bill(final) + done},
		{Name: "BlankLinesFirst", Books: BooksFigure, body: "\n\n\r\n" + usual},
		{Name: "CommentsEverywhere", Books: BooksFigure, body: strings.ReplaceAll(usual, "data:", ": keep alive\n:\ndata:")},
		{Name: "NoSpaceAfterTheColon", Books: BooksFigure, body: strings.ReplaceAll(usual, "data: ", "data:")},
		{Name: "DataInManyLines", Books: BooksFigure, body: strings.ReplaceAll(usual, `,"`, ",\ndata: \"")},
		{Name: "FieldsBesideData", Books: BooksFigure, body: strings.ReplaceAll(
			usual, "data:", "id: 7\nevent: message\nretry: 10\nnonsense\ndata:")},
		{
			Name: "EventsOfOtherKinds", Books: BooksFigure,
			body: "event: ping\ndata: {\"type\":\"ping\"}\n\n" + beginning + "event: ping\ndata: {}\n\n" + bill(final) +
				"data: null\n\ndata: \"ping\"\n\ndata: 7\n\ndata:\n\n" + done,
		},
		{Name: "ZippedStream", Books: BooksFigure, gzip: true, body: usual},
		{Name: "ZippedBody", Books: BooksFigure, gzip: true, headers: asJSON, body: wholeBody},
		{Name: "NotAStream", Books: BooksFigure, headers: asJSON, body: wholeBody},
		{Name: "NotAStreamAndGarbageAfterIt", Books: BooksLookup, headers: asJSON, body: strings.Replace(
			wholeBody, final, interim, 1) + "}garbage"},
		{Name: "NotAStreamTwice", Books: BooksLookup, headers: asJSON, body: strings.Replace(
			wholeBody, final, interim, 1) + wholeBody},
		{Name: "NotAStreamAndCut", Books: BooksLookup, Failed: true, headers: asJSON, end: endsCut, body: strings.Replace(
			strings.TrimSuffix(wholeBody, "}"), final, interim, 1)},
		{Name: "NotAStreamUnderItsName", Books: BooksFigure, body: wholeBody},
		{Name: "AStreamAsText", Books: BooksFigure, headers: map[string]string{"Content-Type": "text/plain"}, body: usual},
		{Name: "AStreamAsJSON", Books: BooksFigure, headers: asJSON, body: usual},
		{Name: "AStreamWithoutAType", Books: BooksFigure, headers: map[string]string{"Content-Type": ""}, body: usual},
		{
			Name: "AHugeLine", Books: BooksLookup, Failed: true,
			body: text + ": " + strings.Repeat("x", 2<<20) + "\n\n" + stop() + bill(interim) + done,
		},
		{Name: "AHugeText", Books: BooksFigure, Failed: true, body: text + strings.Repeat(
			words(strings.Repeat("x", 1000)), 300) + stop() + bill(final) + done},
		{
			Name: "AnEventThatIsNoJSON", Books: BooksFigure, Failed: true,
			body: words("<first>") + "data: {\"choices\":[}\n\n" + words("<rest>") + stop() + bill(final) + done,
		},
		{
			Name: "AnEventThatIsNoJSONAtTheEnd", Books: BooksLookup, Failed: true,
			body: beginning + bill(interim) + "data: {\"usage\":}\n\n" + done,
		},
		{
			Name: "AnEventThatIsAList", Books: BooksLookup, Failed: true,
			body: beginning + bill(interim) + "data: [{\"usage\":{\"cost\":1}}]\n\n" + done,
		},
		{Name: "NotANumberBesideTheCost", Books: BooksLookup, Failed: true, body: beginning + bill(
			usage(`"cost":<interim>`, `"seconds":NaN`)) + done},
		{Name: "ControlCharactersAsTheyAre", Books: BooksFigure, body: strings.ReplaceAll(
			usual, "<provider>", "sand\x00box\t\x01")},
		{Name: "DeepNonsense", Books: BooksFigure, body: beginning + bill(final, `"nonsense":`+
			strings.Repeat(`[{"a":`, 500)+"1"+strings.Repeat("}]", 500)) + done},
	}
}

// textVariants carry the text and its end in other shapes.
func textVariants() []Variant {
	usualEnd := stop() + bill(final) + done
	content := func(value string) string {
		return event(common, `"choices":[{"index":0,"delta":{"content":`+value+`},"finish_reason":null}]`)
	}
	return []Variant{
		{Name: "TextAsParts", Books: BooksFigure, body: content(
			`[{"type":"text","text":"<first>"},{"type":"text","text":"<rest>"}]`) + usualEnd},
		{Name: "TextAsPartsOfManyKinds", Books: BooksFigure, body: content(
			`["<first>",{"type":"reasoning","text":"hm"},{"type":"image_url","image_url":{}},null]`) +
			content(`[{"type":"text","text":"<rest>"}]`) + usualEnd},
		{Name: "TextAsAnObject", Books: BooksFigure, body: content(`{"type":"text","text":"<first><rest>"}`) + usualEnd},
		{Name: "TextAsANumber", Books: BooksFigure, Failed: true, body: text + content(`7`) + usualEnd},
		{Name: "TextNull", Books: BooksFigure, body: text + content(`null`) + usualEnd},
		{Name: "TextInAMessageBesideTheDelta", Books: BooksFigure, body: event(common,
			`"choices":[{"delta":{"content":"<first>"},"message":{"content":"<first>"}}]`) + event(common,
			`"choices":[{"delta":{"content":"<rest>"},"message":{"content":"<first><rest>"}}]`) + usualEnd},
		{Name: "TextInAMessageOnly", Books: BooksFigure, body: event(common,
			`"choices":[{"message":{"content":"<first><rest>"},"finish_reason":"stop"}]`) + bill(final) + done},
		{Name: "DeltaAsText", Books: BooksFigure, Failed: true, body: event(common, `"choices":[{"delta":"<first>"}]`) + usualEnd},
		{Name: "ChoicesNull", Books: BooksFigure, body: text + stop() + event(common, `"choices":null`, final) + done},
		{Name: "ChoicesMissing", Books: BooksFigure, body: text + stop() + event(common, final) + done},
		{Name: "ChoicesAsAnObject", Books: BooksFigure, body: text + stop() + event(common, `"choices":{}`, final) + done},
		{Name: "FinishReasonAsAnObject", Books: BooksFigure, body: text + finish(`{"type":"stop"}`) + bill(final) + done},
		{Name: "FinishReasonAsANumber", Books: BooksFigure, body: text + finish(`1`) + bill(final) + done},
		{Name: "FinishReasonEmptyBefore", Books: BooksLookup, Failed: true, body: text + finish(`""`) + bill(interim) + done},
		{Name: "FinishReasonInOtherLetters", Books: BooksFigure, body: text + finish(`"STOP"`) + bill(final) + done},
	}
}

// nameVariants carry odd ids and names.
func nameVariants() []Variant {
	with := func(field, value string) string {
		from := map[string]string{
			"id": `"id":"<id>"`, "model": `"model":"<model>"`, "provider": `"provider":"<provider>"`,
		}[field]
		return strings.ReplaceAll(beginning+bill(final)+done, from, `"`+field+`":`+value)
	}
	huge := `"` + noise(9000) + `"`
	return []Variant{
		{Name: "IDAsANumber", Books: BooksFigure, headers: noHeaderID, NumericID: true, body: with("id", `<id>`)},
		{
			Name: "IDAsANumberAndCut", Books: BooksLookup, Failed: true, headers: noHeaderID, NumericID: true,
			end: endsCut, body: event(`"id":<id>`, `"model":"<model>"`, interim),
		},
		{Name: "IDNull", Books: BooksFigure, body: with("id", `null`)},
		{Name: "IDAsAnObject", Books: BooksFigure, headers: noHeaderID, body: with("id", `{"a":1}`)},
		{Name: "IDOfItsOwnInTheEvents", Books: BooksFigure, body: with("id", `"chatcmpl-1"`)},
		{Name: "IDHuge", Books: BooksFigure, headers: noHeaderID, body: with("id", huge)},
		{Name: "IDWithNUL", Books: BooksFigure, headers: noHeaderID, body: with("id", `"gen\u0000-1"`)},
		{Name: "IDNotInUTF8", Books: BooksFigure, headers: noHeaderID, body: with("id", "\"gen\xff\"")},
		{Name: "IDHugeInTheHeader", Books: BooksFigure, headers: map[string]string{
			"X-Generation-Id": noise(9000),
		}, body: beginning + bill(final) + done},
		{Name: "ModelWithNUL", Books: BooksFigure, Failed: true, body: with("model", `"<model>\u0000"`)},
		{Name: "ModelHuge", Books: BooksFigure, Failed: true, body: with("model", huge)},
		{Name: "ModelNotInUTF8", Books: BooksFigure, Failed: true, body: with("model", "\"<model>\xff\"")},
		{Name: "ModelAsAList", Books: BooksFigure, Failed: true, body: with("model", `["<model>"]`)},
		{Name: "ModelNull", Books: BooksFigure, Failed: true, body: with("model", `null`)},
		{Name: "ProviderWithNUL", Books: BooksFigure, body: with("provider", `"sand\u0000box"`)},
		{Name: "ProviderHuge", Books: BooksFigure, body: with("provider", huge)},
		{Name: "ProviderNotInUTF8", Books: BooksFigure, body: with("provider", "\"\xffbox\"")},
		{Name: "ProviderOfHalfACharacter", Books: BooksFigure, body: with("provider", `"\ud83d"`)},
		{Name: "ProviderAsAnObject", Books: BooksFigure, body: with("provider", `{"name":"x"}`)},
		{Name: "ProviderOfControlCharacters", Books: BooksFigure, body: with("provider", `"\u202e\u0007\u001b[31m\u2028"`)},
	}
}
