-- Web archives over the network: how often they are asked, what they list, what was taken.

-- How an archive is to be treated: by all processes alike, and after a restart too.
CREATE TABLE archive_pace (
    host        TEXT NOT NULL,
    class       TEXT NOT NULL CHECK (class IN ('host', 'index', 'capture', 'save')), -- 'host': of any class
    -- state
    next_at     TEXT CHECK (next_at GLOB '????-??-??T??:??:??.???Z'),     -- no request before
    quiet_until TEXT CHECK (quiet_until GLOB '????-??-??T??:??:??.???Z'), -- nothing at all before
    cause       TEXT CHECK (cause IN ('rate_limited', 'refused', 'turned_away', 'failing')), -- what went wrong last
    strikes     INTEGER NOT NULL DEFAULT 0 CHECK (strikes >= 0),          -- how often in a row
    slow_until  TEXT CHECK (slow_until GLOB '????-??-??T??:??:??.???Z'),  -- half as often until then
    PRIMARY KEY (host, class)
) STRICT, WITHOUT ROWID;

-- What an archive's index says of a page.
CREATE TABLE listings (
    id       INTEGER PRIMARY KEY,
    archive  TEXT NOT NULL,                            -- its address
    url      TEXT NOT NULL,                            -- of the page, as configured
    -- state
    cursor   TEXT,                                     -- the 14 digits to go on from; none: nothing is under way
    begun_at TEXT CHECK (begun_at GLOB '????-??-??T??:??:??.???Z'), -- of what is under way
    is_whole INTEGER NOT NULL DEFAULT 0 CHECK (is_whole IN (0, 1)), -- whether that is all of it
    whole_at TEXT CHECK (whole_at GLOB '????-??-??T??:??:??.???Z'), -- when all of it was read last
    fresh_at TEXT CHECK (fresh_at GLOB '????-??-??T??:??:??.???Z'), -- when its end was
    UNIQUE (archive, url)
) STRICT;

-- Its lines. Facts: what the archive lists once is kept, even if it lists it no more.
CREATE TABLE captures (
    id          INTEGER PRIMARY KEY,
    listing_id  INTEGER NOT NULL REFERENCES listings (id),
    timestamp   TEXT NOT NULL,                         -- 14 digits as given, sound or not
    captured_at TEXT NOT NULL CHECK (captured_at GLOB '????-??-??T??:??:??.???Z'),
    original    TEXT NOT NULL,
    media_type  TEXT NOT NULL,
    status      INTEGER,
    digest      TEXT NOT NULL,                         -- '-': not given
    memento     TEXT,                                  -- where it is, if that does not follow from the archive
    -- state
    tries       INTEGER NOT NULL DEFAULT 0 CHECK (tries >= 0), -- that did not give it
    retry_at    TEXT CHECK (retry_at GLOB '????-??-??T??:??:??.???Z'), -- not tried before
    why         TEXT,                                  -- what the last try met
    UNIQUE (listing_id, timestamp, original, digest)   -- an archive may hold two in one second
) STRICT;

-- Where a page went, by its captures.
CREATE TABLE traces (
    listing_id INTEGER PRIMARY KEY REFERENCES listings (id),
    since      TEXT NOT NULL CHECK (since GLOB '????-??-??T??:??:??.???Z'),
    kind       TEXT NOT NULL CHECK (kind IN ('gone', 'moved', 'alias')), -- alias: the same page, spelt otherwise
    target     TEXT,                                   -- where a redirect leads
    memento    TEXT,                                   -- the capture that says so
    CHECK ((target IS NULL) = (kind = 'gone'))
) STRICT;

-- What the heads of snapshots say of mementos, to be asked for without reading them.
-- Readings: it can be written again from those.
CREATE TABLE mementos (
    snapshot_id INTEGER PRIMARY KEY REFERENCES snapshots (id),
    watch_id    INTEGER NOT NULL REFERENCES watches (id),
    url         TEXT NOT NULL,                         -- of the memento asked for
    digest      TEXT,                                  -- by the archive's index
    text        BLOB CHECK (length(text) = 32)         -- SHA-256 of what it says; none: not the policy, or unknown
) STRICT;
CREATE INDEX mementos_watch_id_idx ON mementos (watch_id, url);

-- Whether captures are on record that have no place in the history yet.
ALTER TABLE watches ADD COLUMN unplaced INTEGER NOT NULL DEFAULT 0 CHECK (unplaced IN (0, 1));

-- What is to be done at an archive because a live check found a change, off the alert's way.
CREATE TABLE errands (
    id         INTEGER PRIMARY KEY,
    watch_id   INTEGER NOT NULL REFERENCES watches (id),
    check_id   INTEGER NOT NULL REFERENCES checks (id), -- that found it
    kind       TEXT NOT NULL CHECK (kind IN ('save', 'narrow')),
    url        TEXT NOT NULL,
    created_at TEXT NOT NULL CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
    -- state
    state      TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'done', 'given_up')),
    due_at     TEXT NOT NULL CHECK (due_at GLOB '????-??-??T??:??:??.???Z'), -- also the end of a claim
    attempts   INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0), -- counted when claimed
    job        TEXT,                                    -- the archive's number for it, while it works
    result     TEXT,                                    -- what came of it, in words
    UNIQUE (check_id, kind, url)
) STRICT;
CREATE INDEX errands_due_at_idx ON errands (due_at) WHERE state = 'pending';
