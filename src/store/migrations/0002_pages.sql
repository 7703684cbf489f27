-- Policies that stand on several pages, and notes on checks that went well.

-- What whoever configured the watch must know although the policy was seen.
ALTER TABLE checks ADD COLUMN note TEXT;
-- The page as configured then, where the watch has several; none: all of them, or the only one.
ALTER TABLE checks ADD COLUMN page TEXT;
-- The check of all pages that this one is a part of.
ALTER TABLE checks ADD COLUMN whole_id INTEGER REFERENCES checks (id) CHECK (whole_id IS NULL OR page IS NOT NULL);
CREATE INDEX checks_whole_id_idx ON checks (whole_id) WHERE whole_id IS NOT NULL;

-- The snapshots that a version of several pages was read from; `versions` has the newest.
CREATE TABLE version_pages (
    version_id  INTEGER NOT NULL REFERENCES versions (id) ON DELETE CASCADE,
    position    INTEGER NOT NULL CHECK (position > 0),       -- in the order of the pages
    snapshot_id INTEGER NOT NULL REFERENCES snapshots (id),
    PRIMARY KEY (version_id, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX version_pages_snapshot_id_idx ON version_pages (snapshot_id);
