-- When the configuration ended what was said of where a policy went.

-- Facts: a row is written when a configuration is put in force that does not name an address any
-- more of which a move was followed or waited for a decision.
CREATE TABLE move_ends (
    id         INTEGER PRIMARY KEY,
    watch_id   INTEGER NOT NULL REFERENCES watches (id),
    ended_at   TEXT NOT NULL CHECK (ended_at GLOB '????-??-??T??:??:??.???Z'),
    configured TEXT NOT NULL,                        -- the address that those moves speak of
    url        TEXT                                  -- what is named in its place; none: it was taken out
) STRICT;
CREATE INDEX move_ends_watch_id_idx ON move_ends (watch_id);
