package sandbox

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// variant is a form of an answer on the wire.
type variant struct {
	// free says that the task is charged nothing, absent that there is no task in the books.
	free, absent bool
	write        func(body map[string]any) (status int, text string)
}

// Variants returns the names of all variants, in order.
func Variants() []string { return slices.Sorted(maps.Keys(variants())) }

func variants() map[string]variant {
	all := map[string]variant{}
	for _, some := range []map[string]variant{figureVariants(), shapeVariants(), failureVariants(), refusalVariants()} {
		maps.Copy(all, some)
	}
	return all
}

// edited returns a variant whose envelope and task are changed before they are written.
func edited(edit func(envelope, task map[string]any)) variant {
	return variant{write: func(body map[string]any) (int, string) {
		task, _ := body["tasks"].([]any)[0].(map[string]any)
		edit(body, task)
		return http.StatusOK, text(body)
	}}
}

// rewritten returns a variant whose text is changed.
func rewritten(rewrite func(text string) string) variant {
	return variant{write: func(body map[string]any) (int, string) { return http.StatusOK, rewrite(text(body)) }}
}

func text(body any) string {
	var b bytes.Buffer
	_ = json.NewEncoder(&b).Encode(body) // Maps of strings and numbers can always be written.
	return strings.TrimSpace(b.String())
}

// costs sets the cost of the envelope and of the task; nil removes it.
func costs(envelope, task any) variant {
	return edited(func(e, t map[string]any) {
		for _, of := range []struct {
			members map[string]any
			to      any
		}{{e, envelope}, {t, task}} {
			switch of.to {
			case keep:
			case nil:
				delete(of.members, "cost")
			default:
				of.members["cost"] = of.to
			}
		}
	})
}

// keep leaves a cost as it is.
const keep = "keep"

// figureVariants write the cost and the codes in other ways.
func figureVariants() map[string]variant {
	quoted := edited(func(e, t map[string]any) {
		for _, of := range []map[string]any{e, t} {
			number, _ := of["cost"].(json.Number)
			of["cost"] = number.String()
		}
	})
	zeros := edited(func(e, t map[string]any) {
		for _, of := range []map[string]any{e, t} {
			number, _ := of["cost"].(json.Number)
			of["cost"] = json.Number(number.String() + "0000")
		}
	})
	exponent := edited(func(e, t map[string]any) {
		for _, of := range []map[string]any{e, t} {
			number, _ := of["cost"].(json.Number)
			of["cost"] = json.Number(number.String() + "E+0")
		}
	})
	return map[string]variant{
		"cost/quoted":     quoted,
		"cost/zeros":      zeros,
		"cost/exponent":   exponent,
		"cost/noneAbove":  costs(nil, keep),
		"cost/textAbove":  costs("free", keep),
		"cost/zeroAbove":  costs(0, keep),
		"cost/moreAbove":  costs(json.Number("1"), keep),
		"cost/noneInTask": costs(keep, nil),
		"cost/nowhere":    costs(nil, nil),
		"cost/nullInTask": costs(keep, json.RawMessage("null")),
		"cost/negative":   costs(json.Number("-1"), json.Number("-1")),
		"cost/huge":       costs(json.Number("1e30"), json.Number("1e30")),
		"cost/text":       costs("cheap", "cheap"),
		"cost/object":     costs(map[string]any{"usd": 1}, map[string]any{"usd": 1}),
		"cost/notANumber": rewritten(func(s string) string {
			return strings.ReplaceAll(s, `"cost":0.`, `"cost":NaN,"x":0.`)
		}),
		"code/decimal": edited(func(e, t map[string]any) {
			e["status_code"], t["status_code"] = json.Number("20000.0"), json.Number("2e4")
		}),
		"code/quoted":         edited(func(e, t map[string]any) { e["status_code"], t["status_code"] = "20000", "20000" }),
		"code/none":           edited(func(e, _ map[string]any) { delete(e, "status_code") }),
		"code/noneInTask":     edited(func(_, t map[string]any) { delete(t, "status_code") }),
		"code/unheardOf":      edited(func(_, t map[string]any) { t["status_code"] = 20100 }),
		"count/tasksErrorLie": edited(func(e, _ map[string]any) { e["tasks_error"], e["tasks_count"] = 7, 9 }),
	}
}

