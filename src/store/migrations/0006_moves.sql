-- Where policies went, or may have gone.

-- Facts: a row is written with the check that saw a redirect, with the search that a check
-- called for, or with the word of whoever runs this. What was decided last is in force.
CREATE TABLE moves (
    id         INTEGER PRIMARY KEY,
    watch_id   INTEGER NOT NULL REFERENCES watches (id),
    check_id   INTEGER REFERENCES checks (id),       -- what saw it or called for it; none: an operator's word
    found_at   TEXT NOT NULL CHECK (found_at GLOB '????-??-??T??:??:??.???Z'),
    configured TEXT NOT NULL,                        -- the address in the configuration then: it speaks of that one only
    url        TEXT NOT NULL,                        -- where the policy is, or may be
    way        TEXT NOT NULL CHECK (way IN ('redirect', 'canonical', 'link', 'path', 'operator')),
    alike      REAL CHECK (alike BETWEEN 0 AND 1),   -- to the last version; none: nothing to compare with
    state      TEXT NOT NULL CHECK (state IN ('proposed', 'different', 'followed', 'accepted'))
) STRICT;
CREATE INDEX moves_watch_id_idx ON moves (watch_id);

-- state: the check that saw that the policy is not where it was, until it is seen again.
ALTER TABLE watches ADD COLUMN lost_by INTEGER REFERENCES checks (id);
-- state: when the policy was searched for last.
ALTER TABLE watches ADD COLUMN sought_at TEXT CHECK (sought_at GLOB '????-??-??T??:??:??.???Z');
