-- The ways that a page was asked for, where the plain request was not all.

-- Facts: what came of each, in the order in which they were tried. The check itself says what
-- stands in the end.
CREATE TABLE attempts (
    check_id INTEGER NOT NULL REFERENCES checks (id),
    position INTEGER NOT NULL CHECK (position > 0),
    rung     TEXT NOT NULL CHECK (rung IN ('plain', 'browser', 'archive')),
    outcome  TEXT NOT NULL CHECK (outcome IN
             ('first', 'unmodified', 'unchanged', 'changed', 'unreadable', 'unreachable', 'broken')),
    why      TEXT,                                   -- what went wrong, in words
    PRIMARY KEY (check_id, position)
) STRICT, WITHOUT ROWID;
