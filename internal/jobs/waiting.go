package jobs

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// countWaiting counts by state what is not done yet; River keeps an index that begins with the state.
const countWaiting = `
SELECT s.state, count(j.id), coalesce(extract(epoch FROM clock_timestamp() - min(j.scheduled_at)), 0)::float8
FROM (VALUES ('available'), ('pending'), ('retryable'), ('running'), ('scheduled')) AS s (state)
LEFT JOIN river.river_job AS j ON j.state = s.state::river.river_job_state
GROUP BY s.state
ORDER BY s.state`

// Waiting returns how many jobs there are in each state that is not the end, of all servers, and how long the oldest of
// those has been waiting that could be worked.
func Waiting(ctx context.Context, pool *pgxpool.Pool) (jobs map[string]int64, oldest time.Duration, err error) {
	rows, err := pool.Query(ctx, countWaiting)
	if err != nil {
		return nil, 0, fmt.Errorf("count the jobs that wait: %w", err)
	}
	defer rows.Close()
	jobs = map[string]int64{}
	for rows.Next() {
		var state string
		var count int64
		var seconds float64
		if err := rows.Scan(&state, &count, &seconds); err != nil {
			return nil, 0, fmt.Errorf("count the jobs that wait: %w", err)
		}
		if jobs[state] = count; state == "available" {
			oldest = max(0, time.Duration(seconds*float64(time.Second)))
		}
	}
	if err := rows.Err(); err != nil {
		return nil, 0, fmt.Errorf("count the jobs that wait: %w", err)
	}
	return jobs, oldest, nil
}
