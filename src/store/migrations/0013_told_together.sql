-- Who would be told of a watch, and when: for what several watches of a host have to say at once.

-- The names of its channels, as a JSON list; none: no configuration was put in force since.
ALTER TABLE watches ADD COLUMN notify TEXT CHECK (json_valid(notify));
-- For how many seconds looks may be in vain; none: nobody is told, or it is not known yet.
ALTER TABLE watches ADD COLUMN stale_after INTEGER CHECK (stale_after > 0);
