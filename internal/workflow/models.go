package workflow

// Models are the models that the automatic steps ask, each list in the order of preference.
type Models struct {
	// Common are those of every step behind the first; openai/gpt-4o-mini when empty.
	Common []string
	// Own are those of single steps instead. Without its own the first step asks perplexity/sonar, which reads the web,
	// and then its substitute openai/gpt-4o-mini.
	Own map[StepKey][]string
}

// Of returns the models of a step.
func (m Models) Of(step StepKey) []string {
	own := m.Own[step]
	switch {
	case len(own) > 0:
		return own
	case step == StepICP:
		return []string{"perplexity/sonar", "openai/gpt-4o-mini"}
	case len(m.Common) > 0:
		return m.Common
	}
	return []string{"openai/gpt-4o-mini"}
}
