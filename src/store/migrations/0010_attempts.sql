-- What kept a way of asking from the page, as a word: what is decided by it must not hang on
-- the words for people.

-- The kind of the failure where nothing was served; none: something was, or it was recorded before.
ALTER TABLE attempts ADD COLUMN kind TEXT CHECK (kind IS NULL OR outcome = 'unreachable');
UPDATE attempts SET kind = 'archive_busy' WHERE rung = 'archive' AND outcome = 'unreachable' AND why LIKE 'not asked:%';
