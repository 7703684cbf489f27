-- Lines of an archive's index that were left out.

-- How many lines of the last reading are of no moment at which an archive can have captured anything.
ALTER TABLE listings ADD COLUMN untimely INTEGER NOT NULL DEFAULT 0 CHECK (untimely >= 0);
