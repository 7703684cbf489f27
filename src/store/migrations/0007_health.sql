-- Policies that have not been seen for long, and statements of what was looked at.

-- The first check in vain since the last good one; none: the last one was good.
ALTER TABLE watches ADD COLUMN failing_since TEXT CHECK (failing_since GLOB '????-??-??T??:??:??.???Z');
UPDATE watches SET failing_since =
    (SELECT min(recorded_at) FROM checks
     WHERE watch_id = watches.id AND whole_id IS NULL AND outcome IN ('unreadable', 'unreachable', 'broken')
       AND recorded_at > coalesce(watches.last_success_at, ''))
WHERE consecutive_failures > 0;

-- Silences that were told. Facts: a row is written with the check in vain that is told, and
-- ended once, with the one that sees the policy again.
CREATE TABLE silences (
    check_id INTEGER PRIMARY KEY REFERENCES checks (id),
    watch_id INTEGER NOT NULL REFERENCES watches (id),
    since    TEXT NOT NULL CHECK (since GLOB '????-??-??T??:??:??.???Z'), -- the first check in vain
    -- state
    ended_by INTEGER REFERENCES checks (id)
) STRICT;
CREATE UNIQUE INDEX silences_open_idx ON silences (watch_id) WHERE ended_by IS NULL; -- one a watch

-- Whom a delivery is about that tells of no change; none where its check says it.
ALTER TABLE deliveries ADD COLUMN watch_id INTEGER REFERENCES watches (id);

-- Periods that a statement of coverage was made for; the first is empty, and begins the next.
CREATE TABLE statements (
    to_at   TEXT PRIMARY KEY CHECK (to_at GLOB '????-??-??T??:??:??.???Z'),
    from_at TEXT NOT NULL CHECK (from_at GLOB '????-??-??T??:??:??.???Z' AND from_at <= to_at)
) STRICT;
