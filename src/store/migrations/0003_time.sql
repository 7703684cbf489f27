-- Pages that alternate between texts, and changes that a second look confirms.

-- Whether the change is a return to an earlier text, of which kind (as the change itself says).
ALTER TABLE changes ADD COLUMN return_kind TEXT CHECK (return_kind IN ('flapping', 'edition', 'rollback'));

-- When a server said last that nothing changed is asked for by watch and moment.
CREATE INDEX checks_unmodified_idx ON checks (watch_id, recorded_at) WHERE outcome = 'unmodified';

-- Changes that are told only once a second look has found them again. Facts: a row is
-- written with the check that saw the change first, and settled once.
CREATE TABLE confirmations (
    check_id      INTEGER PRIMARY KEY REFERENCES checks (id),    -- the first to see this text
    watch_id      INTEGER NOT NULL REFERENCES watches (id),
    snapshot_id   INTEGER NOT NULL REFERENCES snapshots (id),    -- what the version of this text cites
    base_id       INTEGER NOT NULL REFERENCES snapshots (id),    -- what the version before the change cites
    first_seen_at TEXT NOT NULL CHECK (first_seen_at GLOB '????-??-??T??:??:??.???Z'), -- that base gone
    looks         INTEGER NOT NULL CHECK (looks > 0),            -- that saw another text than the base
    alerts        TEXT NOT NULL,                                 -- JSON: the words, whatever we read later
    -- state
    due_at        TEXT NOT NULL CHECK (due_at GLOB '????-??-??T??:??:??.???Z'),
    state         TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'confirmed', 'withdrawn', 'replaced')),
    settled_by    INTEGER REFERENCES checks (id),
    CHECK ((settled_by IS NULL) = (state = 'pending'))
) STRICT;
CREATE UNIQUE INDEX confirmations_pending_idx ON confirmations (watch_id) WHERE state = 'pending'; -- one a watch
