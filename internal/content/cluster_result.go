package content

import "slices"

// result turns groups of canonical indexes into the answer. Members are in canonical order, so the first keyword of a
// page and the first page of a topic have the highest score.
func (c *clustering) result(pages, topics [][]int) Clusters {
	var (
		answer  Clusters
		members [][]int // the keywords of each topic
		alone   []int
	)
	for _, topic := range topics {
		if len(topic) == 1 && len(pages[topic[0]]) == 1 {
			alone = append(alone, pages[topic[0]][0])
			continue
		}
		slices.SortFunc(topic, func(a, b int) int { return pages[a][0] - pages[b][0] })
		var built Topic
		var all []int
		for _, page := range topic {
			built.Pages = append(built.Pages, c.page(pages[page]))
			all = append(all, pages[page]...)
		}
		built.Least, built.Mean, built.Methods = c.within(all)
		answer.Topics = append(answer.Topics, built)
		members = append(members, all)
	}
	for _, keyword := range alone {
		answer.Unclustered = append(answer.Unclustered, c.nearest(keyword, members))
	}
	return answer
}

func (c *clustering) page(group []int) Page {
	var page Page
	page.Least, page.Mean, page.Methods = c.within(group)
	for _, i := range group {
		page.Keywords = append(page.Keywords, c.original[i])
	}
	return page
}

// within returns the least and the mean similarity of all pairs of a group, and the methods behind them.
func (c *clustering) within(group []int) (least, mean float64, methods []Method) {
	used := map[Method]bool{}
	var sum float64
	count := 0
	least = 1
	for at, i := range group {
		for _, j := range group[:at] {
			value, method := c.pair(i, j)
			least, sum, used[method] = min(least, value), sum+value, true
			count++
		}
	}
	for _, method := range []Method{MethodSERP, MethodEmbedding, MethodLexical} {
		if used[method] {
			methods = append(methods, method)
		}
	}
	if count == 0 {
		return 1, 1, methods
	}
	return least, sum / float64(count), methods
}

// nearest returns the topic with the highest mean similarity to a keyword; the earlier topic when two are equal.
func (c *clustering) nearest(keyword int, topics [][]int) Unclustered {
	answer := Unclustered{Keyword: c.original[keyword], Nearest: -1}
	for at, members := range topics {
		var sum float64
		for _, member := range members {
			value, _ := c.pair(keyword, member)
			sum += value
		}
		if mean := sum / float64(len(members)); answer.Nearest < 0 || mean > answer.Similarity {
			answer.Nearest, answer.Similarity = at, mean
		}
	}
	return answer
}