// shapeVariants have other types, or text that is no JSON.
func shapeVariants() map[string]variant {
	result := func(to any) variant { return edited(func(_, t map[string]any) { t["result"] = to }) }
	items := func(to any) variant {
		return edited(func(_, t map[string]any) {
			first, _ := t["result"].([]any)[0].(map[string]any)
			first["items"] = to
		})
	}
	return map[string]variant{
		"tag/none":             edited(func(_, t map[string]any) { delete(t, "data") }),
		"tag/null":             edited(func(_, t map[string]any) { t["data"] = nil }),
		"tag/ofAnother":        edited(func(_, t map[string]any) { t["data"] = map[string]any{"tag": "call_of_another"} }),
		"result/null":          result(nil),
		"result/empty":         result([]any{}),
		"result/number":        result(5),
		"result/text":          result("none"),
		"items/null":           items(nil),
		"items/text":           items("none"),
		"items/object":         items(map[string]any{"keyword": "x"}),
		"items/garbage":        items([]any{nil, 1, "x", []any{}, map[string]any{}, map[string]any{"keyword_data": 7}}),
		"items/hostile":        items([]any{map[string]any{"keyword_data": hostile()}}),
		"tasks/two":            edited(func(e, t map[string]any) { e["tasks"] = []any{t, t} }),
		"tasks/object":         edited(func(e, t map[string]any) { e["tasks"] = t }),
		"tasks/null":           edited(func(e, _ map[string]any) { e["tasks"] = nil }),
		"tasks/empty":          edited(func(e, _ map[string]any) { e["tasks"] = []any{} }),
		"tasks/ofNull":         edited(func(e, _ map[string]any) { e["tasks"] = []any{nil} }),
		"text/truncated":       rewritten(func(s string) string { return s[:len(s)-2] }),
		"text/empty":           rewritten(func(string) string { return "" }),
		"text/null":            rewritten(func(string) string { return "null" }),
		"text/list":            rewritten(func(s string) string { return "[" + s + "]" }),
		"text/twice":           rewritten(func(s string) string { return s + s }),
		"text/html":            rewritten(func(string) string { return "<!doctype html><title>OK</title>" }),
		"text/byteOrderMark":   rewritten(func(s string) string { return "\ufeff" + s }),
		"text/spaces":          rewritten(func(s string) string { return "\n\t " + s + " \n" }),
		"text/lineBreakInside": rewritten(func(s string) string { return strings.Replace(s, "Ok.", "O\nk.", 1) }),
		"text/invalidUTF8":     rewritten(func(s string) string { return strings.Replace(s, "Ok.", "O\xffk.", 1) }),
		"text/nested":          rewritten(func(s string) string { return strings.Repeat(`{"x":`, 20_000) + s }),
		"text/tooLarge":        rewritten(func(s string) string { return strings.Repeat(" ", 9<<20) + s }),
		"text/unknownMembers": edited(func(e, t map[string]any) {
			e["new"], t["new"] = []any{1, nil}, map[string]any{"a": "b"}
		}),
		"text/noVersion":        edited(func(e, _ map[string]any) { delete(e, "version") }),
		"text/idOfAnotherShape": edited(func(_, t map[string]any) { t["id"] = map[string]any{} }),
	}
}

// hostile is the data of a keyword with values that must not be kept as they are.
func hostile() map[string]any {
	return map[string]any{
		"keyword": "a\x00b\u202e\n" + strings.Repeat("é", 5000),
		"keyword_info": map[string]any{
			"search_volume": json.Number("1e300"), "cpc": json.Number("-5"),
		},
		"keyword_properties": map[string]any{
			"keyword_difficulty": 1000, "detected_language": strings.Repeat("x", 1000), "is_another_language": "maybe",
		},
		"search_intent_info": []any{"commercial"},
	}
}

// failureVariants fail after the work, or say so.
func failureVariants() map[string]variant {
	status := func(code int, of func(body map[string]any) string) variant {
		return variant{write: func(body map[string]any) (int, string) { return code, of(body) }}
	}
	whole := func(body map[string]any) string { return text(body) }
	page := func(map[string]any) string { return "<h1>Bad gateway</h1>" }
	failed := func(code int, cost any) variant {
		return edited(func(_, t map[string]any) {
			t["status_code"], t["status_message"], t["result"] = code, "It failed.", nil
			if cost == nil {
				delete(t, "cost")
			}
		})
	}
	free := failed(50000, keep)
	free.free = true
	freeUnsaid := failed(40501, nil)
	freeUnsaid.free = true
	return map[string]variant{
		"status/500":            status(500, page),
		"status/500WithAnswer":  status(500, whole),
		"status/502":            status(502, page),
		"status/503WithAnswer":  status(503, whole),
		"status/302":            status(302, page),
		"status/204":            status(204, func(map[string]any) string { return "" }),
		"status/408WithAnswer":  status(408, whole),
		"status/404WithAnswer":  status(404, whole),
		"task/failedCharged":    failed(40501, keep),
		"task/timeoutCharged":   failed(50401, keep),
		"task/failedFree":       free,
		"task/failedUnsaid":     failed(40101, nil),
		"task/failedFreeUnsaid": freeUnsaid,
		"above/failed":          edited(func(e, _ map[string]any) { e["status_code"] = 40103 }),
		"above/failedNoTask":    edited(func(e, _ map[string]any) { e["status_code"], e["tasks"] = 40103, nil }),
		"above/internalNoTask": edited(func(e, _ map[string]any) {
			e["status_code"], e["tasks"], e["cost"] = 50000, nil, 0
		}),
	}
}

// refusalVariants begin no task.
func refusalVariants() map[string]variant {
	refusal := func(status int, members map[string]any) variant {
		return variant{absent: true, write: func(map[string]any) (int, string) { return status, text(members) }}
	}
	said := func(code int) map[string]any {
		return map[string]any{
			"status_code": code, "status_message": "Refused.", "cost": 0, "tasks_count": 0, "tasks": nil,
		}
	}
	return map[string]variant{
		"refused/40100":        refusal(401, said(40100)),
		"refused/40200":        refusal(402, said(40200)),
		"refused/40202":        refusal(200, said(40202)),
		"refused/40209":        refusal(429, said(40209)),
		"refused/40501":        refusal(200, said(40501)),
		"refused/noCost":       refusal(401, map[string]any{"status_code": 40100, "tasks": nil}),
		"refused/emptyTasks":   refusal(200, map[string]any{"status_code": 40503, "cost": 0, "tasks": []any{}}),
		"refused/byAGateway":   refusal(401, map[string]any{"error": "unauthorized"}),
		"refused/internal":     refusal(200, said(50000)),
		"refused/notAvailable": refusal(503, said(50301)),
	}
}
