/** A tab is the present one only with its own search part: the address of the first tab has none, so that each other one has more. */
export const tabOptions = { exact: true, includeSearch: true, explicitUndefined: true } as const
