-- Facts first: watches, checks, bodies, snapshots, deliveries. They are never
-- rewritten (but for the state columns named so) and refer only to facts.
-- Then readings: versions and changes. They can be rebuilt from snapshots.
-- Every moment is fixed-width RFC 3339 UTC text, so that text order is time order.

CREATE TABLE watches (
    id                   INTEGER PRIMARY KEY,
    name                 TEXT NOT NULL UNIQUE,       -- as configured
    url                  TEXT NOT NULL,              -- as last configured
    service              TEXT NOT NULL,              -- as last configured
    schedule             TEXT,                       -- as last configured; none: known by an import only
    created_at           TEXT NOT NULL CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
    -- state
    configured_at        TEXT CHECK (configured_at GLOB '????-??-??T??:??:??.???Z'), -- none: known by an import only
    retired_at           TEXT CHECK (retired_at GLOB '????-??-??T??:??:??.???Z'),
    next_check_at        TEXT CHECK (next_check_at GLOB '????-??-??T??:??:??.???Z'),
    last_success_at      TEXT CHECK (last_success_at GLOB '????-??-??T??:??:??.???Z'),
    consecutive_failures INTEGER NOT NULL DEFAULT 0 CHECK (consecutive_failures >= 0),
    CHECK ((schedule IS NULL) = (configured_at IS NULL)),
    -- only what the configuration has is due
    CHECK (next_check_at IS NULL OR (configured_at IS NOT NULL AND retired_at IS NULL))
) STRICT;
CREATE INDEX watches_next_check_at_idx ON watches (next_check_at) WHERE next_check_at IS NOT NULL;

CREATE TABLE checks (
    id          INTEGER PRIMARY KEY,
    watch_id    INTEGER NOT NULL REFERENCES watches (id),
    recorded_at TEXT NOT NULL CHECK (recorded_at GLOB '????-??-??T??:??:??.???Z'),
    outcome     TEXT NOT NULL CHECK (outcome IN
                ('first', 'unmodified', 'unchanged', 'changed', 'unreadable', 'unreachable', 'broken')),
    why         TEXT,                                -- what went wrong, in words
    CHECK ((why IS NULL) = (outcome IN ('first', 'unmodified', 'unchanged', 'changed')))
) STRICT;
CREATE INDEX checks_watch_id_idx ON checks (watch_id);

CREATE TABLE bodies (
    id      INTEGER PRIMARY KEY,
    digest  BLOB NOT NULL UNIQUE CHECK (length(digest) = 32), -- SHA-256 of the bytes as served
    size    INTEGER NOT NULL CHECK (size >= 0),               -- of the bytes as served
    base_id INTEGER REFERENCES bodies (id),                   -- what `data` is a difference to
    depth   INTEGER NOT NULL,                                 -- how many bases lie behind it
    data    BLOB NOT NULL,                                    -- one zstd frame, its prefix the base
    CHECK ((base_id IS NULL) = (depth = 0))
) STRICT;

CREATE TABLE snapshots (
    id           INTEGER PRIMARY KEY REFERENCES checks (id), -- a snapshot bears the number of its check
    watch_id     INTEGER NOT NULL REFERENCES watches (id),
    captured_at  TEXT NOT NULL CHECK (captured_at GLOB '????-??-??T??:??:??.???Z'),
    origin       TEXT NOT NULL CHECK (origin IN ('live', 'wayback', 'warc', 'file')),
    body_id      INTEGER NOT NULL REFERENCES bodies (id),
    head_base_id INTEGER REFERENCES snapshots (id),          -- whose head `head` is a difference to
    head         BLOB NOT NULL                               -- URLs, status, headers, hops, origin: JSON, zstd
) STRICT;
CREATE INDEX snapshots_watch_id_captured_at_idx ON snapshots (watch_id, captured_at);

CREATE TABLE deliveries (
    number       INTEGER PRIMARY KEY,                -- in the order of their making
    id           TEXT NOT NULL UNIQUE,               -- derived from the facts: the same alert is one delivery
    check_id     INTEGER REFERENCES checks (id),     -- none: a test message
    channel      TEXT NOT NULL,
    created_at   TEXT NOT NULL CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
    -- state
    state        TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'dead')),
    attempts     INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0), -- counted when claimed: a crash counts
    due_at       TEXT NOT NULL CHECK (due_at GLOB '????-??-??T??:??:??.???Z'), -- also the end of a claim
    last_error   TEXT,
    delivered_at TEXT CHECK (delivered_at GLOB '????-??-??T??:??:??.???Z'),
    body         TEXT NOT NULL,                      -- the words sent, whatever we read later
    UNIQUE (check_id, channel),                      -- a check speaks once to each channel
    CHECK ((delivered_at IS NULL) = (state <> 'delivered'))
) STRICT;
CREATE INDEX deliveries_due_at_idx ON deliveries (due_at) WHERE state = 'pending';

CREATE TABLE versions (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,   -- never used twice: who holds an old one must notice
    watch_id    INTEGER NOT NULL REFERENCES watches (id),
    number      INTEGER NOT NULL CHECK (number > 0), -- in the order of captured_at
    snapshot_id INTEGER NOT NULL REFERENCES snapshots (id),
    recorded_at TEXT NOT NULL CHECK (recorded_at GLOB '????-??-??T??:??:??.???Z'),
    digest      BLOB NOT NULL CHECK (length(digest) = 32), -- SHA-256 of the text
    revision    INTEGER NOT NULL CHECK (revision >= 0),    -- of the reading code
    selectors   TEXT NOT NULL,                             -- JSON
    cause       TEXT NOT NULL CHECK (cause IN ('first_record', 'publisher', 'technical_upgrade')),
    size        INTEGER NOT NULL CHECK (size >= 0),        -- of the reading as JSON
    base_id     INTEGER REFERENCES versions (id),          -- as in bodies; always an earlier one of the watch
    depth       INTEGER NOT NULL,
    reading     BLOB NOT NULL,                             -- JSON, one zstd frame, its prefix the base
    UNIQUE (watch_id, number),
    CHECK ((base_id IS NULL) = (depth = 0))
) STRICT;
CREATE INDEX versions_snapshot_id_idx ON versions (snapshot_id);
CREATE INDEX versions_base_id_idx ON versions (base_id); -- deleting asks for it

-- What led from the version before (number - 1) to this one, and its judgment.
CREATE TABLE changes (
    version_id  INTEGER PRIMARY KEY REFERENCES versions (id) ON DELETE CASCADE,
    materiality TEXT NOT NULL CHECK (materiality IN ('editorial', 'minor', 'material')),
    severity    INTEGER NOT NULL CHECK (severity BETWEEN 0 AND 3),
    size        INTEGER NOT NULL CHECK (size >= 0),  -- of the change as JSON
    data        BLOB NOT NULL                        -- JSON, one zstd frame, its prefix both readings
) STRICT;
