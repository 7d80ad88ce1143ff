//! What each metric means: the HELP lines of `/metrics`.

use metrics::{describe_counter, describe_gauge, describe_histogram};

/// Every gauge of the node and of what it is made of.
const GAUGES: &[(&str, &str)] = &[
    ("wavetank_batcher_queued", "Calls that wait for their batch."),
    ("wavetank_batcher_running", "Batches in flight."),
    ("wavetank_breaker_state", "0 closed, 1 open, 2 half-open, 3 isolated."),
    ("wavetank_cache_entries", "Values that are kept."),
    ("wavetank_cache_loading", "Values that are being loaded."),
    ("wavetank_dependency_up", "1 up, 0.5 degraded, 0 down."),
    ("wavetank_gather_running", "Futures in flight."),
    ("wavetank_limiter_capacity", "Highest weight of the window, or highest value of the counter."),
    ("wavetank_limiter_paused_seconds", "Time for which nothing passes because the venue said so."),
    ("wavetank_limiter_used", "Weight within the window, or the counter's value."),
    ("wavetank_limiter_waiting", "Requests that wait for their turn."),
    ("wavetank_node_state", "1 for the state of the whole, 0 for the others."),
    ("wavetank_orders_working", "Orders that may still change."),
    ("wavetank_pool_connections", "HTTP connections, by state."),
    ("wavetank_pool_permits", "Places on the wire that are taken."),
    ("wavetank_pool_waiting", "Requests that wait for a place on the wire."),
    ("wavetank_sink_buffered_points", "Points that wait to be written."),
    ("wavetank_tasks_running", "Tasks that run now."),
    ("wavetank_uptime_seconds", "Time since the start of the node."),
];

/// Every counter.
const COUNTERS: &[(&str, &str)] = &[
    ("wavetank_batcher_batches_total", "Batches, by how they ended."),
    ("wavetank_batcher_calls_total", "Calls, by how they were answered."),
    ("wavetank_breaker_alerts_total", "Times that the breaker tripped repeatedly in a while."),
    ("wavetank_breaker_events_lost_total", "Changes that were not told: a sink was too slow."),
    ("wavetank_breaker_probes_cancelled_total", "Probes whose caller went away."),
    ("wavetank_breaker_probes_expired_total", "Probes that were given up."),
    ("wavetank_breaker_rejected_total", "Calls that were not let through."),
    ("wavetank_breaker_stale_results_total", "Outcomes that came too late to count."),
    ("wavetank_breaker_trips_total", "Times that failures opened the breaker."),
    ("wavetank_cache_evicted_total", "Values that had to make room."),
    ("wavetank_cache_loads_total", "Loads, by how they ended."),
    ("wavetank_cache_lookups_total", "Look-ups, by what they found."),
    ("wavetank_fills_total", "Executions of our orders."),
    ("wavetank_gather_futures_total", "Futures, by how they ended."),
    ("wavetank_lane_attempts_total", "Attempts that were sent."),
    ("wavetank_lane_calls_total", "Calls made, each with one attempt or more."),
    ("wavetank_lane_retries_denied_total", "Retries that the budget did not allow."),
    ("wavetank_lane_retries_total", "Retries made."),
    ("wavetank_lane_timeouts_total", "Attempts without an answer in time."),
    ("wavetank_limiter_refused_total", "Requests that were not let through in time."),
    ("wavetank_orders_total", "Orders that the strategy wanted and the limits let pass."),
    ("wavetank_pool_dialled_total", "HTTP connections that were opened."),
    ("wavetank_pool_refused_total", "Requests that waited for a place on the wire in vain."),
    ("wavetank_pool_reused_total", "Requests over a connection that was open already."),
    ("wavetank_sink_points_total", "Points, by what became of them."),
    ("wavetank_tasks_ended_total", "Tasks that have ended, by how."),
];

/// Every histogram.
const HISTOGRAMS: &[(&str, &str)] = &[
    ("wavetank_lane_attempt_duration_seconds", "Time from the send of an attempt to its end."),
    ("wavetank_task_duration_seconds", "Time from the start of a task to its end."),
];

/// Tells the recorder of the moment what each metric means.
pub(crate) fn describe() {
    for &(name, help) in GAUGES {
        describe_gauge!(name, help);
    }
    for &(name, help) in COUNTERS {
        describe_counter!(name, help);
    }
    for &(name, help) in HISTOGRAMS {
        describe_histogram!(name, help);
    }
}
