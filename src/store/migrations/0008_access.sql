-- How a watch's pages are asked for: headers, way and locale. What came of a request of another
-- kind says nothing of whether the page is "as before".

-- 16 bits of a digest: enough to notice a change, too few to find a secret by. Empty: as usual.
ALTER TABLE watches ADD COLUMN asked_as TEXT NOT NULL DEFAULT '' CHECK (asked_as GLOB '' OR asked_as GLOB '[0-9a-f][0-9a-f][0-9a-f][0-9a-f]');
-- When that was configured; none: it never was otherwise.
ALTER TABLE watches ADD COLUMN asked_so_since TEXT CHECK (asked_so_since GLOB '????-??-??T??:??:??.???Z');
