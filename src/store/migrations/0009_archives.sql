-- Archives of a watch's own, what became of captures that they were asked for, and how alike a
-- text is after a move.

-- Of a move: how alike the text there is to the last one before, 0 to 1; none: not compared.
ALTER TABLE traces ADD COLUMN alike REAL CHECK (alike BETWEEN 0 AND 1);

-- The same table with an archive for each errand, and a kind more.
CREATE TABLE errands_of_archives (
    id         INTEGER PRIMARY KEY,
    watch_id   INTEGER NOT NULL REFERENCES watches (id),
    check_id   INTEGER NOT NULL REFERENCES checks (id), -- that found it
    kind       TEXT NOT NULL CHECK (kind IN ('save', 'narrow', 'look')),
    archive    TEXT NOT NULL DEFAULT 'wayback',         -- its name in the configuration
    url        TEXT NOT NULL,
    created_at TEXT NOT NULL CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
    -- state
    state      TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'done', 'given_up')),
    due_at     TEXT NOT NULL CHECK (due_at GLOB '????-??-??T??:??:??.???Z'), -- also the end of a claim
    attempts   INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0), -- counted when claimed
    job        TEXT,                                    -- the archive's number for it; of a look, the 14 digits
    result     TEXT,                                    -- what came of it, in words
    UNIQUE (check_id, kind, url, archive)
) STRICT;
INSERT INTO errands_of_archives (id, watch_id, check_id, kind, url, created_at, state, due_at, attempts, job, result)
    SELECT id, watch_id, check_id, kind, url, created_at, state, due_at, attempts, job, result FROM errands;
DROP TABLE errands;
ALTER TABLE errands_of_archives RENAME TO errands;
CREATE INDEX errands_due_at_idx ON errands (due_at) WHERE state = 'pending';
CREATE INDEX errands_watch_id_idx ON errands (watch_id);
