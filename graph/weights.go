package graph

// dear is the complexity of reading all workflows of an organization: that of a page of a hundred.
const dear = 100

// Weights returns the complexity of arguments and fields that no index serves, by type and name. PostgreSQL reads every
// workflow of the organization for them. An index serves every other filter and order of workflows, calls and entries;
// lists within a workflow are bounded by the workflow. The index of names serves rare texts only.
func Weights() map[string]int {
	return map[string]int{
		"WorkflowFilter.nameContains":   dear,
		"WorkflowFilter.spendAtLeast":   dear,
		"WorkflowFilter.activity":       dear,
		"WorkflowOrderField.SPEND":      dear,
		"WorkflowConnection.totalCount": dear / 5, // Kept sums, or an index, answer most counts.
	}
}
