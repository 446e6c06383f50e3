package jobs

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// countWaiting counts the jobs that have not ended, by state. River has an index that begins with the state.
const countWaiting = `
SELECT s.state, count(j.id), coalesce(extract(epoch FROM clock_timestamp() - min(j.scheduled_at)), 0)::float8
FROM (VALUES ('available'), ('pending'), ('retryable'), ('running'), ('scheduled')) AS s (state)
LEFT JOIN river.river_job AS j ON j.state = s.state::river.river_job_state
GROUP BY s.state
ORDER BY s.state`

// Waiting returns the number of jobs in each state that is not final, over all servers, and the time that the oldest
// available job has waited.
func Waiting(ctx context.Context, pool *pgxpool.Pool) (jobs map[string]int64, oldest time.Duration, err error) {
	rows, err := pool.Query(ctx, countWaiting)
	if err != nil {
		return nil, 0, fmt.Errorf("count the waiting jobs: %w", err)
	}
	defer rows.Close()
	jobs = map[string]int64{}
	for rows.Next() {
		var state string
		var count int64
		var seconds float64
		if err := rows.Scan(&state, &count, &seconds); err != nil {
			return nil, 0, fmt.Errorf("count the waiting jobs: %w", err)
		}
		if jobs[state] = count; state == "available" {
			oldest = max(0, time.Duration(seconds*float64(time.Second)))
		}
	}
	if err := rows.Err(); err != nil {
		return nil, 0, fmt.Errorf("count the waiting jobs: %w", err)
	}
	return jobs, oldest, nil
}
